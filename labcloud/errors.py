"""The one error that a service raises towards its caller, which the gateway writes in the service's wire format; and
what a service hears that acts through a role which may not.
"""

from __future__ import annotations


class AwsError(Exception):
    """An AWS error: `code` as AWS spells it, a message in AWS's words where they are known, the HTTP status.

    `fields` are further members of the error's shape (for example `RejectedRecords`).
    """

    code = "InternalFailure"
    status = 400

    def __init__(self, message: str, *, code: str | None = None, status: int | None = None, **fields: object) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.status = status or type(self).status
        self.fields = fields

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class AccessDenied(AwsError):
    """The caller's policies do not allow the operation."""

    code = "AccessDeniedException"
    status = 403


class NotAuthentic(AwsError):
    """A request does not come from whom it says. The code is JSON services'; the gateway says it as the service does."""

    code = "UnrecognizedClientException"
    status = 403


class NotServed(AwsError):
    """The local cloud does not serve this operation. Never retried by the SDKs: status 501."""

    code = "NotImplementedException"
    status = 501


class Refused(Exception):
    """A role may not do what a service asks on its behalf; `missing` is the permission."""

    def __init__(self, reason: str, message: str, missing: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.missing = missing
