"""How a query fails: at once (InvalidRequestException), or when it runs (the reason of its state FAILED)."""

from __future__ import annotations

from labcloud.errors import AwsError


class QueryFailed(Exception):
    """The message begins with the error's name in capitals, as Athena's engine version 3 writes it."""


def invalid(message: str, code: str = "MALFORMED_QUERY") -> AwsError:
    """A query that does not start."""
    return AwsError(message, code="InvalidRequestException", AthenaErrorCode=code)
