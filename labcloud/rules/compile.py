"""From a topic rule as the API stores it to a compiled rule: the SQL and every template are compiled once.

Everything that the local cloud cannot do is refused here, when the rule is created or replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from labcloud.errors import AwsError
from labcloud.iotsql import SqlParseError, Statement, Template, compile_statement, compile_template
from labcloud.rules.actions import ACTIONS
from labcloud.rules.actions.base import Action, check_parameters, invalid, not_served
from labcloud.rules.steps import RuleSteps

Render = Callable[[Template], str]

MOST_ACTIONS = 10
VERSIONS = ("2015-10-08", "2016-03-23", "beta")


@dataclass(frozen=True)
class CompiledAction:
    """One action with its parameters; the texts that may hold a template are compiled."""

    name: str
    action: Action
    parameters: Mapping[str, Any]
    role_arn: str | None
    constant: bool = False
    """Whether no parameter holds a template: they are the same for each message."""

    def fill_in(self, render: Render) -> Mapping[str, Any]:
        """The parameters with their templates rendered."""
        filled: Mapping[str, Any] = self.parameters if self.constant else _fill_in(self.parameters, render)
        return filled


@dataclass(frozen=True)
class CompiledRule:
    """A rule that is ready to evaluate messages."""

    name: str
    arn: str
    statement: Statement
    actions: tuple[CompiledAction, ...]
    error_action: CompiledAction | None
    enabled: bool
    asks_neighbours: bool = False
    """Whether its SQL or a template calls an external function: it may take long and is not evaluated in line."""

    @cached_property
    def slow(self) -> bool:
        """Whether an action waits for somebody outside this process."""
        return any(one.action.slow for one in (*self.actions, self.error_action) if one is not None)

    @cached_property
    def quick(self) -> bool:
        """Whether its actions, as long as they succeed, may be done before the message is acknowledged."""
        return not self.asks_neighbours and not self.slow and all(one.action.quick for one in self.actions)

    @cached_property
    def steps(self) -> RuleSteps:
        """What the trace says of it."""
        return RuleSteps(self.name)


def compile_rule(
    name: str, arn: str, payload: Mapping[str, Any], served_functions: Container[str] = ()
) -> CompiledRule:
    """Compiles a rule's TopicRulePayload; `served_functions` are the external functions that the cloud has.

    Raises AwsError SqlParseException for bad SQL and InvalidRequestException for what else is wrong or not served.
    """
    version = payload.get("awsIotSqlVersion") or "2015-10-08"
    if version not in VERSIONS:
        raise invalid(f"awsIotSqlVersion is one of {', '.join(VERSIONS)}, not {version}.")
    actions = payload.get("actions") or []
    if len(actions) > MOST_ACTIONS:
        raise invalid(f"A rule has at most {MOST_ACTIONS} actions, not {len(actions)}.")
    try:
        statement = compile_statement(payload.get("sql") or "", version)
        compiled = tuple(_compile_action(action, version) for action in actions)
        error = _compile_action(payload["errorAction"], version) if payload.get("errorAction") else None
        templates = list(_templates([compiled, error]))
        for template in templates:
            template.check_variables(statement.variables)
    except SqlParseError as error:
        raise AwsError(str(error), code="SqlParseException", status=400) from error
    external = {*statement.external_functions, *(name for each in templates for name in each.external_functions)}
    if unserved := sorted(function for function in external if function not in served_functions):
        raise not_served(f"The local cloud does not serve the SQL function {', '.join(unserved)}.")
    enabled = not payload.get("ruleDisabled", False)
    return CompiledRule(name, arn, statement, compiled, error, enabled, bool(external))


def _compile_action(wire: Mapping[str, Any], version: str) -> CompiledAction:
    named = {name: parameters for name, parameters in wire.items() if parameters is not None}
    if len(named) != 1:
        raise invalid(f"An action names exactly one target, not {len(named)}: {', '.join(named) or 'none'}.")
    [(name, parameters)] = named.items()
    if name not in ACTIONS:
        served = ", ".join(sorted(ACTIONS))
        raise not_served(f"The local cloud does not serve the rule action {name}; it serves {served}.")
    action = ACTIONS[name]
    check_parameters(name, action, parameters)
    compiled = {
        key: value if key in action.literal else _compile_templates(value, version) for key, value in parameters.items()
    }
    return CompiledAction(name, action, compiled, parameters.get("roleArn"), not any(_templates(compiled)))


def _compile_templates(value: Any, version: str) -> Any:
    if isinstance(value, str) and ("${" in value or "@{" in value):
        return compile_template(value, version)
    if isinstance(value, Mapping):
        return {key: _compile_templates(member, version) for key, member in value.items()}
    if isinstance(value, list):
        return [_compile_templates(member, version) for member in value]
    return value


def _templates(value: Any) -> Iterator[Template]:
    if isinstance(value, Template):
        yield value
    elif isinstance(value, CompiledAction):
        yield from _templates(value.parameters)
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from _templates(member)
    elif isinstance(value, (list, tuple)):
        for member in value:
            yield from _templates(member)


def _fill_in(value: Any, render: Render) -> Any:
    if isinstance(value, Template):
        return render(value)
    if isinstance(value, Mapping):
        return {key: _fill_in(member, render) for key, member in value.items()}
    if isinstance(value, list):
        return [_fill_in(member, render) for member in value]
    return value
