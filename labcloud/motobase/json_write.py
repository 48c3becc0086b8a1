"""botocore's shapes compiled to functions from results to JSON: what moto 5.2.5's JSONSerializer does to plain results.

What is not plain (objects, enumerations, aliases by class names) raises NotPlain and goes moto's own way.
tests/motobase/test_json_shapes.py compares the two.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from moto.core.model import Shape
from moto.core.serialize import AttributePickerContext, JSONSerializer, TimestampSerializer, XFormedAttributePicker

Convert = Callable[[Any], Any]
Candidates = Callable[[str, Shape], list[str]]
"""The keys under which a result may hold a structure's member, the first that is there wins."""


class NotPlain(Exception):
    """A result or a shape for moto's own serialiser."""


def exact_key(key: str, shape: Shape) -> list[str]:
    """Results of our own services use the model's names."""
    return [key]


def moto_keys(key: str, shape: Shape) -> list[str]:
    """moto's results may use other spellings too."""
    return list(dict.fromkeys(XFormedAttributePicker().get_possible_keys(AttributePickerContext({}, key, shape))))


class Writers:
    """The functions of one service's shapes."""

    def __init__(self, candidates: Candidates) -> None:
        self._candidates = candidates
        self._known: dict[str, Convert] = {}

    def writer(self, shape: Shape) -> Convert:
        """Takes a plain result of this shape, gives what goes out as JSON. Raises NotPlain."""
        kind = shape.type_name
        if kind in ("list", "map") or (kind == "structure" and not shape.is_document_type):  # type: ignore[attr-defined]
            if shape.name not in self._known:
                getattr(self, f"_{kind}")(shape)
            return self._known[shape.name]
        if kind == "timestamp":
            return _timestamp(shape)
        return _SCALARS.get(kind, _same)

    def _structure(self, shape: Any) -> None:
        members: list[tuple[str, list[str], Convert]] = []
        takers: dict[str, list[tuple[str, Convert]]] = {}

        def write(value: Any) -> Any:
            if type(value) is not dict:
                raise NotPlain(shape.name)
            if len(value) == 1:
                [(key, member)] = value.items()
                if member is None:
                    return {}
                return {name: convert(member) for name, convert in takers.get(key, ())}
            written = {}
            for name, keys, convert in members:
                for key in keys:
                    if key in value:
                        if value[key] is not None:
                            written[name] = convert(value[key])
                        break
            return written

        self._known[shape.name] = write  # before its members are looked at: one of them may be of this shape again
        for key, member in shape.members.items():
            member.parent = shape  # as moto does: the aliases depend on it
            name = member.serialization.get("name", key)
            members.append((name, self._candidates(key, member), self.writer(member)))
            for candidate in members[-1][1]:
                takers.setdefault(candidate, []).append((name, members[-1][2]))

    def _list(self, shape: Any) -> None:
        _refuse_renamed(shape.member)
        converts: list[Convert] = []

        def write(value: Any) -> Any:
            [convert] = converts
            return [convert(_there(member)) for member in _plain(value, list)]

        self._known[shape.name] = write
        converts.append(self.writer(shape.member))

    def _map(self, shape: Any) -> None:
        _refuse_renamed(shape.value)
        converts: list[Convert] = []

        def write(value: Any) -> Any:
            [convert] = converts
            return {key: convert(_there(member)) for key, member in _plain(value, dict).items()}

        self._known[shape.name] = write
        converts.append(self.writer(shape.value))


def _plain(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise NotPlain(type(value).__name__)
    return value


def _there(value: Any) -> Any:
    if value is None:
        raise NotPlain("None")
    return value


def _refuse_renamed(shape: Shape) -> None:
    if "name" in shape.serialization:
        raise NotPlain(shape.name)


def _same(value: Any) -> Any:
    return value


def _string(value: Any) -> str:
    return _plain(value, str)  # type: ignore[no-any-return]


def _blob(value: Any) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def _timestamp(shape: Shape) -> Convert:
    times = TimestampSerializer(JSONSerializer.DEFAULT_TIMESTAMP_FORMAT)

    def write(value: Any) -> Any:
        wrapper: dict[str, Any] = {}
        times.serialize(wrapper, value, shape, "at")
        return wrapper["at"]

    return write


_SCALARS: dict[str, Convert] = {
    "string": _string,
    "blob": _blob,
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
}
