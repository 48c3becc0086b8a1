"""Timestream's errors, one class per AWS error code. Messages are AWS's where public reports quote them."""

from __future__ import annotations

from typing import Any

from labcloud.errors import AwsError


class ValidationException(AwsError):
    code = "ValidationException"


class ResourceNotFoundException(AwsError):
    code = "ResourceNotFoundException"
    status = 404


class ConflictException(AwsError):
    code = "ConflictException"
    status = 409


class ServiceQuotaExceededException(AwsError):
    code = "ServiceQuotaExceededException"
    status = 402


class DamagedState(AwsError):
    """What the cloud kept cannot be read; never retried, and nothing is lost by asking again."""

    code = "InternalServerException"
    status = 501


class QueryExecutionException(AwsError):
    """The query was valid and failed while it ran."""

    code = "QueryExecutionException"


class RejectedRecordsException(AwsError):
    """Some records of a WriteRecords call were not written; the others were. Status 419 as public reports show."""

    code = "RejectedRecordsException"
    status = 419

    def __init__(self, rejected: list[dict[str, Any]]) -> None:
        super().__init__(
            "One or more records have been rejected. See RejectedRecords for details.", RejectedRecords=rejected
        )
        self.rejected = rejected


class QueryError(ValidationException):
    """A query that is grammatical and wrong: "line 1:8: Column 'x' does not exist"."""

    def __init__(self, at: tuple[int, int], problem: str) -> None:
        super().__init__(f"line {at[0]}:{at[1]}: {problem}")


class QuerySyntaxError(ValidationException):
    """A query that does not follow the grammar; the service's sentence, and after it what was expected."""

    def __init__(self, at: tuple[int, int], problem: str) -> None:
        super().__init__(f"The query syntax is invalid at line {at[0]}:{at[1]}: {problem}")
