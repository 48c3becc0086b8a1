"""Stage 1 of IoT SQL: text → tokens, made one by one, because what follows a template's `}` is not SQL.

AWS has no comments (iot-sql-reference), so what begins one elsewhere is a token that no rule of the grammar takes:
read as two minus signs, `x = 5 -- note` would mean x = 5 + note. Nor is there an escape inside a string: a quote is
written inside the other kind of quotes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import SqlParseError

_TOKEN = re.compile(
    r"""(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
      | (?P<word>[^\W\d]\w*)
      | (?P<variable>@\w*)
      | (?P<string>'[^']*'|"[^"]*")
      | (?P<comment>--|/\*|//|\#)
      | (?P<symbol><>|<=|>=|!=|==|[-+*/%=<>(),.\[\]{}:])""",
    re.VERBOSE,
)
_SPACE = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class Token:
    """One token: `kind` is number, word, variable, string, comment, symbol, unknown or end; `text` as written."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """The keyword that this could be: upper case for a word, empty for everything else."""
        return self.text.upper() if self.kind == "word" else ""


class Lexer:
    """Hands out the tokens of a text by index, and makes no token before somebody asks for it."""

    def __init__(self, text: str, position: int = 0) -> None:
        self.text = text
        self._position = position
        self._tokens: list[Token] = []

    def token(self, index: int) -> Token:
        """The token with this index; beyond the text, the end token."""
        while len(self._tokens) <= index:
            self._tokens.append(self._next())
        return self._tokens[index]

    def error(self, token: Token, problem: str, hint: str = "") -> SqlParseError:
        """The refusal that points to a token."""
        return SqlParseError(self.text, token.start, token.end, problem, hint)

    def _next(self) -> Token:
        start = _SPACE.match(self.text, self._position).end()  # type: ignore[union-attr]
        if start >= len(self.text):
            return Token("end", "", start, start + 1)
        match = _TOKEN.match(self.text, start)
        if match is None:
            # An unknown character is an error only where the parser meets it: `FROM topic/#` may contain any.
            self._position = start + 1
            return Token("unknown", self.text[start], start, start + 1)
        self._position = match.end()
        return Token(match.lastgroup or "", match.group(), start, match.end())
