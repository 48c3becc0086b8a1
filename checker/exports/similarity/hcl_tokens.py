"""Tokens of Terraform's language (HCL) with their lines; comments are left out.

Never judges whether a file is right: what is no token is a token of one character.
Syntax: https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

PLAIN = re.compile(
    r"""(?P<space>[ \t\r]+) | (?P<comment>(?:\#|//)[^\n]*) | (?P<block>/\*.*?(?:\*/|\Z))
      | (?P<newline>\n) | (?P<heredoc><<-?(?P<mark>[A-Za-z_][\w-]*)\r?\n) | (?P<quote>")
      | (?P<name>[^\W\d][\w-]*) | (?P<number>\d[\d.]*(?:[eE][+-]?\d+)?)
      | (?P<sign>==|!=|<=|>=|&&|\|\||=>|\.\.\.|.)""",
    re.VERBOSE | re.DOTALL,
)
OPENED = re.compile(r"[$%]\{~?")
NEST_AT_MOST = 40


@dataclass(frozen=True)
class Token:
    """`kind` is name, number, text, sign or newline."""

    kind: str
    text: str
    line: int


def tokens_of(source: str) -> list[Token]:
    """All tokens of a file.

    >>> [token.text for token in tokens_of('a = "x${var.b}" # c')]
    ['a', '=', 'x', 'var', '.', 'b']
    """
    return list(_tokens(source, 1, 0))


def _tokens(source: str, line: int, depth: int) -> Iterator[Token]:
    at = 0
    while at < len(source):
        found = PLAIN.match(source, at)
        assert found is not None
        kind, text, at = found.lastgroup or "", found.group(), found.end()
        if kind == "quote":
            end = _end_of_text(source, at)
            yield from _template(source[at:end], line, depth)
            text, at = source[at:end], end + 1
        elif found["heredoc"]:
            closing = re.compile(rf"^[ \t]*{re.escape(found['mark'])}[ \t\r]*$", re.MULTILINE).search(source, at)
            end = closing.start() if closing else len(source)
            yield from _template(source[at:end], line + 1, depth)
            text, at = source[found.start() : end], closing.end() if closing else end
        elif kind not in ("space", "comment", "block"):
            yield Token(kind, text, line)
        line += text.count("\n")


def _end_of_text(source: str, at: int) -> int:
    """Where the quoted text that begins at `at` ends; quotes inside ${…} do not end it."""
    depth = 0
    while at < len(source):
        two = source[at : at + 2]
        if two[0] == "\\" and not depth or two in ("$$", "%%"):
            at += 1
        elif two in ("${", "%{"):
            depth, at = depth + 1, at + 1
        elif depth and two[0] in "{}":
            depth += 1 if two[0] == "{" else -1
        elif two[0] == '"' and depth:
            at = _end_of_plain_text(source, at + 1)
        elif two[0] == '"' or two[0] == "\n" and not depth:
            return at
        at += 1
    return len(source)


def _end_of_plain_text(source: str, at: int) -> int:
    """Where a quoted text inside an interpolation ends; one nested deeper is not followed."""
    while at < len(source) and source[at] != '"':
        at += 2 if source[at] == "\\" else 1
    return at


def _template(text: str, line: int, depth: int) -> Iterator[Token]:
    """A text's literal pieces and the tokens of what is interpolated into it."""
    at = 0
    while depth < NEST_AT_MOST and (opened := OPENED.search(text, at)) and (end := text.find("}", opened.end())) >= 0:
        if literal := text[at : opened.start()]:
            yield Token("text", literal, line)
        inside = text[opened.end() : end].removesuffix("~")
        line += text.count("\n", at, opened.end())
        yield from _tokens(inside, line, depth + 1)
        line += text.count("\n", opened.end(), end)
        at = end + 1
    if at < len(text) or not text:
        yield Token("text", text[at:], line)
