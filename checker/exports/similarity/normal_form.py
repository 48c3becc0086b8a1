"""What is compared of a file: a stream of words, each with its line, in which renaming, order and comments leave no trace."""

from __future__ import annotations

from dataclasses import dataclass

from checker.exports.similarity.hcl_tokens import Token, tokens_of

LABELLED = {"resource": 1, "data": 1, "ephemeral": 1, "variable": 0, "output": 0, "module": 0, "provider": 1}
"""How many labels of a block are words of AWS; the next is a name that the author chose."""
OPEN, CLOSE = "{[(", "}])"
ROOTS = {"var", "local", "module", "each", "count", "self", "path", "terraform"}


@dataclass(frozen=True)
class Word:
    """One word of the normal form, and the line of the file from which it came."""

    text: str
    line: int


def terraform_words(source: str) -> list[list[Word]]:
    """The blocks of a Terraform file in a normal form: what is inside a block is sorted, chosen names are gone."""
    blocks = [_normal(statement) for statement in _statements(tokens_of(source))]
    return [block for block in blocks if block]


def _statements(tokens: list[Token]) -> list[list[Token]]:
    """Splits a body at the line ends that stand outside of all brackets."""
    statements: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        if token.kind == "sign" and token.text in OPEN:
            depth += 1
        elif token.kind == "sign" and token.text in CLOSE:
            depth = max(0, depth - 1)
        if token.kind == "newline" or (token.text == "," and token.kind == "sign"):
            if depth == 0:
                statements.append([])
            elif token.kind == "newline":
                statements[-1].append(token)
                continue
        if token.kind != "newline" and not (token.text == "," and token.kind == "sign" and depth == 0):
            statements[-1].append(token)
    return [statement for statement in statements if any(token.kind != "newline" for token in statement)]


def _normal(statement: list[Token], depth: int = 0) -> list[Word]:
    """A statement with the bodies in it sorted; a body may be a block's, an object's or a list's."""
    statement = [token for token in statement if token.kind != "newline"] if depth > 30 else statement
    words: list[Word] = []
    head = next((at for at, token in enumerate(statement) if token.kind == "sign" and token.text in "{="), None)
    at = 0
    if head is not None and statement[head].text == "{" and statement[0].kind == "name":
        words, at = _head(statement[:head]), head
    while at < len(statement):
        token = statement[at]
        if token.kind == "sign" and token.text in "{[" and depth <= 30:
            end = _closing(statement, at)
            inner = [_normal(part, depth + 1) for part in _statements(statement[at + 1 : end])]
            words.append(Word(token.text, token.line))
            words += [word for part in sorted(inner, key=lambda part: [w.text for w in part]) for word in part]
            words.append(Word(CLOSE[OPEN.index(token.text)], statement[min(end, len(statement) - 1)].line))
            at = end + 1
        elif token.kind == "newline":
            at += 1
        else:
            at = _value(statement, at, words)
    return words


def _head(tokens: list[Token]) -> list[Word]:
    """`resource "aws_x" "name"`: the name that was chosen is dropped."""
    kept = LABELLED.get(tokens[0].text, len(tokens))
    labels = [token for token in tokens[1:] if token.kind != "newline"]
    words = [Word(tokens[0].text, tokens[0].line)]
    return words + [Word(t.text if at < kept else "NAME", t.line) for at, t in enumerate(labels)]


def _value(tokens: list[Token], at: int, words: list[Word]) -> int:
    """Adds the word or the reference at `at`; returns where to go on."""
    token = tokens[at]
    if token.kind == "text":
        words.append(Word("TEXT", token.line))
        return at + 1
    path = [token.text]
    end = at + 1
    while token.kind == "name" and end + 1 < len(tokens) and tokens[end].text == "." and tokens[end + 1].kind == "name":
        path.append(tokens[end + 1].text)
        end += 2
    words += [Word(part, token.line) for part in _reference(path)]
    return end


def _reference(path: list[str]) -> list[str]:
    """`aws_table.my_name.arn` without the name; `var.my_name` likewise."""
    if len(path) > 1 and path[0] == "data":
        return [path[0], *_reference(path[1:])]
    if len(path) > 1 and (path[0] in ROOTS or "_" in path[0]):
        return [path[0], "NAME", *path[2:]]
    return path


def _closing(tokens: list[Token], at: int) -> int:
    depth = 0
    for position in range(at, len(tokens)):
        if tokens[position].kind == "sign":
            depth += (tokens[position].text in OPEN) - (tokens[position].text in CLOSE)
            if depth == 0:
                return position
    return len(tokens)
