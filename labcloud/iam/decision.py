"""What an evaluation returns: the verdict, what is missing, what decided, and a sentence for learners."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


class Cause(Enum):
    """Why a request was refused; `ALLOWED` if it was not."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicit deny"
    NO_ALLOW = "no allow"
    TRUST = "trust"


class Missing(NamedTuple):
    """The permission that would have been needed."""

    action: str
    resource: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on one request."""

    allowed: bool
    cause: Cause
    layer: str
    """Which kind of policy decided: identity-based, resource-based, permissions boundary, session, trust, IoT."""
    decided_by: str | None
    """The policy and statement that decided, if one did."""
    missing: Missing | None
    explain: Callable[[], str]

    @property
    def reason(self) -> str:
        """A sentence for learners; built when it is read, for most decisions are never shown."""
        return self.explain()

    def __repr__(self) -> str:
        return f"Decision({'allowed' if self.allowed else 'refused'}: {self.reason})"
