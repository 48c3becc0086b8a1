"""Stage 4 of IoT SQL: tree → Python closures, once per statement. A closure takes the Context and returns a value."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from . import ast, calls, operators, selection
from .arithmetic import OPERATORS_2015, OPERATORS_2016
from .functions import V2015
from .message import Context
from .operators import Compiled
from .values import UNDEFINED, Value, to_number, whole_as_int


class Compiler:
    """Compiles expressions of one statement or template; remembers the closure of every node.

    Names are resolved here: the alias of an enclosing nested query is its element, every other name is a member of
    the innermost element (or of the payload). A name that an element lacks is not looked up in the payload.
    """

    def __init__(self, text: str, version: str) -> None:
        self.text = text
        self.version = version
        self.operators = OPERATORS_2015 if version == V2015 else OPERATORS_2016
        self.depth = 0
        """How many nested queries enclose the place that is being compiled."""
        self.aliases: list[tuple[str | None, int]] = []
        self.repeats_calls = False
        """Whether a nested query asks AWS or chance for each element: evaluating again would ask again."""
        self._compiled: dict[int, tuple[ast.Node, Compiled]] = {}

    def compile(self, node: ast.Node) -> Compiled:
        """The closure of an expression; the same for the same node."""
        known = self._compiled.get(id(node))
        if known is None:
            known = node, self._COMPILE[type(node)](self, node)
            self._compiled[id(node)] = known
        return known[1]

    def source(self, node: ast.Node) -> str:
        """The text of a node."""
        return self.text[node.start : node.end]

    def _literal(self, node: ast.Literal) -> Compiled:
        return operators.constant(self._value(node))

    def _value(self, node: ast.Literal) -> Value:
        return node.value if self.version == V2015 else whole_as_int(node.value)

    def _path(self, node: ast.Path) -> Compiled:
        for alias, depth in reversed(self.aliases):
            if alias == node.names[0]:
                return _members(self.row(depth), node.names[1:])
        if self.depth == 0 and len(node.names) == 1:
            return _field(node.names[0])
        return _members(self.row(self.depth), node.names)

    def row(self, depth: int) -> Compiled:
        """The payload's value (depth 0) or the element of the nested query at that depth."""
        if depth == 0:
            return lambda context: context.document
        index = depth - 1
        return lambda context: context.rows[index]

    def _star(self, node: ast.Star) -> Compiled:
        """`*` where one value stands: the payload as a value, Undefined where it is not JSON."""
        row, at_top = self.row(self.depth), self.depth == 0

        def evaluate(context: Context) -> Value:
            value = row(context)
            return UNDEFINED if value is None and at_top else value

        return evaluate

    def _variable(self, node: ast.Variable) -> Compiled:
        name = node.name
        return lambda context: context.variables.get(name, UNDEFINED)

    def _member(self, node: ast.Member) -> Compiled:
        return _members(self.compile(node.base), node.names)

    def _array(self, node: ast.ArrayLiteral) -> Compiled:
        if all(isinstance(item, ast.Literal) for item in node.items):
            return operators.constant([self._value(item) for item in node.items])  # type: ignore[arg-type]
        items = [self.compile(item) for item in node.items]
        # JSON cannot hold Undefined: in an Array, as in an Object, it is left out.
        return lambda context: [value for item in items if (value := item(context)) is not UNDEFINED]

    def _object(self, node: ast.ObjectLiteral) -> Compiled:
        members = [(key, self.compile(value)) for key, value in node.members]

        def evaluate(context: Context) -> Value:
            return {key: value for key, member in members if (value := member(context)) is not UNDEFINED}

        return evaluate

    def _arithmetic(self, node: ast.Arithmetic) -> Compiled:
        rest = [(self.operators[symbol], self.compile(operand)) for symbol, operand in node.rest]
        return operators.arithmetic(self.compile(node.first), rest)

    def _negate(self, node: ast.Negate) -> Compiled:
        return operators.minus(self.compile(node.operand), self.operators["-"])

    def _comparison(self, node: ast.Comparison) -> Compiled:
        left, right = self.compile(node.left), self.compile(node.right)
        if node.operator in ("=", "<>"):
            return operators.equality(node.operator, left, right)
        number: Any = to_number(node.right.value) if isinstance(node.right, ast.Literal) else UNDEFINED
        if type(number) in (int, Decimal):
            return operators.ordering_with_constant(node.operator, left, number)
        return operators.ordering(node.operator, left, right)

    def _in(self, node: ast.In) -> Compiled:
        return operators.membership(self.compile(node.element), self.compile(node.array))

    def _logic(self, node: ast.Logic) -> Compiled:
        return operators.logic(node.operator, [self.compile(operand) for operand in node.operands])

    def _not(self, node: ast.Not) -> Compiled:
        return operators.negation(self.compile(node.operand))

    def _case(self, node: ast.Case) -> Compiled:
        branches = [(self.compile(when), self.compile(then)) for when, then in node.branches]
        otherwise = operators.constant(UNDEFINED) if node.otherwise is None else self.compile(node.otherwise)
        return operators.case(self.compile(node.subject), branches, otherwise)

    _COMPILE: dict[type[ast.Node], Callable[..., Compiled]] = {
        ast.Literal: _literal,
        ast.Path: _path,
        ast.Star: _star,
        ast.Variable: _variable,
        ast.Member: _member,
        ast.ArrayLiteral: _array,
        ast.ObjectLiteral: _object,
        ast.Arithmetic: _arithmetic,
        ast.Negate: _negate,
        ast.Comparison: _comparison,
        ast.In: _in,
        ast.Logic: _logic,
        ast.Not: _not,
        ast.Case: _case,
        ast.Call: calls.compile_call,
        ast.Cast: calls.compile_cast,
        ast.Query: selection.compile_query,
        ast.Exists: selection.compile_exists,
    }


def _field(name: str) -> Compiled:
    def evaluate(context: Context) -> Value:
        document = context.document
        return document.get(name, UNDEFINED) if type(document) is dict else UNDEFINED

    return evaluate


def _members(base: Compiled, names: tuple[str, ...]) -> Compiled:
    def evaluate(context: Context) -> Any:
        value = base(context)
        for name in names:
            if type(value) is not dict or name not in value:
                return UNDEFINED
            value = value[name]
        return value

    return evaluate
