"""A minute in the life of the house: readings in, the function runs, commands out."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checker.verbs.awslambda import Invocation
from checker.verbs.device import Device, Received
from checker.verbs.readings import Reading

COMMAND_WITHIN_S = 5.0
MINUTE_S = 60.0
QUIET_S = MINUTE_S + 5.0
"""Long enough for the last readings to leave the function's minute."""


@dataclass(frozen=True)
class Minute:
    """What happened: the commands by air conditioner, and how the function ended."""

    commands: Mapping[str, tuple[Any, ...]]
    invocation: Invocation | None
    readings: tuple[Reading, ...]
    missing: tuple[Reading, ...]
    """Readings that did not reach Timestream, so that the function could not see them."""

    def of(self, zone: int) -> tuple[Any, ...]:
        """The contents sent to the air conditioner of a zone."""
        return self.commands[f"AC/AC-{zone}"]

    @property
    def error(self) -> str:
        return self.invocation.error if self.invocation else ""

    @property
    def seen(self) -> str:
        """The commands as text."""
        sent = [
            f"{json.dumps(content)} on {topic}" for topic, contents in self.commands.items() for content in contents
        ]
        return " and ".join(sent) or "no command"

    @property
    def story(self) -> str:
        """Why it went so, as far as it can be seen."""
        lines = [f"{reading} did not reach Timestream" for reading in self.missing[:2]]
        if self.invocation is None:
            return "\n".join(lines)
        if self.invocation.error:
            lines.append(f"the function failed: {self.invocation.error}")
        if self.invocation.log.strip():
            lines.append("the function's log:\n" + self.invocation.last_lines)
        return "\n".join(lines)


def commands_by_topic(received: Sequence[Received], topics: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """What arrived on each topic without the checker's own marks."""
    return {
        topic: tuple(m.content for m in received if m.topic == topic and not is_mark(m.content)) for topic in topics
    }


def is_mark(content: Any) -> bool:
    """Is this one of the checker's own messages?"""
    return isinstance(content, Mapping) and "lab_mark" in content


def new_mark() -> dict[str, str]:
    """A message that the house ignores and the checker recognises."""
    return {"lab_mark": str(uuid.uuid4())}


def encode(mark: Mapping[str, str]) -> bytes:
    return json.dumps(mark).encode()


def wait_for_mark(device: Device, topic: str, mark: Mapping[str, str], within_s: float = COMMAND_WITHIN_S) -> bool:
    """Waits until the mark has come back: everything that was sent before it has arrived, too."""
    arrived = device.wait_for(lambda m: m.topic == topic and m.content == mark, within_s)
    return any(m.topic == topic and m.content == mark for m in arrived)
