"""The two errors of IoT SQL: a statement that is refused when it is compiled, and an external function that failed."""

from __future__ import annotations

WINDOW = 100
"""At most so many characters of the offending line are shown."""


class SqlParseError(Exception):
    """A statement or template is refused: says where, shows the line with the token underlined, and says what to do.

    The IoT service answers SqlParseException with `message`; `problem` is the first sentence alone.
    """

    def __init__(self, text: str, start: int, end: int, problem: str, hint: str = "") -> None:
        self.problem = problem
        self.hint = hint
        self.line = text.count("\n", 0, start) + 1
        line_start = text.rfind("\n", 0, start) + 1
        self.column = start - line_start + 1
        shown, underline = _underlined(text, line_start, start, end)
        picture = f"  {shown}\n  {underline}" if shown.strip() else ""
        where = f"line {self.line}, column {self.column}: {problem}"
        self.message = "\n".join(part for part in (where, picture, hint) if part)
        super().__init__(self.message)


class FunctionFailed(Exception):
    """An external function failed: the rule's execution fails and no action runs, unless get_or_default catches it."""


def _underlined(text: str, line_start: int, start: int, end: int) -> tuple[str, str]:
    """The line (a window of it, when long) and a line of carets below the token; tabs keep their place."""
    line_end = text.find("\n", line_start)
    line_end = len(text) if line_end < 0 else line_end
    end = max(start + 1, min(end, line_end, start + WINDOW))
    left = max(line_start, start - WINDOW // 2) if line_end - line_start > WINDOW else line_start
    right = min(line_end, max(left + WINDOW, end))
    before = "…" if left > line_start else ""
    after = "…" if right < line_end else ""
    shown = "".join(c if c == "\t" or c.isprintable() else "?" for c in text[left:right])
    padding = "".join("\t" if c == "\t" else " " for c in text[left:start])
    return before + shown + after, " " * len(before) + padding + "^" * (end - start)
