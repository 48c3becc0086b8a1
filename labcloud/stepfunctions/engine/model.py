"""An execution as data: what it was started with, where it stands, what has happened. Kept as it is (pickled)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from labcloud.api import Scope

ROOT = 0
"""The number of the strand that is the execution itself."""


@dataclass
class Sleep:
    """A strand waits for a time: the end of a Wait, or the moment of a retry."""

    until_s: float
    retry: bool


@dataclass
class Asked:
    """A strand waits for a task's answer, at most until `deadline_s`."""

    parameters: Any
    deadline_s: float | None


@dataclass
class Family:
    """A strand waits for the strands of its branches or items."""

    inputs: list[Any]
    at_once: int
    begun: int = 0
    results: dict[int, Any] = field(default_factory=dict)


@dataclass
class Strand:
    """One line of states: the execution itself, a branch of a Parallel, or an item of a Map."""

    number: int
    path: tuple[Any, ...]
    """Where its machine is in the definition."""
    state: str
    raw: Any
    """The present state's input as it came."""
    parent: int | None = None
    index: int = 0
    item: dict[str, Any] | None = None
    """What $$.Map.Item gives."""
    previous_event: int = 0
    entered_event: int = 0
    entered_s: float = 0.0
    given: Any = None
    """What the present state works on: after InputPath and Parameters."""
    retries: dict[int, int] = field(default_factory=dict)
    """By the retrier's number."""
    token: int = 0
    """Changes whenever it waits anew; an answer with an old one comes too late."""
    wait: Sleep | Asked | Family | None = None


@dataclass
class Execution:
    """Changed only by a Run."""

    scope: Scope
    arn: str
    name: str
    machine_arn: str
    """Without a version or an alias."""
    machine_name: str
    definition: str
    role_arn: str
    input: str
    start_s: float
    express: bool = False
    logging: Mapping[str, Any] = field(default_factory=dict)
    """The API's LoggingConfiguration."""
    events_logged: int = 0
    version_arn: str | None = None
    alias_arn: str | None = None
    status: str = "RUNNING"
    stop_s: float | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    """As GetExecutionHistory gives them, but timestamps are epoch seconds."""
    events_kept: int = 0
    """How many of them are written to the state file, or marked to be."""
    history_chars: int = 0
    """How much the events hold."""
    strands: dict[int, Strand] = field(default_factory=dict)
    strands_made: int = 0
    tokens_made: int = 0

    @property
    def running(self) -> bool:
        return self.status == "RUNNING"
