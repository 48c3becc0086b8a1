"""Walks over the tokens of a query: what all parts of the parser share."""

from __future__ import annotations

from typing import NoReturn

from labcloud.timestream.errors import QuerySyntaxError
from labcloud.timestream.sql.nodes import Position
from labcloud.timestream.sql.tokens import RESERVED, Token, tokenize

MAX_DEPTH = 60
"""Nesting that the parser follows before it refuses; the service has such a bound too, its value is not published."""


class Cursor:
    """A place in the token list. `expect_…` raise, `take_…` advance if they match."""

    def __init__(self, sql: str) -> None:
        self.tokens = tokenize(sql)
        self.index = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    @property
    def at(self) -> Position:
        return self.token.at

    def peek(self, ahead: int = 1) -> Token:
        return self.tokens[min(self.index + ahead, len(self.tokens) - 1)]

    def advance(self) -> Token:
        token = self.token
        if token.kind != "end":
            self.index += 1
        return token

    def take_word(self, *words: str) -> str | None:
        """The word in upper case if it is one of these."""
        if self.token.is_word(*words):
            return self.advance().text.upper()
        return None

    def take_words(self, *words: str) -> bool:
        """Whether all these words follow in this order; advances over all or none."""
        if all(self.peek(ahead).is_word(word) for ahead, word in enumerate(words)):
            self.index += len(words)
            return True
        return False

    def take_symbol(self, *symbols: str) -> str | None:
        if self.token.kind == "symbol" and self.token.text in symbols:
            return self.advance().text
        return None

    def expect_word(self, *words: str) -> str:
        return self.take_word(*words) or self.fail(" or ".join(words))

    def expect_symbol(self, symbol: str) -> None:
        if not self.take_symbol(symbol):
            self.fail(f"'{symbol}'")

    def at_name(self) -> bool:
        token = self.token
        return token.kind == "name" or (token.kind == "word" and token.text.upper() not in RESERVED)

    def expect_name(self) -> str:
        if not self.at_name():
            self.fail("an identifier")
        return self.advance().text

    def expect_kind(self, kind: str, what: str) -> str:
        if self.token.kind != kind:
            self.fail(what)
        return self.advance().text

    def fail(self, expected: str) -> NoReturn:
        found = f"'{self.token.text}'" if self.token.kind != "end" else "the end of the query"
        raise QuerySyntaxError(self.at, f"expected {expected}, found {found}")

    def deeper(self) -> None:
        """Counts one level of nesting; every caller undoes it with `shallower`."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise QuerySyntaxError(self.at, f"the query is nested more than {MAX_DEPTH} levels deep")

    def shallower(self) -> None:
        self.depth -= 1
