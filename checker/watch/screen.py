"""`lab watch` on a terminal: the whole moment, drawn anew when it changes. Rendering is pure; `Screen` writes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from checker.checks.result import CheckResult
from checker.language import tr
from checker.report.terminal import Style, render_check
from checker.watch.view import View
from checker.watch.words import KEYS, describe_next, describe_state

CLEAR = "\033[H\033[2J\033[3J"


def render_view(view: View, style: Style) -> str:
    """The moment as text: what was found above, what to do next and the keys at the bottom, where they stay in sight."""
    blocks = [tr(_heading(view)), _checks(view, style), _details(view, style), _hint(view), tr(describe_next(view))]
    blocks += [tr(view.asked), tr(describe_state(view)), tr(KEYS)]
    return "\n\n".join(_fit(block, style) for block in blocks if block) + "\n"


def _heading(view: View) -> str:
    bonus = " bonus" if view.part.bonus else ""
    return f"Part {view.part.number}: {view.part.title}   {view.points} of {view.part.points}{bonus} points"


def _checks(view: View, style: Style) -> str:
    """A line for each step; those that were not checked yet, too."""
    known = {result.id: result for result in view.results}
    return "\n".join(_line(known.get(step.id), step.id, step.title, style) for step in view.part.steps)


def _line(result: CheckResult | None, step_id: str, title: str, style: Style) -> str:
    if result is None:
        return f". {step_id}  {tr(title)} ({tr('not checked yet')})"
    word = "" if result.status in ("passed", "failed") else f" ({tr(result.status)})"
    return f"{style.symbol(result.status)} {step_id}  {tr(title)}{word}"


def _details(view: View, style: Style) -> str:
    """Why nothing was checked, or the four lines of the check to look at."""
    if view.problem:
        return tr(view.problem)
    focus, notices = view.focus, [tr(text) for text in view.notices]
    texts = [*notices, render_check(focus, style)] if focus else notices
    return "\n\n".join(texts)


def _hint(view: View) -> str:
    if view.hint is None:
        return ""
    head = tr(f"hint {view.hint.level} of {view.hints_of_step}: {view.hint.title}")
    return f"{head}\n{view.hint.text}"


def _fit(block: str, style: Style) -> str:
    """Long lines are broken at words, so that a narrow terminal breaks none in the middle."""
    import textwrap

    lines: list[str] = []
    for line in block.splitlines():
        if len(line) <= style.width or "\033" in line:
            lines.append(line)
            continue
        indent = " " * (len(line) - len(line.lstrip()) + 2)
        lines += textwrap.wrap(
            line, style.width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        )
    return "\n".join(lines)


class Screen:
    """Draws views on a terminal whose style may change: it can be made narrower while we watch."""

    def __init__(self, stream: TextIO, style: Callable[[], Style]) -> None:
        self._stream, self._style, self._drawn = stream, style, ""

    def show(self, view: View) -> None:
        """Draws the view if it looks different from what is there."""
        text = render_view(view, self._style())
        if text != self._drawn:
            self._stream.write(CLEAR + text)
            self._stream.flush()
            self._drawn = text

    def redraw(self) -> None:
        """The terminal was used by another program: everything is drawn again."""
        self._drawn = ""
