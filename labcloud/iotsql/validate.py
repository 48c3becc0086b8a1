"""Stage 3 of IoT SQL: what a statement must not say. Unknown functions, a too old version, unknown variables, limits.

A wrong number or type of arguments is no error: such a function returns Undefined (iot-sql-data-types).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable

from . import ast
from .errors import SqlParseError
from .expressions import MAX_DEPTH
from .functions import FUNCTIONS, V2015, V2016
from .nesting import nesting

CASTS_2015 = {"string": "String", "nvarchar": "String", "text": "String", "ntext": "String", "varchar": "String"}
CASTS_2015 |= {"int": "Int", "integer": "Int", "double": "Double", "decimal": "Decimal"}
CASTS_2016 = CASTS_2015 | {"bool": "Boolean", "boolean": "Boolean"}
"""Keyword of cast → type (iot-sql-functions, cast).

The page lists Decimal for 2016-03-23 only, yet a few lines below it advises 2015-10-08 for casting whole numbers to
Decimal: so the old version takes it.
"""

MAX_VARIABLES = 10
_VARIABLE_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")
_REGISTRY_APIS = ("DescribeThing", "ListThingGroupsForThing")
_CONSTANT = {"decode": {1}, "encode": {1}, "get_registry_data": {0}}
"""Function → positions of arguments that must be constants."""
_NO_VARIABLES = {"transform": {0}, "get_secret": {1}, "machinelearning_predict": {1}}
"""Function → positions where no variable may stand: modes and roles (iot-sql-set); a role's ARN at the end as well."""
_ROLE_LAST = frozenset({"get_dynamodb", "get_registry_data", "get_secret", "get_thing_shadow"})


class Validator:
    """Checks one statement, or one expression of a template, and collects the external functions it uses."""

    def __init__(
        self, text: str, version: str, variables: set[str] | None = None, *, in_template: bool = False
    ) -> None:
        self.text = text
        self.version = version
        self.variables = variables
        """The variables that exist; None: any may (a template alone does not know them)."""
        self.in_template = in_template
        self.external: list[str] = []
        self.unknown: list[ast.Variable] = []
        """Variables that were met where any may stand: whoever knows the SET clause checks them."""
        self._nesting: dict[str, int] = {}

    def statement(self, select: ast.Select) -> None:
        """Checks a whole statement: SET first, each assignment seeing only the earlier ones."""
        self.variables = set()
        for assignment in select.assignments:
            self._assignment(assignment)
        for part in (*select.items, *(() if select.where is None else (select.where,))):
            self.expression(part)

    def expression(self, node: ast.Node) -> None:
        """Checks an expression (or an item of SELECT) and everything in it."""
        if nesting(node, self._nesting) > MAX_DEPTH:
            raise self._refuse(node, f"this makes a result that is nested deeper than {MAX_DEPTH} levels")
        for part in ast.walk(node):
            check = self._CHECKS.get(type(part))
            if check is not None:
                check(self, part)

    def _refuse(self, node: ast.Node, problem: str, hint: str = "") -> SqlParseError:
        return SqlParseError(self.text, node.start, node.end, problem, hint)

    def _assignment(self, assignment: ast.Assignment) -> None:
        assert self.variables is not None
        if not _VARIABLE_NAME.fullmatch(assignment.name):
            raise self._refuse(assignment, "a variable's name is letters, digits and _, at most 64 of them")
        if assignment.name in self.variables:
            raise self._refuse(assignment, f"@{assignment.name} is already set: a variable is assigned once")
        self.expression(assignment.expression)
        self.variables.add(assignment.name)
        self._nesting[assignment.name] = nesting(assignment.expression, self._nesting)
        if len(self.variables) > MAX_VARIABLES:
            raise self._refuse(assignment, f"a statement has at most {MAX_VARIABLES} variables")

    def _needs_2016(self, node: ast.Node, what: str) -> None:
        if self.version == V2015:
            hint = f'Set aws_iot_sql_version (awsIotSqlVersion) to "{V2016}".'
            raise self._refuse(node, f"{what} SQL version {V2016} or later; this rule has {V2015}", hint)

    def _literal(self, node: ast.Node) -> None:
        self._needs_2016(node, "arrays and objects in a statement need")

    def _query(self, node: ast.Node) -> None:
        self._needs_2016(node, "a nested query needs")

    def _variable(self, node: ast.Variable) -> None:
        if self.variables is None:
            self.unknown.append(node)
        elif node.name not in self.variables:
            hint = "It is set by SET @name = value before SELECT, and seen by what follows."
            raise self._refuse(node, f"the variable @{node.name} is not set", hint)

    def _cast(self, node: ast.Cast) -> None:
        if node.type_name.lower() in (CASTS_2015 if self.version == V2015 else CASTS_2016):
            return
        place = ast.Node(node.type_start, node.type_end)
        if node.type_name.lower() in CASTS_2016:
            self._needs_2016(place, f"cast to {node.type_name} needs")
        raise self._refuse(
            place, f"cast knows no type {node.type_name}", "Types: String, Int, Double, Decimal, Boolean."
        )

    def _call(self, node: ast.Call) -> None:
        name = node.name.lower()
        place = ast.Node(node.start, node.start + len(node.name))
        known = FUNCTIONS.get(name)
        if known is None:
            near = difflib.get_close_matches(name, FUNCTIONS, 1, 0.7)
            raise self._refuse(place, f"there is no function {node.name}", f"Did you mean {near[0]}?" if near else "")
        if known.since == V2016:
            self._needs_2016(place, f"the function {node.name} needs")
        self._arguments(node, name, known.star)
        if known.external or is_protobuf(node):
            if is_protobuf(node) and self.in_template:
                raise self._refuse(place, "a protobuf message cannot be decoded in a substitution template")
            self.external.append(name)
        if name == "get_or_default" and len(node.arguments) > 1:
            self._default(node.arguments[1])

    def _arguments(self, node: ast.Call, name: str, star: str) -> None:
        for position, argument in enumerate(node.arguments):
            if isinstance(argument, ast.Star) and not star:
                raise self._refuse(argument, f"{node.name} takes no *")
            if position in _CONSTANT.get(name, ()) and not isinstance(argument, ast.Literal):
                raise self._refuse(argument, f"argument {position + 1} of {node.name} must be a constant")
            is_role = name in _ROLE_LAST and position == len(node.arguments) - 1
            if (is_role or position in _NO_VARIABLES.get(name, ())) and isinstance(argument, ast.Variable):
                raise self._refuse(argument, f"argument {position + 1} of {node.name} cannot be a variable")
        if name == "get_registry_data" and node.arguments:
            api = node.arguments[0]
            if isinstance(api, ast.Literal) and api.value not in _REGISTRY_APIS:
                raise self._refuse(api, f"get_registry_data calls {' or '.join(_REGISTRY_APIS)}")

    def _default(self, default: ast.Node) -> None:
        for part in ast.walk(default):
            if isinstance(part, ast.Call):
                known = FUNCTIONS.get(part.name.lower())
                if (known is not None and known.external) or is_protobuf(part):
                    raise self._refuse(part, f"the default of get_or_default cannot call {part.name}")

    _CHECKS: dict[type[ast.Node], Callable[..., None]] = {
        ast.ArrayLiteral: _literal,
        ast.ObjectLiteral: _literal,
        ast.Query: _query,
        ast.Variable: _variable,
        ast.Cast: _cast,
        ast.Call: _call,
    }


def is_protobuf(node: ast.Call) -> bool:
    """Whether it is decode(…, 'proto', …), which reads a file in S3."""
    if node.name.lower() != "decode" or len(node.arguments) < 2:
        return False
    scheme = node.arguments[1]
    return isinstance(scheme, ast.Literal) and scheme.value == "proto"
