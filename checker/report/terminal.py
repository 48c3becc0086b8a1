"""Results for the eye: symbols and words together, so that neither colour nor Unicode is ever needed alone."""

from __future__ import annotations

import shutil
import sys
import textwrap
from dataclasses import dataclass

from checker.checks.result import CheckResult, PartResult, Report, count
from checker.language import tr

SYMBOLS = {"passed": "✓", "failed": "✗", "skipped": "-", "broken": "!"}
PLAIN_SYMBOLS = {"passed": "ok", "failed": "FAIL", "skipped": "skip", "broken": "BROKEN"}
COLOURS = {"passed": "32", "failed": "31", "skipped": "33", "broken": "35"}
LABELS = ("expected", "got", "because", "fix")
INDENT = 7
NO_BREAK = "\u00a0"


@dataclass(frozen=True)
class Style:
    """What the terminal can show."""

    width: int = 100
    colour: bool = False
    unicode: bool = True

    def paint(self, text: str, status: str) -> str:
        return f"\033[{COLOURS[status]}m{text}\033[0m" if self.colour else text

    def symbol(self, status: str) -> str:
        return self.paint((SYMBOLS if self.unicode else PLAIN_SYMBOLS)[status], status)


def style_of(stream: object = None, environ: dict[str, str] | None = None) -> Style:
    """The style for a stream: no colour in files, with NO_COLOR or on a dumb terminal; no symbols it cannot encode."""
    import os

    stream = stream or sys.stdout
    environ = environ if environ is not None else dict(os.environ)
    is_terminal = bool(getattr(stream, "isatty", lambda: False)())
    colour = is_terminal and "NO_COLOR" not in environ and environ.get("TERM") != "dumb"
    can_encode = (getattr(stream, "encoding", None) or "ascii").lower().replace("-", "") in ("utf8", "utf16")
    width = shutil.get_terminal_size((100, 24)).columns if is_terminal else 100
    return Style(max(40, width), colour, can_encode)


def render_check(result: CheckResult, style: Style) -> str:
    """One check: its line, and below it the four lines of what is not as it should be."""
    earned = f"{result.points}/{result.max_points}" if result.status != "broken" else f"?/{result.max_points}"
    status = "" if result.status in ("passed", "failed") else f" ({tr(result.status)})"
    head = f"{style.symbol(result.status)} {result.id}  "
    lines = _wrap(f"{tr(result.title)}{status}{NO_BREAK * 3}{earned}", head, style)
    lines += render_details(result, style)
    return "\n".join(lines)


def render_details(result: CheckResult, style: Style) -> list[str]:
    """The lines expected, got, because and fix, in full."""
    lines = []
    for label in LABELS:
        text = tr(getattr(result, label))
        if not text:
            continue
        if label == "fix" and result.status == "failed":
            text += f"     (lab hint {result.id})"
        lines += _block(tr(label), text, style)
    return lines


def render_part(part: PartResult, style: Style) -> str:
    """A part's heading, checks and sum."""
    lines = [render_heading(part), *(render_check(result, style) for result in part.checks), render_sum(part)]
    return "\n".join(lines)


def render_heading(part: PartResult) -> str:
    return tr(f"Part {part.number}: {part.name}")


def render_sum(part: PartResult) -> str:
    """How many points a part earned."""
    earned = part.bonus if part.bonus_part else part.points
    bonus = " bonus" if part.bonus_part else ""
    again = "; to be graded again: something of ours broke" if part.to_be_graded_again else ""
    return tr(f"  part {part.number}: {earned} of {part.available}{bonus} points{again}")


def render_total(report: Report) -> str:
    """The last lines: points of all parts, how many checks ended how."""
    checks = [check for part in report.parts for check in part.checks]
    counts = [f"{count(checks, status)} {tr(status)}" for status in SYMBOLS if count(checks, status)]  # type: ignore[arg-type]
    bonus = f" and {report.bonus} bonus points" if any(part.bonus_part for part in report.parts) else ""
    return tr(f"{report.points} of {report.max_points} points{bonus}") + f" ({', '.join(counts)})"


def _block(label: str, text: str, style: Style) -> list[str]:
    """`label  text`, the following lines below the text; nothing is ever cut off."""
    head = " " * (INDENT if style.width >= 60 else 2) + f"{label:<10}"
    lines: list[str] = []
    for line in str(text).splitlines() or [""]:
        lines += _wrap(line, head if not lines else " " * len(head), style)
    return lines


def _wrap(text: str, head: str, style: Style) -> list[str]:
    visible = len(head) - (9 if style.colour and "\033" in head else 0)
    room = max(20, style.width - visible)
    indent = text[: len(text) - len(text.lstrip())]
    pieces = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False, subsequent_indent=indent) or [""]
    lines = [head + pieces[0], *(" " * visible + piece for piece in pieces[1:])]
    return [line.replace(NO_BREAK, " ") for line in lines]
