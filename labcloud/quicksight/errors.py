"""QuickSight's errors, by their names in the API."""

from __future__ import annotations

from labcloud.errors import AwsError


class ResourceNotFoundException(AwsError):
    """There is no such thing."""

    code = "ResourceNotFoundException"
    status = 404


class ResourceExistsException(AwsError):
    """The id is taken."""

    code = "ResourceExistsException"
    status = 409


class InvalidParameterValueException(AwsError):
    """A parameter, or what it refers to, is not right."""

    code = "InvalidParameterValueException"
    status = 400


class InvalidNextTokenException(AwsError):
    """A page token that no list gave out."""

    code = "InvalidNextTokenException"
    status = 400


class PreconditionNotMetException(AwsError):
    """Something else has to be done first."""

    code = "PreconditionNotMetException"
    status = 400
