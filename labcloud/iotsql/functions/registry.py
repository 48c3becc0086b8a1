"""The table of functions: name, versions, number of arguments, what the compiler must know. One entry per function."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

V2015 = "2015-10-08"
V2016 = "2016-03-23"
VERSIONS = {V2015: V2015, V2016: V2016, "beta": V2016}
"""awsIotSqlVersion → the version whose rules apply; beta is the newest (iot-rule-sql-version)."""


@dataclass(frozen=True, slots=True)
class Function:
    """How one function is called. With a wrong number of arguments its result is Undefined (iot-sql-data-types)."""

    name: str
    apply: Callable[..., Any]
    least: int
    most: int
    since: str
    in_context: bool
    """Whether the first parameter is the Context of the evaluation."""
    numeric: bool
    """Whether the result may be a Decimal, which 2016-03-23 makes an Int if it is whole."""
    star: Literal["", "bytes", "document"]
    """What `*` means as an argument; empty: it may not stand there."""
    external: bool
    """Whether another AWS service is asked: once per message and place in the statement."""


FUNCTIONS: dict[str, Function] = {}
"""By the name in lower case: names are written in any case."""


def function(
    *,
    name: str = "",
    since: str = V2015,
    in_context: bool = False,
    numeric: bool = False,
    star: Literal["", "bytes", "document"] = "",
    external: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers a Python function under its own name (less a trailing underscore) or under `name`."""

    def register(apply: Callable[..., Any]) -> Callable[..., Any]:
        least, most = _arity(apply, in_context)
        key = (name or apply.__name__.rstrip("_")).lower()
        FUNCTIONS[key] = Function(key, apply, least, most, since, in_context, numeric, star, external)
        return apply

    return register


def _arity(apply: Callable[..., Any], in_context: bool) -> tuple[int, int]:
    parameters = list(inspect.signature(apply).parameters.values())[in_context:]
    fixed = [parameter for parameter in parameters if parameter.kind is not parameter.VAR_POSITIONAL]
    least = sum(parameter.default is parameter.empty for parameter in fixed)
    return least, len(fixed) if len(fixed) == len(parameters) else 1 << 30
