"""What Lambda refuses before a function runs: one class for each AWS error code."""

from __future__ import annotations

from labcloud.errors import AwsError


class InvalidParameterValue(AwsError):
    """A package or a setting that CreateFunction or UpdateFunctionCode refuses."""

    code = "InvalidParameterValueException"
    status = 400


class InvalidRequestContent(AwsError):
    """The payload is not JSON."""

    code = "InvalidRequestContentException"
    status = 400


class RequestTooLarge(AwsError):
    """The payload exceeds Lambda's limit."""

    code = "RequestTooLargeException"
    status = 413


class TooManyRequests(AwsError):
    """The function's concurrency is used up."""

    code = "TooManyRequestsException"
    status = 429


class InvalidRuntime(AwsError):
    """The function's runtime cannot be run here."""

    code = "InvalidRuntimeException"
    status = 502


class ServiceFailure(AwsError):
    """The executor itself failed; never the function's fault."""

    code = "ServiceException"
    status = 500
