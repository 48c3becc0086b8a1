"""Reads the messages from the source: every text that looks like words, in the files that speak to learners.

Read by their syntax tree, never imported: so the local cloud's reasons are among them, though the checker knows nothing of it.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from typing import get_args

from checker.checks.result import Status
from checker.curriculum.parts import ROOT, read_parts
from checker.language.catalogue import Entry
from checker.language.translator import PLACE, core_of
from checker.report.terminal import LABELS

SPEAKING = (
    "parts/*/checks.py",
    "checker/cloud_process.py", "checker/control.py", "checker/cost.py", "checker/deployment.py",
    "checker/diagnostics.py", "checker/errors.py", "checker/target.py", "checker/terraform.py",
    "checker/terraform_install.py",
    "checker/checks/lacking.py", "checker/checks/runner.py", "checker/checks/session.py",
    "checker/cli/__init__.py", "checker/cli/check.py", "checker/cli/cloud.py", "checker/cli/consent.py",
    "checker/cli/demo.py", "checker/cli/deploy.py", "checker/cli/doctor.py", "checker/cli/env.py", "checker/cli/finding.py",
    "checker/cli/learn.py", "checker/cli/options.py", "checker/cli/rewind.py", "checker/cli/simulate.py",
    "checker/cli/trace.py", "checker/cli/watch.py", "checker/cli/workspace.py",
    "checker/curriculum/given.py", "checker/curriculum/parts.py", "checker/curriculum/workspace.py",
    "checker/language/choice.py",
    "checker/pipeline/*.py",
    "checker/report/*.py",
    "checker/verbs/*.py",
    "checker/watch/*.py",
    "labcloud/iam/explain.py", "labcloud/iam/trust.py",
    "labcloud/iotsql/explain.py",
    "labcloud/iot/registry.py", "labcloud/mqtt/handshake.py",
    "labcloud/rules/*.py", "labcloud/rules/actions/dynamodb.py",
    "labcloud/rules/actions/dynamodbv2.py", "labcloud/rules/actions/timestream.py",
)  # fmt: skip
"""What an instructor or a course author reads (grade, report, lint) is English only. The local cloud's are its reasons."""
SIGNS = {
    "NEEDS_INIT",
    "UNREACHABLE",
    "LACKING",
    "NOT_SERVED",
    "CLOSED",
    "OWN_FAULT",
    "LOCKED",
    "INIT_REMARK",
    "SECRET_FILES",
}
"""Constants that are looked for in what others say, not said."""
WORDS = re.compile(r"[^\W\d_]{2,}[,;:.]? +[^\W\d_(]")
WORD_BY_VALUE = re.compile(r"^\s*[A-Za-z]{3,}:? +\{|\} [a-z]{4,}:? |\} [a-z]{4,}$")
"""A word beside a value, `edit   {0}`, `{0} refused: {1}`."""
NOT_SAID = re.compile(
    r"\\[bdSsw(]|\(\?|\|\w|<\?|^\s*(?:#|import |def |raise |/)|SELECT |AND |^[\w.]+=|RequestId|Token$|[A-Z]{5} [A-Z]{3}"
)
"""Patterns and programs."""
DECORATORS = {"check", "command", "group"}
"""Those that make a docstring a text for learners."""


def read_messages() -> list[Entry]:
    """All messages, each once, in the order of the files."""
    found: dict[str, tuple[list[str], tuple[str, ...]]] = {word: ([], ()) for word in (*LABELS, *get_args(Status))}
    for name, text, places in _texts():
        for line, used in _lines(text, places):
            if line:
                files, _ = found.setdefault(line, ([], used))
                files += [name] if name not in files else []
    return [Entry(message, "", tuple(files), places) for message, (files, places) in found.items()]


def _texts() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for part in read_parts():
        yield from ((f"parts/{part.id}/part.toml", text, ()) for text in (part.title, *(s.title for s in part.steps)))
    for file in sorted({file for pattern in SPEAKING for file in ROOT.glob(pattern)}):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        name = str(file.relative_to(ROOT))
        yield from ((name, text, ()) for text in _docstrings(tree))
        yield from ((name, *text) for text in _said(tree))


def _lines(text: str, places: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The lines of a message, each with its own places, numbered from 0."""
    for line in text.split("\n"):
        numbers = [int(number) for number in re.findall(r"\{(\d+)\}", line)]
        for new, old in enumerate(numbers):
            line = line.replace(f"{{{old}}}", f"{{{new}}}", 1)
        if re.search(r"[^\W\d_]{2}", PLACE.sub("", line)):
            yield core_of(line)[1], tuple(f"{{{new}}} = {places[old]}" for new, old in enumerate(numbers) if places)


def _docstrings(tree: ast.Module) -> Iterator[str]:
    """The docstrings of checks and commands, a paragraph a line, as they are shown."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and DECORATORS & set(map(_name_of, node.decorator_list)):
            text = inspect.cleandoc(ast.get_docstring(node) or "")
            yield "\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _name_of(decorator: ast.expr) -> str:
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _said(tree: ast.Module) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The texts of the code; those of f-strings with their values' expressions."""
    unsaid, choices = _unsaid(tree), _choices(tree)
    for node in ast.walk(tree):
        if id(node) in unsaid:
            continue
        text, places = _text_of(node)
        has_words = WORDS.search(PLACE.sub("", text)) or (places and WORD_BY_VALUE.search(text))
        if (has_words or (id(node) in choices and text.strip())) and not NOT_SAID.search(text):
            yield text, places


def _text_of(node: ast.AST) -> tuple[str, tuple[str, ...]]:
    """The text of a string or an f-string with its places; `%s` is a place, too."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        parts: list[ast.expr] = [node]
    else:
        parts = node.values if isinstance(node, ast.JoinedStr) else []
    text = ""
    places: list[str] = []
    for part in parts:
        if isinstance(part, ast.FormattedValue):
            text += f"{{{len(places)}}}"
            places.append(ast.unparse(part.value))
        elif isinstance(part, ast.Constant):
            first, *others = str(part.value).split("%s")
            text += first
            for other in others:
                text += f"{{{len(places)}}}{other}"
                places.append("%s")
    return text, tuple(places)


def _unsaid(tree: ast.Module) -> set[int]:
    """Docstrings, the fixed parts of f-strings (which are read as a whole), formats, and signs with all that is in them."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found.add(id(node.value))
        elif isinstance(node, ast.JoinedStr):
            found |= {id(part) for part in node.values if isinstance(part, ast.Constant)}
        elif isinstance(node, ast.FormattedValue) and node.format_spec:
            found |= {id(each) for each in ast.walk(node.format_spec)}
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if node.targets[0].id in SIGNS:
                found |= {id(each) for each in ast.walk(node.value)}
            elif node.targets[0].id == "REMEDIES" and isinstance(node.value, ast.Tuple):
                found |= {id(each) for pair in node.value.elts for each in ast.walk(pair.elts[0])}  # type: ignore[attr-defined]
    return found


def _choices(tree: ast.Module) -> set[int]:
    """Texts that are said instead of another, `', '.join(names) or 'none'`: a message even as a single word."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.BoolOp):
            found |= {id(each) for each in node.values}
        elif isinstance(node, ast.IfExp):
            found |= {id(node.body), id(node.orelse)}
    return found
