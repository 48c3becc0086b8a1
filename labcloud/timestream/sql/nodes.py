"""The syntax tree of a Timestream query: what the parser makes and the analysis reads. No meaning is decided here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Position(NamedTuple):
    """Where a piece of the query begins; both count from 1, as in the service's messages."""

    line: int
    column: int


@dataclass(frozen=True)
class Node:
    """Any piece of a query. Positions do not take part in equality."""

    at: Position = field(compare=False, kw_only=True)


class Expression(Node):
    """Something with a value."""


@dataclass(frozen=True)
class Literal(Expression):
    """`kind` is null, boolean, integer, double or string; `text` as written, unquoted."""

    kind: str
    text: str


@dataclass(frozen=True)
class TypedLiteral(Expression):
    """For example TIMESTAMP '2022-06-17 10:00:00'."""

    type_name: str
    text: str


@dataclass(frozen=True)
class IntervalLiteral(Expression):
    """INTERVAL '2' DAY (amount, unit) and the duration literals such as 15m."""

    amount: str
    unit: str


@dataclass(frozen=True)
class Name(Expression):
    """An identifier or a chain of them: column, table.column, row.field."""

    parts: tuple[str, ...]


@dataclass(frozen=True)
class Parameter(Expression):
    """@name; `name` is without the @."""

    name: str


@dataclass(frozen=True)
class Star(Expression):
    """`*` or `t.*`."""

    qualifier: str | None = None


@dataclass(frozen=True)
class SortItem(Node):
    expression: Expression
    descending: bool
    nulls_first: bool | None


@dataclass(frozen=True)
class FrameBound(Node):
    """`kind` is as in SQL, for example UNBOUNDED PRECEDING; `offset` only for n PRECEDING and n FOLLOWING."""

    kind: str
    offset: Expression | None = None


@dataclass(frozen=True)
class Over(Node):
    partition_by: tuple[Expression, ...]
    order_by: tuple[SortItem, ...]
    frame_unit: str | None
    frame: tuple[FrameBound, FrameBound] | None


@dataclass(frozen=True)
class Call(Expression):
    """A function call, plain, aggregate or window."""

    name: str
    arguments: tuple[Expression, ...]
    distinct: bool = False
    order_by: tuple[SortItem, ...] = ()
    where: Expression | None = None
    over: Over | None = None
    ignore_nulls: bool = False


@dataclass(frozen=True)
class Lambda(Expression):
    parameters: tuple[str, ...]
    body: Expression


@dataclass(frozen=True)
class TypeName(Node):
    name: str
    arguments: tuple[TypeName, ...] = ()
    field_names: tuple[str | None, ...] = ()


@dataclass(frozen=True)
class Cast(Expression):
    value: Expression
    to: TypeName
    may_fail: bool


@dataclass(frozen=True)
class Extract(Expression):
    part: str
    value: Expression


@dataclass(frozen=True)
class Unary(Expression):
    """`operator` is -, + or NOT."""

    operator: str
    value: Expression


@dataclass(frozen=True)
class Binary(Expression):
    """Arithmetic, ||, comparison, AND, OR, IS DISTINCT FROM."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Between(Expression):
    value: Expression
    low: Expression
    high: Expression


@dataclass(frozen=True)
class InList(Expression):
    value: Expression
    items: tuple[Expression, ...]


@dataclass(frozen=True)
class Like(Expression):
    value: Expression
    pattern: Expression
    escape: Expression | None


@dataclass(frozen=True)
class IsNull(Expression):
    value: Expression


@dataclass(frozen=True)
class Case(Expression):
    """`operand` is None in the searched form."""

    operand: Expression | None
    branches: tuple[tuple[Expression, Expression], ...]
    otherwise: Expression | None


@dataclass(frozen=True)
class ArrayLiteral(Expression):
    items: tuple[Expression, ...]


@dataclass(frozen=True)
class RowLiteral(Expression):
    items: tuple[Expression, ...]


@dataclass(frozen=True)
class Subscript(Expression):
    value: Expression
    index: Expression


@dataclass(frozen=True)
class FieldOf(Expression):
    value: Expression
    name: str


@dataclass(frozen=True)
class ScalarQuery(Expression):
    query: Query


@dataclass(frozen=True)
class Exists(Expression):
    query: Query


@dataclass(frozen=True)
class InQuery(Expression):
    value: Expression
    query: Query


@dataclass(frozen=True)
class Quantified(Expression):
    """value operator ALL|ANY|SOME (query)."""

    operator: str
    quantifier: str
    value: Expression
    query: Query


class Relation(Node):
    """Something with rows in FROM."""


@dataclass(frozen=True)
class TableName(Relation):
    database: str | None
    table: str


@dataclass(frozen=True)
class DerivedTable(Relation):
    query: Query


@dataclass(frozen=True)
class Unnest(Relation):
    arrays: tuple[Expression, ...]
    with_ordinality: bool


@dataclass(frozen=True)
class Aliased(Relation):
    relation: Relation
    alias: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Join(Relation):
    """`kind` is CROSS, INNER, LEFT, RIGHT or FULL."""

    kind: str
    left: Relation
    right: Relation
    on: Expression | None = None
    using: tuple[str, ...] = ()


@dataclass(frozen=True)
class SelectItem(Node):
    expression: Expression
    alias: str | None


class Body(Node):
    """What can stand between WITH and ORDER BY."""


@dataclass(frozen=True)
class Select(Body):
    items: tuple[SelectItem, ...]
    distinct: bool
    source: Relation | None
    where: Expression | None
    group_by: tuple[tuple[str, tuple[tuple[Expression, ...], ...]], ...]
    """Each element: ("" | ROLLUP | CUBE | GROUPING SETS, its sets of expressions)."""
    having: Expression | None


@dataclass(frozen=True)
class SetOperation(Body):
    """`operator` is UNION, INTERSECT or EXCEPT."""

    operator: str
    all: bool
    left: Body
    right: Body


@dataclass(frozen=True)
class Values(Body):
    rows: tuple[tuple[Expression, ...], ...]


@dataclass(frozen=True)
class Nested(Body):
    """A query in parentheses."""

    query: Query


@dataclass(frozen=True)
class CommonTable(Node):
    name: str
    columns: tuple[str, ...]
    query: Query


@dataclass(frozen=True)
class Query(Node):
    common: tuple[CommonTable, ...]
    body: Body
    order_by: tuple[SortItem, ...]
    limit: int | None
    offset: int | None


@dataclass(frozen=True)
class ShowDatabases(Node):
    like: str | None


@dataclass(frozen=True)
class ShowTables(Node):
    database: str | None
    like: str | None


@dataclass(frozen=True)
class ShowMeasures(Node):
    table: TableName
    like: str | None


@dataclass(frozen=True)
class Describe(Node):
    table: TableName


@dataclass(frozen=True)
class UnloadOption(Node):
    """`value`: a text, or the names of partitioned_by."""

    name: str
    value: str | tuple[str, ...]


@dataclass(frozen=True)
class Unload(Node):
    query: Query
    destination: str
    options: tuple[UnloadOption, ...]


Statement = Query | ShowDatabases | ShowTables | ShowMeasures | Describe | Unload
