"""A schedule expression that AWS refuses."""

from __future__ import annotations


class ScheduleError(ValueError):
    """`message` is AWS's own, which does not say what is wrong; `reason` does."""

    code = "ValidationException"

    def __init__(self, reason: str, message: str = "Parameter ScheduleExpression is not valid.") -> None:
        super().__init__(f"{message} {reason}")
        self.message = message
        self.reason = reason
