"""What GitLab's JSON schema refuses, in words: the validators' own messages are written for those who write schemas."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

KINDS = {
    "string": "a text",
    "array": "a list",
    "object": "a mapping",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
}
LONGEST = 300


def in_words(error: Any) -> str:
    """One error of `jsonschema`, without its place. Those that are rare stay in the library's words, shortened."""
    if error.validator == "additionalProperties" and isinstance(error.instance, Mapping):
        return _unknown_keywords(error)
    if error.validator == "enum":
        return (
            f"{error.instance} is none of the words that may stand here: {', '.join(map(str, error.validator_value))}"
        )
    if error.validator == "required":
        return f"the keyword {', '.join(sorted(set(error.validator_value) - set(error.instance)))} is missing"
    if kinds := list(dict.fromkeys(KINDS[kind] for kind in _kinds(error) if kind in KINDS)):
        return f"{' or '.join(kinds)} is expected here, not {_kind_of(error.instance)}"
    message = str(error.message)
    return message if len(message) < LONGEST else f"{message[:LONGEST]} ..."


def _unknown_keywords(error: Any) -> str:
    known = error.schema.get("properties", {})
    unknown = [str(name) for name in error.instance if name not in known]
    near = difflib.get_close_matches(unknown[0], known, 1) if unknown else []
    names = ", ".join(unknown)
    return f"there is no keyword {names}; did you mean {near[0]}?" if near else f"there is no keyword {names}"


def _kinds(error: Any) -> Iterator[str]:
    """The kinds of value that would be taken: of the error itself, or of what each branch of a choice says of the value."""
    if error.validator == "type":
        wanted = error.validator_value
        yield from [wanted] if isinstance(wanted, str) else wanted
    for inner in error.context or ():
        if list(inner.absolute_path) == list(error.absolute_path):
            yield from _kinds(inner)


def _kind_of(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    for kind, name in ((str, "a text"), (list, "a list"), (dict, "a mapping"), (int | float, "a number")):
        if isinstance(value, kind):
            return name
    return "nothing"
