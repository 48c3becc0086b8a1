"""How CloudFormation refuses a template, and how a resource fails."""

from __future__ import annotations

from labcloud.errors import AwsError


def invalid(message: str) -> AwsError:
    """A ValidationError."""
    return AwsError(message, code="ValidationError")


class ResourceFailed(Exception):
    """A resource could not be made, changed or deleted; the message is the event's reason."""
