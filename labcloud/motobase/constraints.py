"""What botocore's models say about parameters (lengths, patterns, enumerations), checked as AWS's front door does.

boto3 itself checks only presence and minimum lengths; moto checks nothing. Pure.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

import regex
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.validate import ParamValidator
from moto.core.utils import get_service_model

from labcloud.errors import AwsError

_NOT_NULL = "failed to satisfy constraint: Member must not be null"


def complaint_about_request(
    service: str, operation: str, parameters: Mapping[str, Any], ignore: frozenset[str] = frozenset()
) -> str | None:
    """`complaint` about an operation's parameters, by the service's model."""
    shape = get_service_model(service).operation_model(operation).input_shape
    return complaint(shape, parameters, ignore)


def complaint(shape: Shape | None, parameters: Mapping[str, Any], ignore: frozenset[str] = frozenset()) -> str | None:
    """AWS's sentence about everything that breaks the model's constraints; None if nothing does.

    `ignore` names members whose constraints AWS does not apply this way (it answers with an error of its own).
    """
    found = list(_violations(shape, parameters, "", ignore)) if shape is not None else []
    return _detected(found) if found else None


def require_members(shape: StructureShape | None, parameters: Mapping[str, Any]) -> None:
    """Raises AwsError ValidationException for a request without what the model requires: SDKs do not send it."""
    missing = [name for name in shape.required_members if name not in parameters] if shape is not None else ()
    if missing:
        each = [f"Value null at '{name[:1].lower()}{name[1:]}' {_NOT_NULL}" for name in missing]
        raise AwsError(_detected(each), code="ValidationException")


def misfit(shape: StructureShape | None, parameters: Mapping[str, Any]) -> str | None:
    """What has another type than the model says, or is missing anywhere; None: nothing. For crashes: it is slow."""
    report = ParamValidator().validate(dict(parameters), shape) if shape is not None else None
    return report.generate_report() if report is not None and report.has_errors() else None


def _detected(found: list[str]) -> str:
    return f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: {'; '.join(found)}"


def _violations(shape: Shape, value: Any, path: str, ignore: frozenset[str]) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        yield from _structure(shape, value, path, ignore)
    elif isinstance(shape, ListShape):
        yield from _size(shape, len(value), value, path)
        for number, item in enumerate(value, start=1):
            yield from _violations(shape.member, item, f"{path}.{number}.member", ignore)
    elif isinstance(shape, MapShape):
        yield from _size(shape, len(value), value, path)
        for key, item in value.items():
            yield from _violations(shape.key, key, f"{path}.{key}.key", ignore)
            yield from _violations(shape.value, item, f"{path}.{key}.member", ignore)
    elif shape.type_name == "string" and isinstance(value, str):
        yield from _size(shape, len(value), value, path)
        yield from _text(shape, value, path)
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from _range(shape, value, path)


def _structure(shape: StructureShape, value: Any, path: str, ignore: frozenset[str]) -> Iterator[str]:
    if not isinstance(value, Mapping):
        return
    for name, member in shape.members.items():
        if name in ignore:
            continue
        where = f"{path}.{name}".lstrip(".")
        if value.get(name) is not None:
            yield from _violations(member, value[name], where, ignore)
        elif name in shape.required_members:
            yield f"Value null at '{where}' {_NOT_NULL}"


def _size(shape: Shape, size: int, value: Any, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        yield _sentence(value, path, f"Member must have length greater than or equal to {low}")
    if high is not None and size > high:
        yield _sentence(value, path, f"Member must have length less than or equal to {high}")


def _range(shape: Shape, value: float, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and value < low:
        yield _sentence(value, path, f"Member must have value greater than or equal to {low}")
    if high is not None and value > high:
        yield _sentence(value, path, f"Member must have value less than or equal to {high}")


def _text(shape: Shape, value: str, path: str) -> Iterator[str]:
    pattern, choices = shape.metadata.get("pattern"), shape.metadata.get("enum")
    if pattern and not compiled(pattern).fullmatch(value):
        yield _sentence(value, path, f"Member must satisfy regular expression pattern: {pattern}")
    if choices and value not in choices:
        yield _sentence(value, path, f"Member must satisfy enum value set: [{', '.join(choices)}]")


def _sentence(value: Any, path: str, constraint: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"


@functools.cache
def compiled(pattern: str) -> regex.Pattern[str]:
    """A pattern of the models (Java's dialect), compiled; the whole text has to match."""
    return regex.compile(pattern, flags=regex.V0)
