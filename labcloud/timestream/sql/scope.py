"""What names mean at a place in a query: relations with columns, lambda parameters, and the query's context."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from labcloud.timestream.errors import QueryError
from labcloud.timestream.sql.nodes import Position, TableName
from labcloud.timestream.sql.types import Type
from labcloud.timestream.sql.values import Typed


@dataclass(frozen=True)
class Column:
    """A visible column: its name as the query says it, and its DuckDB SQL. Unnamed columns have no name."""

    name: str | None
    type: Type
    sql: str


@dataclass(frozen=True)
class Source:
    """A relation in FROM: its SQL, its alias as the query says it, its columns."""

    sql: str
    alias: str | None
    columns: tuple[Column, ...]
    stored: bool = False
    """A table of the store: its column names are case sensitive; aliases are not."""


ResolveTable = Callable[[TableName], Source]


@dataclass
class Context:
    """What the analysis of one query shares: the time of now(), the tables, fresh names."""

    now_ns: int
    resolve_table: ResolveTable
    scheduled_runtime_ns: int | None = None
    """@scheduled_runtime; None: this is no scheduled query."""
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def fresh(self, prefix: str) -> str:
        """A DuckDB name that nothing else in the query has."""
        return f"{prefix}{next(self._numbers)}"


@dataclass(frozen=True)
class Scope:
    """The names visible to an expression; inner scopes look outwards."""

    context: Context
    sources: tuple[Source, ...] = ()
    parent: Scope | None = None
    common: dict[str, Source] = field(default_factory=dict)
    parameters: dict[str, Typed] = field(default_factory=dict)
    aliases: dict[str, Typed] = field(default_factory=dict)
    """Output columns, which ORDER BY sees before the source's columns."""
    no_aggregate_in: str | None = None
    """Names the clause in which aggregate functions are an error, for example WHERE clause."""

    def find_column(self, name: str, qualifier: str | None, at: Position) -> Typed | None:
        """The column of this name in this scope or an outer one."""
        found = [
            column
            for source in self.sources
            if qualifier is None or _same(source.alias, qualifier)
            for column in _columns_named(source, name)
        ]
        if len(found) > 1:
            raise QueryError(at, f"Column '{name}' is ambiguous")
        if found:
            return Typed(found[0].sql, found[0].type)
        return self.parent.find_column(name, qualifier, at) if self.parent else None

    def has_qualifier(self, name: str) -> bool:
        here = any(_same(source.alias, name) for source in self.sources)
        return here or (self.parent is not None and self.parent.has_qualifier(name))

    def find_common_table(self, name: str) -> Source | None:
        if found := self.common.get(name.lower()):
            return found
        return self.parent.find_common_table(name) if self.parent else None


def _same(alias: str | None, name: str) -> bool:
    return alias is not None and alias.lower() == name.lower()


def _columns_named(source: Source, name: str) -> list[Column]:
    exact = [column for column in source.columns if column.name == name]
    if exact or source.stored:
        return exact
    return [column for column in source.columns if _same(column.name, name)]


def rename(source: Source, alias: str, columns: tuple[str, ...], at: Position) -> Source:
    """The source under AS alias(columns)."""
    if columns and len(columns) != len(source.columns):
        raise QueryError(at, f"Column alias list has {len(columns)} entries but '{alias}' has {len(source.columns)}")
    renamed = source.columns
    if columns:
        pairs = zip(columns, source.columns, strict=True)
        renamed = tuple(Column(name, column.type, column.sql) for name, column in pairs)
    return Source(source.sql, alias, renamed, source.stored and not columns)
