"""The one error that a service raises towards its caller; the gateway writes it in the service's wire format."""

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


class NotServed(AwsError):
    """The local cloud does not serve this operation. Never retried by the SDKs: status 501."""

    code = "NotImplementedException"
    status = 501
