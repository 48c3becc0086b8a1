"""The normal form of Python: the syntax tree without chosen names, comments, docstrings and the order of definitions."""

from __future__ import annotations

import ast
import builtins
import io
import keyword
import tokenize
import warnings

from checker.exports.similarity.normal_form import Word

KEPT = set(dir(builtins)) | {"self", "cls"}
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def python_words(source: str) -> list[list[Word]]:
    """One list of words for each definition, and one for what stands outside of definitions."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
        imported = _imported(tree)
        blocks: list[list[Word]] = []
        outside: list[Word] = []
        for node in _without_docstring(tree.body):
            _walk(node, outside, blocks, imported, 0)
        return [block for block in [outside, *blocks] if block]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [_words_of_tokens(source)]


def _imported(tree: ast.AST) -> set[str]:
    """Names that libraries gave: they are not the author's choice."""
    aliases = (
        alias for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names
    )
    return {(alias.asname or alias.name).split(".")[0] for alias in aliases if alias.asname is None}


def _walk(node: ast.AST, words: list[Word], blocks: list[list[Word]], imported: set[str], line: int) -> None:
    line = getattr(node, "lineno", line)
    if isinstance(node, DEFINITIONS):
        inner: list[Word] = [Word(type(node).__name__, line)]
        blocks.append(inner)
        node.body = _without_docstring(node.body)
        words = inner
    else:
        words.append(Word(_text(node, imported), line))
    children = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.Dict | ast.Set):
        children = _pairs_sorted(node)
    for child in children:
        if not isinstance(child, ast.expr_context | ast.alias):
            _walk(child, words, blocks, imported, line)


def _pairs_sorted(node: ast.Dict | ast.Set) -> list[ast.AST]:
    """The entries of a dictionary or set, whose order says nothing."""
    if isinstance(node, ast.Set):
        return sorted(node.elts, key=ast.dump)
    pairs = sorted(zip(node.keys, node.values, strict=True), key=lambda pair: ast.dump(pair[0]) if pair[0] else "")
    return [part for pair in pairs for part in pair if part is not None]


def _text(node: ast.AST, imported: set[str]) -> str:
    if isinstance(node, ast.Name):
        return node.id if node.id in KEPT or node.id in imported else "NAME"
    if isinstance(node, ast.Attribute):
        return f".{node.attr}"
    if isinstance(node, ast.Constant):
        return "TEXT" if isinstance(node.value, str | bytes) else repr(node.value)[:40]
    return type(node).__name__


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    is_text = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    return body[1:] if is_text else body


def _words_of_tokens(source: str) -> list[Word]:
    """What can be read of a file that is no Python: its tokens up to where they end."""
    words: list[Word] = []
    dropped = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING)
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.NAME:
                kept = keyword.iskeyword(token.string) or token.string in KEPT
                words.append(Word(token.string if kept else "NAME", token.start[0]))
            elif token.type == tokenize.STRING:
                words.append(Word("TEXT", token.start[0]))
            elif token.type not in dropped:
                words.append(Word(token.string, token.start[0]))
    except (tokenize.TokenError, SyntaxError, ValueError):
        pass
    return words
