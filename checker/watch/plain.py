"""`lab watch --plain`: one line after the other, no drawing, no symbols: for screen readers, logs and pipes."""

from __future__ import annotations

from typing import TextIO

from checker.checks.result import CheckResult
from checker.language import tr
from checker.report.terminal import Style, render_check
from checker.watch.view import View
from checker.watch.words import KEYS_AS_LINES, describe_next, describe_saved, verdict

PLAIN = Style(width=100, colour=False, unicode=False)


class PlainLines:
    """Says what is new in a view since the last one."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._last: View | None = None

    def show(self, view: View) -> None:
        """Writes the lines that the view adds."""
        for line in lines_between(self._last, view):
            self._stream.write(line + "\n")
        self._stream.flush()
        self._last = view

    def redraw(self) -> None:
        """Lines that were written stay."""


def lines_between(before: View | None, now: View) -> list[str]:
    """What a listener must hear to know what is new."""
    lines = [] if before else [tr(KEYS_AS_LINES)]
    begun = bool(now.doing) and (before is None or not before.doing)
    if begun:
        lines.append(tr(f"{describe_saved(now)}checking part {now.part.number}, {now.part.title}"))
    known: tuple[CheckResult, ...] = before.results if before and not begun else ()
    if now.doing:
        lines += [
            f"{each.id} {tr(each.status)}"
            for each in now.results
            if each not in known and before is not None and not begun
        ]
    if now.hint and (before is None or now.hint != before.hint):
        lines += [tr(f"Hint {now.hint.level} of {now.hints_of_step}, {now.hint.title}:"), now.hint.text]
    if now.asked and (before is None or now.asked != before.asked):
        lines.append(tr(now.asked))
    if not now.doing and (before is None or before.doing):
        lines += _verdict(now)
    return lines


def _verdict(view: View) -> list[str]:
    focus = view.focus
    details = tr(view.problem) or (render_check(focus, PLAIN) if focus else "")
    took = f", in {view.seconds:.1f} s" if view.seconds is not None else ""
    points = f"{verdict(view)}, {view.points} of {view.part.points} points{took}."
    return [text for text in (*map(tr, view.notices), details, tr(points), tr(describe_next(view))) if text]
