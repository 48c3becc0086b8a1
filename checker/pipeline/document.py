"""Loads .gitlab-ci.yml: YAML with `!reference`, local includes, `extends`. Nothing is interpreted yet."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import yaml

from checker.pipeline.model import FILE_NAME, PipelineError, Problem

DEEPEST = 10
"""GitLab's limits: levels of !reference and (there 11) of extends."""
MOST_INCLUDES = 150
LARGEST_FILE = 2 * 1024 * 1024
"""GitLab's, too."""
LARGEST = 100_000
"""Values of the whole file with its aliases, references and parents put in: few lines can stand for billions."""


class _Reference(tuple[str, ...]):
    """A `!reference [job, key, ...]` that is not yet resolved."""


class _Loader(yaml.SafeLoader):
    """Refuses keys that stand twice and has the YAML 1.2 meaning of `on` and `yes` for keys (plain text)."""


def _construct_mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    loader.flatten_mapping(node)
    seen: dict[Any, int] = {}
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, Hashable):
            raise yaml.constructor.ConstructorError(None, None, "a key must be text", key_node.start_mark)
        if key in seen and key != "<<":
            problem = f"the key {key!r} stands in lines {seen[key]} and {key_node.start_mark.line + 1}"
            raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
        seen[key] = key_node.start_mark.line + 1
    return {
        loader.construct_object(key, deep=True): loader.construct_object(value, deep=True) for key, value in node.value
    }


def _construct_reference(loader: _Loader, node: yaml.Node) -> _Reference:
    if not isinstance(node, yaml.SequenceNode):
        raise yaml.constructor.ConstructorError(None, None, "!reference takes a list of names", node.start_mark)
    return _Reference(str(name) for name in loader.construct_sequence(node))


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _construct_mapping)
_Loader.add_constructor("!reference", _construct_reference)


def load(workspace: Path) -> dict[str, Any]:
    """The file with includes merged, `extends` and `!reference` resolved. Raises PipelineError."""
    includes = _Allowance(MOST_INCLUDES, f"it includes more than {MOST_INCLUDES} files")
    room = _Allowance(LARGEST, f"the parsed YAML is too big: more than {LARGEST} values")
    document = _merge_includes(workspace, _read(workspace, FILE_NAME), 0, includes, room)
    document = {name: _dereference(document, value, 0, room) for name, value in document.items()}
    return {name: _extended(document, name, (), room) for name in document}


class _Allowance:
    """How many of something there may be."""

    def __init__(self, most: int, complaint: str) -> None:
        self._left, self._complaint = most, complaint

    def take(self, number: int = 1) -> None:
        """So many more; raises PipelineError when there are too many."""
        self._left -= number
        if self._left < 0:
            raise _error(self._complaint)


def _read(workspace: Path, name: str) -> dict[str, Any]:
    path = (workspace / name).resolve()
    if not path.is_relative_to(workspace.resolve()):
        raise _error(f"include {name} points outside the project")
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise _error(f"{name} is larger than {LARGEST_FILE} bytes")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise _error(f"{name} does not exist") from None
    except (OSError, UnicodeDecodeError) as error:
        raise _error(f"{name} cannot be read: {error}") from error
    try:
        document = yaml.load(text, _Loader)  # _Loader is a SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise _error(f"{name} is not valid YAML: {_where_and_why(error)}") from error
    if not isinstance(document, dict) or not document:
        raise _error(f"{name} holds no jobs: expected a mapping of job names")
    return document


def _where_and_why(error: Exception) -> str:
    """`line 21, column 9: mapping values are not allowed here`."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    if mark is None or not problem:
        return " ".join(str(error).split())
    words = next((words for sign, words in YAML_WORDS.items() if sign in problem), problem)
    return f"line {mark.line + 1}, column {mark.column + 1}: {words}"


YAML_WORDS = {
    "<block": "its indentation fits none of the lines above",
    "'\\t'": "a tab; YAML is indented with blanks only",
}
"""What the parser says of the mistakes that are made most, and what is meant."""


def _merge_includes(
    workspace: Path, document: dict[str, Any], depth: int, files: _Allowance, room: _Allowance
) -> dict[str, Any]:
    includes = document.pop("include", None)
    if includes is None:
        return document
    if depth > DEEPEST:
        raise _error("the includes are nested too deeply")
    merged: dict[str, Any] = {}
    for entry in includes if isinstance(includes, list) else [includes]:
        name = entry.get("local") if isinstance(entry, dict) and set(entry) == {"local"} else entry
        if not isinstance(name, str) or "://" in name:
            raise _error(f"include {entry}: only files of the project (include: local) can be included here")
        files.take()
        included = _read(workspace, name.lstrip("/"))
        merged = _deep_merge(merged, _merge_includes(workspace, included, depth + 1, files, room), room)
    return _deep_merge(merged, document, room)


def _dereference(document: Mapping[str, Any], value: Any, depth: int, room: _Allowance) -> Any:
    room.take()
    if isinstance(value, _Reference):
        if depth >= DEEPEST:
            raise _error(f"!reference [{', '.join(value)}] is nested too deeply or refers to itself")
        found: Any = document
        for name in value:
            if not isinstance(found, Mapping) or name not in found:
                raise _error(f"!reference [{', '.join(value)}]: there is no {name}")
            found = found[name]
        return _dereference(document, found, depth + 1, room)
    if isinstance(value, dict):
        return {key: _dereference(document, member, depth, room) for key, member in value.items()}
    if isinstance(value, list):
        resolved: list[Any] = []
        for member in value:
            result = _dereference(document, member, depth, room)
            resolved.extend(result) if isinstance(member, _Reference) and isinstance(result, list) else resolved.append(
                result
            )
        return resolved
    return value


def _extended(document: Mapping[str, Any], name: str, seen: tuple[str, ...], room: _Allowance) -> Any:
    job = document[name]
    if not isinstance(job, dict) or "extends" not in job:
        return job
    if name in seen or len(seen) > DEEPEST:
        raise _error(f"extends goes in a circle: {' → '.join([*seen, name])}", name)
    parents = job["extends"] if isinstance(job["extends"], list) else [job["extends"]]
    merged: dict[str, Any] = {}
    for parent in parents:
        if parent not in document:
            raise _error(f"extends {parent}: there is no such job or template", name)
        merged = _deep_merge(merged, _extended(document, parent, (*seen, name), room), room)
    return _deep_merge(merged, {key: value for key, value in job.items() if key != "extends"}, room)


def _deep_merge(base: Mapping[str, Any], over: Mapping[str, Any], room: _Allowance) -> dict[str, Any]:
    room.take(len(base) + len(over))
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _deep_merge(merged[key], value, room) if both else value
    return merged


def _error(message: str, job: str | None = None) -> PipelineError:
    return PipelineError([Problem(message, job)])
