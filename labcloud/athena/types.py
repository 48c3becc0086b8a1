"""Column types: Hive's text → a tree → DuckDB's type, and DuckDB's types → Athena's names. Pure.

Source: Athena User Guide, "Data types in Amazon Athena".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SCALARS = {
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "string": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "binary": "BLOB",
}
_TOKEN = re.compile(r"\s*([A-Za-z_][\w\-]*|\d+|[<>(),:])")


@dataclass(frozen=True)
class HiveType:
    """`kind` is a scalar's name, or array, map, struct with `inside`; struct fields have `names`."""

    kind: str
    inside: tuple[HiveType, ...] = ()
    names: tuple[str, ...] = ()
    precision: tuple[int, ...] = ()

    @property
    def duckdb(self) -> str:
        if self.kind == "array":
            return f"{self.inside[0].duckdb}[]"
        if self.kind == "map":
            return f"MAP({self.inside[0].duckdb}, {self.inside[1].duckdb})"
        if self.kind == "struct":
            fields = ", ".join(f'"{name}" {field.duckdb}' for name, field in zip(self.names, self.inside, strict=True))
            return f"STRUCT({fields})"
        if self.kind == "decimal":
            precision, scale = (*self.precision, 10, 0)[:2] if len(self.precision) != 1 else (self.precision[0], 0)
            return f"DECIMAL({precision}, {scale})"
        return "VARCHAR" if self.kind in ("varchar", "char") else SCALARS[self.kind]


def parse_type(text: str) -> HiveType:
    """Raises ValueError with a sentence for a type that is not served."""
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != re.sub(r"\s", "", text):
        raise ValueError(f"{text!r} is not a column type")
    parsed, rest = _parse(tokens, text)
    if rest:
        raise ValueError(f"{text!r} is not a column type")
    return parsed


def _parse(tokens: list[str], text: str) -> tuple[HiveType, list[str]]:
    if not tokens:
        raise ValueError(f"{text!r} is not a column type")
    kind, rest = tokens[0].lower(), tokens[1:]
    if kind in ("array", "map"):
        return _parse_collection(kind, rest, text)
    if kind == "struct":
        return _parse_struct(rest, text)
    if kind in ("decimal", "varchar", "char"):
        numbers: list[int] = []
        if rest[:1] == ["("]:
            end = rest.index(")")
            numbers, rest = [int(token) for token in rest[1:end] if token != ","], rest[end + 1 :]
        return HiveType(kind, precision=tuple(numbers)), rest
    if kind not in SCALARS:
        raise ValueError(f"{kind!r} is not a column type that the local cloud serves")
    return HiveType(kind), rest


def _parse_collection(kind: str, rest: list[str], text: str) -> tuple[HiveType, list[str]]:
    rest, inside = _expect("<", rest, text), []
    for number in range(1 if kind == "array" else 2):
        if number:
            rest = _expect(",", rest, text)
        part, rest = _parse(rest, text)
        inside.append(part)
    return HiveType(kind, tuple(inside)), _expect(">", rest, text)


def _parse_struct(rest: list[str], text: str) -> tuple[HiveType, list[str]]:
    rest, names, inside = _expect("<", rest, text), [], []
    while True:
        names.append(rest[0].lower() if rest else "")
        part, rest = _parse(_expect(":", rest[1:], text), text)
        inside.append(part)
        if rest[:1] != [","]:
            return HiveType("struct", tuple(inside), tuple(names)), _expect(">", rest, text)
        rest = rest[1:]


def _expect(token: str, rest: list[str], text: str) -> list[str]:
    if rest[:1] != [token]:
        raise ValueError(f"{text!r} is not a column type: {token!r} is missing")
    return rest[1:]


_NAMES = {
    "VARCHAR": "varchar",
    "BIGINT": "bigint",
    "HUGEINT": "bigint",
    "UBIGINT": "bigint",
    "INTEGER": "integer",
    "SMALLINT": "smallint",
    "TINYINT": "tinyint",
    "DOUBLE": "double",
    "FLOAT": "float",
    "BOOLEAN": "boolean",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
    "DATE": "date",
    "TIME": "time",
    "BLOB": "varbinary",
    "JSON": "json",
    "INTERVAL": "interval day to second",
    "NULL": "unknown",
    '"NULL"': "unknown",
}


def athena_name(duckdb_type: str) -> str:
    """A result column's type as GetQueryResults names it."""
    if duckdb_type.endswith("]"):
        return "array"
    for prefix, name in (("STRUCT", "row"), ("MAP", "map"), ("DECIMAL", "decimal"), ("TIMESTAMP_", "timestamp")):
        if duckdb_type.startswith(prefix):
            return name
    return _NAMES.get(duckdb_type, duckdb_type.lower())


PRECISIONS = {
    "varchar": 2_147_483_647,
    "bigint": 19,
    "integer": 10,
    "smallint": 5,
    "tinyint": 3,
    "double": 17,
    "float": 17,
}
