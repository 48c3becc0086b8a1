"""Stage 2's result: the tree of an IoT SQL statement. Every node knows its place in the text (`start`, `end`).

Chains of operators are flat (`a + b - c` is one node), so the depth of a tree is bounded by the nesting in the text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Node:
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Literal(Node):
    value: str | int | Decimal | bool | None


@dataclass(frozen=True, slots=True)
class Path(Node):
    """`a.b.c`: members of the payload, or of the element of the enclosing nested query."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variable(Node):
    """`@name` of the SET clause."""

    name: str


@dataclass(frozen=True, slots=True)
class Member(Node):
    """`.b.c` behind something that is not a path: a call, a variable, parentheses."""

    base: Node
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Star(Node):
    """`*`: the whole payload (or the whole element of a nested query)."""


@dataclass(frozen=True, slots=True)
class Call(Node):
    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Cast(Node):
    value: Node
    type_name: str
    type_start: int
    type_end: int


@dataclass(frozen=True, slots=True)
class ArrayLiteral(Node):
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class ObjectLiteral(Node):
    members: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """`first op operand op operand …` of one level of precedence, left to right."""

    first: Node
    rest: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Negate(Node):
    operand: Node


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class In(Node):
    element: Node
    array: Node


@dataclass(frozen=True, slots=True)
class Logic(Node):
    """Operands joined by AND, or by OR."""

    operator: str
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not(Node):
    operand: Node


@dataclass(frozen=True, slots=True)
class Case(Node):
    subject: Node
    branches: tuple[tuple[Node, Node], ...]
    otherwise: Node | None


@dataclass(frozen=True, slots=True)
class Item(Node):
    """One item of a SELECT; `alias` is the dotted name after AS, in parts."""

    expression: Node
    alias: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Query(Node):
    """A nested SELECT: over each element of an array, or over one object."""

    items: tuple[Item, ...]
    is_value: bool
    source: Node
    alias: str | None
    where: Node | None


@dataclass(frozen=True, slots=True)
class Exists(Node):
    query: Query


@dataclass(frozen=True, slots=True)
class Assignment(Node):
    name: str
    expression: Node


@dataclass(frozen=True, slots=True)
class Select(Node):
    """A whole statement."""

    assignments: tuple[Assignment, ...]
    items: tuple[Item, ...]
    is_value: bool
    topic_filter: str | None
    where: Node | None


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, in the order of the text."""
    yield node
    for child in children(node):
        yield from walk(child)


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below a node."""
    for field in fields(node):
        yield from _nodes(getattr(node, field.name))


def _nodes(value: object) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _nodes(part)
