"""Stage 5 of IoT SQL: a compiled statement, and what it makes of one message."""

from __future__ import annotations

from functools import cached_property, lru_cache

from . import ast
from .compile import Compiler
from .errors import FunctionFailed, SqlParseError
from .explain import explain_where, where_text
from .functions import V2015, VERSIONS
from .functions.external import overuse
from .jsontext import to_json, to_payload, utf8
from .message import Context, Environment, Message
from .operators import Compiled
from .parser import parse_statement
from .selection import compile_select
from .validate import Validator
from .values import UNDEFINED, Value

VARIABLE_LIMIT = 128 * 1024
"""Bytes of one SET variable, and of all together (iot-sql-set)."""


class Outcome:
    """What a statement made of a message. `reason` and `payload` are worked out when they are asked for.

    `value` holds Python values (int, Decimal, bool, str, None, list, dict), raw bytes for `*` of a payload that is not
    JSON, or UNDEFINED. It may share parts with the payload: read it, do not change it.
    """

    def __init__(self, fired: bool, value: Value, context: Context, statement: Statement) -> None:
        self.fired = fired
        self.value = value
        self._context = context
        self._statement = statement

    @property
    def variables(self) -> dict[str, Value]:
        """The SET variables, for the substitution templates of the actions."""
        return self._context.variables

    @cached_property
    def payload(self) -> bytes:
        """The result as an action receives it."""
        return to_payload(self.value)

    @cached_property
    def reason(self) -> str:
        """A sentence that says why the statement fired or not, with the values that decided."""
        return self._statement.explain(self._context, fired=self.fired)

    def __repr__(self) -> str:
        return f"Outcome(fired={self.fired}, value={self.value!r})"


class Statement:
    """A statement that is ready to be evaluated, as often as messages come."""

    def __init__(self, text: str, version: str) -> None:
        rules = VERSIONS[version]
        select = parse_statement(text)
        validator = Validator(text, rules)
        validator.statement(select)
        self.text = text
        self.version = version
        self.topic_filter: str | None = select.topic_filter
        self.external_functions: tuple[str, ...] = tuple(dict.fromkeys(validator.external))
        self.variables: tuple[str, ...] = tuple(part.name for part in select.assignments)
        self._overuse = overuse(validator.external)
        self._is_2015 = rules == V2015
        compiler = self._compiler = Compiler(text, rules)
        self._assignments = [(part.name, compiler.compile(part.expression)) for part in select.assignments]
        self._select = compile_select(compiler, select.items, is_value=select.is_value)
        self._where_node: ast.Node | None = select.where
        compiler.repeats_calls = False
        self._where: Compiled | None = None if select.where is None else compiler.compile(select.where)
        self._has_reasons = not compiler.repeats_calls

    def evaluate(self, message: Message, environment: Environment) -> Outcome:
        """SET, then WHERE, then SELECT; raises FunctionFailed when the rule's execution fails."""
        document = message.document_2015 if self._is_2015 else message.document_2016
        context = Context(message, environment, document, self.version)
        if self._overuse:
            raise FunctionFailed(self._overuse)
        if self._assignments:
            self._set(context)
        if self._where is not None and self._where(context) is not True:
            return Outcome(False, UNDEFINED, context, self)
        return Outcome(True, self._select(context), context, self)

    def explain(self, context: Context, *, fired: bool) -> str:
        """The reason of an outcome."""
        if self._where_node is None:
            return "the statement has no WHERE: every message on its topics fires it"
        if not self._has_reasons:
            return f"WHERE {where_text(self._compiler, self._where_node)} is {'true' if fired else 'not true'}"
        return explain_where(self._compiler, self._where_node, context)

    def _set(self, context: Context) -> None:
        total = 0
        for name, compiled in self._assignments:
            value = compiled(context)
            if value is UNDEFINED:
                continue
            total += (size := len(utf8(to_json(value))))
            if size > VARIABLE_LIMIT or total > VARIABLE_LIMIT:
                raise FunctionFailed(f"@{name} takes the variables above {VARIABLE_LIMIT // 1024} KiB")
            context.variables[name] = value


@lru_cache(maxsize=1024)
def compile_statement(sql: str, version: str = V2015) -> Statement:
    """Compiles a rule's SQL; raises SqlParseError. Without awsIotSqlVersion AWS takes 2015-10-08."""
    if version not in VERSIONS:
        known = ", ".join(VERSIONS)
        raise SqlParseError(sql, 0, 1, f"there is no SQL version {version}", f"The versions are {known}.")
    return Statement(sql, version)
