"""botocore's shapes compiled to functions from JSON to parameters: what moto 5.2.5's JSONParser does, each shape looked
at once instead of at every value of every request. tests/motobase/test_json_shapes.py compares the two.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Any

from moto.core.model import Shape

Convert = Callable[[Any], Any]

INTEGERS = ("integer", "long", "short", "byte")
FLOATS = ("float", "double")


class Readers:
    """The functions of one service's shapes; `timestamp` reads a time."""

    def __init__(self, timestamp: Callable[[Any], datetime]) -> None:
        self._timestamp = timestamp
        self._known: dict[str, Convert] = {}

    def reader(self, shape: Shape) -> Convert:
        """Takes a JSON value of this shape; raises what moto's parser raises for a value that does not fit."""
        kind = shape.type_name
        if kind in ("list", "map") or (kind == "structure" and not shape.is_document_type):  # type: ignore[attr-defined]
            if shape.name not in self._known:
                getattr(self, f"_{kind}")(shape)
            return self._known[shape.name]
        if kind == "blob":
            return base64.b64decode
        if kind == "timestamp":
            return self._timestamp
        return int if kind in INTEGERS else float if kind in FLOATS else _same

    def _structure(self, shape: Any) -> None:
        members: list[tuple[str, str, Convert]] = []
        by_json_name: dict[str, tuple[str, Convert]] = {}

        def read(value: Any) -> Any:
            if value is None:
                return None
            if type(value) is dict and len(value) == 1:  # DynamoDB's AttributeValue has ten members and one value
                [(json_name, raw)] = value.items()
                found = by_json_name.get(json_name)
                return {} if found is None or raw is None else {found[0]: found[1](raw)}
            parsed = {}
            for json_name, name, convert in members:
                raw = value.get(json_name)
                if raw is not None:
                    parsed[name] = convert(raw)
            return parsed

        self._known[shape.name] = read  # before its members are looked at: one of them may be of this shape again
        for name, member in shape.members.items():
            json_name = member.serialization.get("name", name)
            members.append((json_name, name, self.reader(member)))
            by_json_name[json_name] = name, members[-1][2]

    def _list(self, shape: Any) -> None:
        converts: list[Convert] = []

        def read(value: Any) -> Any:
            [convert] = converts
            return [convert(member) for member in value]

        self._known[shape.name] = read
        converts.append(self.reader(shape.member))

    def _map(self, shape: Any) -> None:
        converts: list[Convert] = []

        def read(value: Any) -> Any:
            convert_key, convert = converts
            return {convert_key(key): convert(member) for key, member in value.items()}

        self._known[shape.name] = read
        converts += self.reader(shape.key), self.reader(shape.value)


def _same(value: Any) -> Any:
    return value
