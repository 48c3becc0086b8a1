"""What an execution wants of the world, as data, and what the world answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from labcloud.stepfunctions.language.resources import Target


@dataclass(frozen=True)
class Call:
    """A task: to be answered by Run.answer with the same strand and token."""

    strand: int
    token: int
    state: str
    target: Target
    parameters: Any


@dataclass(frozen=True)
class Ring:
    """A timer of the lab clock: Run.ring is to be called then."""

    strand: int
    token: int
    at_s: float


@dataclass(frozen=True)
class Deadline:
    """A timer for the execution as a whole: Run.expire is to be called then."""

    at_s: float


Effect = Call | Ring | Deadline


@dataclass(frozen=True)
class Done:
    """A task's result."""

    value: Any


@dataclass(frozen=True)
class Failed:
    """A task's error; `cause` may not be known."""

    error: str
    cause: str | None


Outcome = Done | Failed
