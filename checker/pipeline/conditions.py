"""`rules: if` expressions: variables, texts, null, == != =~ !~ && || and parentheses.

Source: GitLab docs, "CI/CD job rules", "CI/CD variable expressions".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<op>==|!=|=~|!~|&&|\|\||\(|\))|\$\{?(?P<var>\w+)\}?|\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'"
    r"|/(?P<regex>(?:\\.|[^/\\])+)/(?P<flags>[a-z]*)|(?P<null>null)\b)"
)
LONGEST = 2_000
SEARCH_WITHIN_S = 1.0
"""GitLab's own matcher (RE2) never takes longer than its text is long; a pattern that does is refused."""


class ConditionError(ValueError):
    """The expression is not one of GitLab's."""


@dataclass(frozen=True)
class _Pattern:
    compiled: Any


Value = str | None | _Pattern


def holds(expression: str, variables: Mapping[str, str]) -> bool:
    """Whether the expression is true with these variables. Raises ConditionError.

    >>> holds('$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && $TAG == null', {"CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main"})
    True
    >>> holds('$BRANCH =~ /^feature/', {"BRANCH": "feature/x"}), holds('$ABSENT', {})
    (True, False)
    """
    reader = _Reader(_tokens(expression), variables, expression)
    result = reader.either()
    if reader.position != len(reader.tokens):
        raise ConditionError(f"{expression!r}: unexpected {reader.tokens[reader.position][1]!r}")
    return result


def _tokens(expression: str) -> list[tuple[str, str]]:
    if len(expression) > LONGEST:
        raise ConditionError("the expression is too long")
    tokens, position = [], 0
    text = expression.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if not match:
            raise ConditionError(f"{expression!r}: cannot read {text[position:].strip()!r}")
        kind = match.lastgroup or ""
        if match["regex"] is not None:
            tokens.append(("regex", f"(?{'i' if 'i' in match['flags'] else 'u'}){match['regex']}"))
        else:
            tokens.append((kind, match[kind]))
        position = match.end()
    return tokens


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]], variables: Mapping[str, str], expression: str) -> None:
        self.tokens, self.variables, self.expression = tokens, variables, expression
        self.position = 0

    def either(self) -> bool:
        result = self.both()
        while self._take("||"):
            result = self.both() or result
        return result

    def both(self) -> bool:
        result = self.comparison()
        while self._take("&&"):
            result = self.comparison() and result
        return result

    def comparison(self) -> bool:
        if self._take("("):
            result = self.either()
            if not self._take(")"):
                raise ConditionError(f"{self.expression!r}: a parenthesis is not closed")
            return result
        left = self._value()
        for operator in ("==", "!=", "=~", "!~"):
            if self._take(operator):
                return self._compare(operator, left, self._value())
        return bool(left)

    def _compare(self, operator: str, left: Value, right: Value) -> bool:
        if operator in ("==", "!="):
            return (left == right) == (operator == "==")
        if isinstance(right, str) and len(right) > 1 and right.startswith("/") and right.endswith("/"):
            right = _pattern(f"(?u){right[1:-1]}", self.expression)
        if not isinstance(right, _Pattern):
            raise ConditionError(f"{self.expression!r}: {operator} wants a pattern between slashes on its right")
        try:
            found = isinstance(left, str) and right.compiled.search(left, timeout=SEARCH_WITHIN_S) is not None
        except TimeoutError as error:
            raise ConditionError(f"{self.expression!r}: the pattern takes too long") from error
        return found == (operator == "=~")

    def _value(self) -> Value:
        if self.position >= len(self.tokens):
            raise ConditionError(f"{self.expression!r}: something is missing at its end")
        kind, text = self.tokens[self.position]
        self.position += 1
        if kind == "var":
            return self.variables.get(text)
        if kind in ("double", "single"):
            return text
        if kind == "null":
            return None
        if kind == "regex":
            return _pattern(text, self.expression)
        raise ConditionError(f"{self.expression!r}: unexpected {text!r}")

    def _take(self, operator: str) -> bool:
        if self.position < len(self.tokens) and self.tokens[self.position] == ("op", operator):
            self.position += 1
            return True
        return False


def _pattern(text: str, expression: str) -> _Pattern:
    import regex  # like re, and a search can be given an end; not before the first pattern

    try:
        return _Pattern(regex.compile(text))
    except (regex.error, RecursionError, OverflowError, ValueError) as error:
        raise ConditionError(f"{expression!r}: the pattern is not valid: {error}") from error
