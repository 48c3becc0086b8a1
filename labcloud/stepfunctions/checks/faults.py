"""Diagnostics, and what checks have to know of the API. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

SCHEMA = "SCHEMA_VALIDATION_FAILED"
MISSING_TARGET = "MISSING_TRANSITION_TARGET"
OURS = "the local cloud does not serve"
"""Says in a message that AWS would take it."""


@dataclass(frozen=True)
class Fault:
    """A diagnostic: its code, AWS's or our sentence, the place as a JSON pointer."""

    code: str
    message: str
    location: str
    served: bool = True
    """False: AWS would take it."""


def schema(message: str, location: str) -> Fault:
    """Something is not as the language wants it."""
    return Fault(SCHEMA, message, location)


def unserved(what: str, location: str) -> Fault:
    """AWS does it, the local cloud does not."""
    return Fault(SCHEMA, f"{OURS} {what}", location, served=False)


def of_language(message: str, location: str) -> Fault:
    """What a parser of paths or calls said."""
    return Fault(SCHEMA, message, location, served=OURS not in message)


class Calls(Protocol):
    """Knows the API that tasks may call."""

    def operation_of(self, service: str, action: str) -> tuple[str, str] | None:
        """(service, operation) for an SDK's names; None: nobody here answers it."""
        ...

    def fields_of(self, service: str, operation: str) -> tuple[frozenset[str], frozenset[str]]:
        """All parameters, and the required ones."""
        ...
