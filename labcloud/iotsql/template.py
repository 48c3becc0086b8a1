"""Substitution templates of rule actions: text with `${expression}` (iot-substitution-templates).

Expressions see the message as it was published and the SET variables, never the aliases of SELECT.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from functools import lru_cache

from .ast import Variable
from .compile import Compiler
from .errors import FunctionFailed, SqlParseError
from .functions import V2015, VERSIONS
from .functions.external import overuse
from .jsontext import to_text
from .message import Context, Environment, Message
from .operators import Compiled
from .parser import parse_embedded
from .validate import Validator
from .values import UNDEFINED, Value


class Template:
    """A compiled template: pieces of text and expressions."""

    def __init__(self, text: str, version: str) -> None:
        self.text = text
        self.version = version
        self._is_2015 = VERSIONS[version] == V2015
        self._external: list[str] = []
        self._variables: list[Variable] = []
        self._parts: list[str | Compiled] = list(self._compile(text))
        self._overuse = overuse(self._external)

    @property
    def is_constant(self) -> bool:
        """Whether it renders the same text for every message."""
        return all(isinstance(part, str) for part in self._parts)

    @property
    def external_functions(self) -> tuple[str, ...]:
        """The names of the external functions it calls."""
        return tuple(dict.fromkeys(self._external))

    def check_variables(self, known: Container[str]) -> None:
        """Raises SqlParseError for a variable that the rule's statement does not set."""
        for variable in self._variables:
            if variable.name not in known:
                hint = "Set it before SELECT: SET @name = value."
                problem = f"the statement does not set the variable @{variable.name}"
                raise SqlParseError(self.text, variable.start, variable.end, problem, hint)

    def render(self, message: Message, environment: Environment, variables: Mapping[str, Value] | None = None) -> str:
        """The text for a message; Undefined and Null become nothing. Raises FunctionFailed."""
        if self.is_constant:
            return "".join(self._parts)  # type: ignore[arg-type]
        if self._overuse:
            raise FunctionFailed(self._overuse)
        document = message.document_2015 if self._is_2015 else message.document_2016
        context = Context(message, environment, document, self.version)
        context.variables.update(variables or {})
        return "".join(part if isinstance(part, str) else _text(part(context)) for part in self._parts)

    def _compile(self, text: str) -> list[str | Compiled]:
        if "@{" in text:
            # Only the InfluxDB action takes @{field}; elsewhere AWS refuses the rule.
            start = text.index("@{")
            raise SqlParseError(text, start, start + 2, "@{field} is not a substitution template of this action")
        parts: list[str | Compiled] = []
        position = 0
        if text.startswith("$$aws/"):  # $$aws/things/… republishes to a reserved topic (republish-rule-action)
            position = 1
        compiler = Compiler(text, VERSIONS[self.version])
        while (start := text.find("${", position)) >= 0:
            expression, end = parse_embedded(text, start + 2)
            validator = Validator(text, VERSIONS[self.version], in_template=True)
            validator.expression(expression)
            self._external += validator.external
            self._variables += validator.unknown
            parts += [text[position:start], compiler.compile(expression)]
            position = end
        return [part for part in (*parts, text[position:]) if part != ""]


def _text(value: Value) -> str:
    text = to_text(value)
    return "" if text is UNDEFINED else text


@lru_cache(maxsize=4096)
def compile_template(text: str, version: str = V2015) -> Template:
    """Compiles the text of an action's field; raises SqlParseError."""
    if version not in VERSIONS:
        raise SqlParseError(
            text, 0, 1, f"there is no SQL version {version}", f"The versions are {', '.join(VERSIONS)}."
        )
    return Template(text, version)
