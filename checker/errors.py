"""Expected errors: each becomes one message at the edge of the kit, never a stack trace."""

from __future__ import annotations


class LabError(Exception):
    """What went wrong in the reader's words, and the next thing to do. Ends the command with `exit_code`."""

    exit_code = 3

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message}\n  next  {self.next_step}" if self.next_step else self.message


class UsageProblem(LabError):
    """The command was called in a way that it does not understand."""

    exit_code = 2


class LearnerProblem(LabError):
    """The workspace is not right; the kit is."""

    exit_code = 1


class TargetDown(LabError):
    """AWS, or the cloud that stands for it, does not answer."""


class TargetLacks(LabError):
    """The cloud does not serve what the workspace asks for: its gap, not the learner's."""


class ToolMissing(LabError):
    """A program that the kit needs is not installed."""
