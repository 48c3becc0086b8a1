"""What a resource type is: which properties it has, and the API calls that make, change and delete one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from labcloud.api import Scope

Properties = dict[str, Any]


class Api(Protocol):
    """The cloud's API on behalf of the stack. Raises AwsError."""

    scope: Scope

    def __call__(self, service: str, operation: str, /, **parameters: Any) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Made:
    """A resource that exists: what Ref and GetAtt give."""

    physical_id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


Create = Callable[[Api, str, Properties], Made]
"""create(api, name, properties): `name` is the given or the made-up one"""
Update = Callable[[Api, Made, Properties, Properties], Made]
"""update(api, what there is, properties before, properties now)"""
Delete = Callable[[Api, Made, Properties], None]


@dataclass(frozen=True)
class ResourceType:
    """`name` is the property with the physical name; a change of a property outside of `mutable` replaces."""

    create: Create
    delete: Delete
    properties: frozenset[str]
    name: str | None = None
    update: Update | None = None
    mutable: frozenset[str] = frozenset()
    lower: bool = False
    """Whether made-up names have small letters only."""
    separator: str = "-"


def words(text: str) -> frozenset[str]:
    """The names in a text."""
    return frozenset(text.split())


def without(properties: Mapping[str, Any], *names: str) -> Properties:
    """The properties but for some."""
    return {key: value for key, value in properties.items() if key not in names}


def api_case(value: Any) -> Any:
    """Members as an API with small first letters writes them; booleans that a template wrote as texts are booleans."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: api_case(item) for key, item in value.items()}
    if isinstance(value, list):
        return [api_case(item) for item in value]
    return value


def as_boolean(value: Any) -> bool:
    """true, "true", "True"."""
    return str(value).lower() == "true"
