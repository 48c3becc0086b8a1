"""What Terraform found wrong, with file and line, read from its `-json` messages. Pure."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checker.fast.runs import PROVIDER_LOST
from checker.process import Finished

INIT_REMARK = "Terraform encountered problems during initialisation"


@dataclass(frozen=True)
class Diagnostic:
    """One error or warning of Terraform."""

    severity: str
    summary: str
    detail: str = ""
    filename: str = ""
    line: int = 0
    code: str = ""
    address: str = ""

    @property
    def place(self) -> str:
        """`terraform/iot.tf line 12`, or the resource's address, or nothing."""
        return f"terraform/{self.filename} line {self.line}" if self.filename else self.address

    def render(self) -> str:
        """The message as several lines: what, the line of the file, why."""
        first = f"{self.place}: {self.summary}" if self.place else self.summary
        code = f"    {self.code.strip()}" if self.code.strip() else ""
        return "\n".join(part for part in (first, code, self.detail.strip()) if part)


def parse_diagnostic(raw: Mapping[str, Any]) -> Diagnostic:
    """Reads one diagnostic object (Terraform's machine-readable UI, `type: diagnostic`)."""
    span = part_of(raw, "range")
    return Diagnostic(
        severity=_text_in(raw, "severity", "error"),
        summary=_text_in(raw, "summary"),
        detail=_text_in(raw, "detail"),
        filename=_text_in(span, "filename"),
        line=number_in(part_of(span, "start"), "line"),
        code=_text_in(part_of(raw, "snippet"), "code"),
        address=_text_in(raw, "address"),
    )


def part_of(message: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object in a message; empty if there is none. A provisioner's program can write lines of its own among Terraform's."""
    found = message.get(name)
    return found if isinstance(found, dict) else {}


def number_in(message: Mapping[str, Any], name: str) -> int:
    """A number in a message; 0 if there is none."""
    found = message.get(name)
    return found if isinstance(found, int) else 0


def _text_in(message: Mapping[str, Any], name: str, otherwise: str = "") -> str:
    found = message.get(name)
    return found if isinstance(found, str) else otherwise


def parse_messages(lines: Iterable[str]) -> list[dict[str, Any]]:
    """The JSON objects among Terraform's output lines; other lines are not messages and are left out."""
    messages = []
    for line in lines:
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(message, dict):
            messages.append(message)
    return messages


def is_unlisted(diagnostic: Diagnostic) -> bool:
    """Was something to be made that exists already? Then the state lost it, or it was made beside Terraform."""
    return bool(_EXISTS.search(diagnostic.summary))


_EXISTS = re.compile(
    r"\b(?:[A-Za-z]*(?:AlreadyExists|ResourceExists)[A-Za-z]*|\w*(?:InUse|Conflict)Exception):|already exists?\b"
)


def diagnostics_of(messages: Iterable[Mapping[str, Any]]) -> list[Diagnostic]:
    """Errors and warnings among `messages`, each once."""
    found = [
        parse_diagnostic(raw) for m in messages if m.get("type") == "diagnostic" and (raw := part_of(m, "diagnostic"))
    ]
    return list(dict.fromkeys(found))


def errors_of(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The errors among `diagnostics`, without init's remark that there are errors."""
    return [d for d in diagnostics if d.severity == "error" and not d.summary.startswith(INIT_REMARK)]


def is_change(message: Mapping[str, Any]) -> bool:
    """Does this message say that something is being made, changed or removed? Reading a data source is not."""
    return message.get("type") == "apply_start" and part_of(message, "hook").get("action") != "read"


def describe_progress(message: Mapping[str, Any]) -> str | None:
    """A short line for a message that tells progress, or None."""
    kind, hook = message.get("type"), part_of(message, "hook")
    address = part_of(hook, "resource").get("addr", "")
    if kind == "apply_start":
        return f"{address}: {hook.get('action', 'change')} ..."
    if kind == "apply_progress":
        return f"{address}: still at it after {hook.get('elapsed_seconds', 0)} s"
    if kind == "apply_complete":
        return f"{address}: {hook.get('action', 'change')} done"
    return None


def describe_sudden_end(
    action: str, finished: Finished, messages: Sequence[Mapping[str, Any]], errors: Sequence[Diagnostic]
) -> str:
    """What happened to a Terraform that was killed, lost its provider, or ended without a reason; empty if it gave one."""
    what = _sudden_end(action, finished, bool(messages), errors)
    if not what:
        return ""
    told = [line for message in messages if (line := describe_progress(message))]
    last = [f"  the last that it said: {told[-1]}"] if told else []
    return "\n".join([what, *last, NOBODYS_FAULT])


def _sudden_end(action: str, finished: Finished, has_begun: bool, errors: Sequence[Diagnostic]) -> str:
    returncode, stderr = finished.returncode, finished.stderr
    number = -returncode if returncode < 0 else returncode - 128
    if number > 0:
        name = {each.value: each.name for each in signal.Signals}.get(number, f"number {number}")
        return f"terraform {action} was ended from outside, by signal {name}{_KILLERS.get(name, '')}"
    if any(error.summary.startswith(PROVIDER_LOST) for error in errors) or _says_at_a_start(stderr, PROVIDER_LOST):
        return (
            f"terraform {action} lost its provider in the middle: somebody killed it, it crashed, "
            "or the system ran out of memory"
        )
    if not errors and (scarce := _SCARCE.search(stderr)):
        return f"terraform {action} ended because the machine lacks memory or space: {scarce.group().strip()}"
    if not errors and not (finished.stdout + stderr).strip():
        return f"terraform {action} ended with exit code {returncode} and said nothing"
    if not errors and has_begun:
        return f"terraform {action} ended with exit code {returncode} and its output stops short of a reason"
    return ""


def _says_at_a_start(output: str, signs: tuple[str, ...]) -> bool:
    """Does a line begin so, behind the frame that Terraform draws around its errors?"""
    return any(line.lstrip("│╷ ").removeprefix("Error: ").startswith(signs) for line in output.splitlines())


NOBODYS_FAULT = "Your files are not the reason, and no points are lost."
_SCARCE = re.compile(r".*(?:fatal error: .*memory|cannot allocate memory|newosproc|no space left on device).*")
_KILLERS = {"SIGKILL": ": somebody killed it, or the system ran out of memory", "SIGINT": " (Ctrl-C)"}


def plain_lines(output: str) -> str:
    """The lines of Terraform's output that are not messages for programs."""
    return "\n".join(line for line in output.splitlines() if not parse_messages([line]))
