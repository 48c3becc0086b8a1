"""A minute in the life of the house: readings in, the function runs, commands out."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checker.checks.expectation import NotReady
from checker.curriculum.simulating import is_simulating
from checker.verbs.awslambda import Invocation
from checker.verbs.device import Device, Received
from checker.verbs.readings import Reading
from checker.verbs.wait import poll

if TYPE_CHECKING:
    from checker.verbs.lab import Lab

TOPICS = ("AC/AC-1", "AC/AC-2")
COMMAND_WITHIN_S = 5.0
SCHEDULE_WITHIN_S_ON_AWS = 130.0
MINUTE_S = 60.0
QUIET_S = MINUTE_S + 5.0
"""Long enough for the last readings to leave the function's minute."""


REMEDIES = (
    (
        r"iot:Publish on resource: \S+:topic/(?!AC/AC-\d)",
        "the topic in ac_control_lambda/ac_control_lambda.py: AC/AC-<zone>",
    ),
    (
        r"timestream:Select on resource: \S+:database/(?!(\w*)iot/table/\1temperaturesensor\b)",
        "DATABASE_NAME and TABLE_NAME of the function in terraform/lambda.tf",
    ),
    (
        r"MalformedHandlerName|Unable to import module '[^']*/",
        "the handler in terraform/lambda.tf: ac_control_lambda.lambda_handler",
    ),
    (r"AccessDenied|not authorized|Forbidden|Unauthorized", "the permissions of lambda_role in terraform/iam.tf"),
    (r"ImportModuleError", "bin/package_lambda.sh: every module that is imported stands at the root of the zip"),
    (
        r"HandlerNotFound",
        "the handler in terraform/lambda.tf; bin/package_lambda.sh: its module stands at the root of the zip",
    ),
    (r"SyntaxError|IndentationError", "ac_control_lambda/: python3 -m compileall ac_control_lambda shows the line"),
    (r"positional argument", "ac_control_lambda/ac_control_lambda.py: lambda_handler(event, context)"),
    (r"ResourceNotFound|does not exist", "DATABASE_NAME and TABLE_NAME of the function in terraform/lambda.tf"),
    (r"timed out|Timeout", "timeout of aws_lambda_function in terraform/lambda.tf"),
)
"""What an error of the function says, and where to look then."""


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
        elif self.invocation.last_lines:
            lines.append("the function's log:\n" + self.invocation.last_lines)
        return "\n".join(lines)

    def place_to_fix(self, otherwise: str) -> str:
        """Where to look, by the error that the function ended with; without one, the given place."""
        if self.missing:
            return "part 3: lab check 3"
        return next((fix for sign, fix in REMEDIES if re.search(sign, self.error)), otherwise)


def live_a_minute(
    lab: Lab, temperatures: Mapping[int, Sequence[float]], *, by_schedule: bool, page_rows: int | None
) -> Minute:
    """A quiet minute on the target's clock, then these readings, then the function; see Lab.live_a_minute."""
    if is_simulating(lab.workspace):
        raise NotReady(
            "a house is running, and its readings would mix with the check's", fix="stop lab simulate (Ctrl-C)"
        )
    lab.ready_function()
    listener = lab.listen(*TOPICS)
    try:
        lab.target.clock.advance(QUIET_S)
        lab.settle()
        _send_marks(lab, listener)
        begun = len(listener.received)
        sent = [
            lab.publish(value, 2 * zone - 1 + n % 2)
            for zone in temperatures
            for n, value in enumerate(temperatures[zone])
        ]
        answer = lab.timestream.wait_for_readings(*sent) if sent else None
        invocation: Invocation | None = None
        if by_schedule:
            _wait_for_schedule(lab, listener, begun)
        else:
            with _pages_of(lab, page_rows):
                invocation = lab.awslambda.invoke()
        _send_marks(lab, listener)
        commands = commands_by_topic(listener.received[begun:], TOPICS)
    finally:
        listener.close()
    missing = tuple(reading for reading in sent if answer and not answer.of(reading))
    return Minute(commands, invocation, tuple(sent), missing)


def _wait_for_schedule(lab: Lab, listener: Device, begun: int) -> None:
    if lab.target.control is not None:
        lab.target.clock.advance(MINUTE_S)
        lab.target.settle()
    else:
        poll(lambda: listener.received[begun:], within_s=SCHEDULE_WITHIN_S_ON_AWS)


@contextmanager
def _pages_of(lab: Lab, rows: int | None) -> Iterator[None]:
    """Makes Timestream answer in small pages for a while, where the target can do that."""
    if rows is None or lab.target.control is None:
        yield
        return
    before = lab.target.control.set_page_rows(rows)
    try:
        yield
    finally:
        lab.target.control.set_page_rows(before)


def _send_marks(lab: Lab, listener: Device) -> None:
    """Sends a message after all others and waits for it: then the others have arrived."""
    for topic in TOPICS:
        mark = new_mark()
        lab.publish_through_api(topic, json.dumps(mark).encode())
        wait_for_mark(listener, topic, mark)


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


def wait_for_mark(device: Device, topic: str, mark: Mapping[str, str], within_s: float = COMMAND_WITHIN_S) -> bool:
    """Waits until the mark has come back: everything that was sent before it has arrived, too."""
    arrived = device.wait_for(lambda m: m.topic == topic and m.content == mark, within_s)
    return any(m.topic == topic and m.content == mark for m in arrived)
