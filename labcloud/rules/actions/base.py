"""What a rule action is: checked once when the rule is created, planned for each message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from labcloud.api import Scope
from labcloud.errors import AwsError, NotServed
from labcloud.rules.deliveries import Delivery


@dataclass(slots=True)
class Result:
    """What the rule's SQL made of the message: the value, and the moment of processing (epoch ms)."""

    value: Any
    made: bytes | Callable[[], bytes]
    """The value's bytes, or who makes them."""
    now_ms: int

    @property
    def payload(self) -> bytes:
        """The value's bytes; not every action asks for them."""
        return self.made if isinstance(self.made, bytes) else self.made()


Plan = Callable[[Mapping[str, Any], Result, Scope], Delivery]
"""Takes the action's parameters with templates filled in; raises ActionFailed when the result does not fit."""

Check = Callable[[Mapping[str, Any]], None]
"""Looks at the parameters when the rule is created; raises `invalid`."""


@dataclass(frozen=True)
class Action:
    """`required` and `literal` are dotted parameter names: those that must be there, those that take no template."""

    plan: Plan
    failed_action: str
    """The action's name in the message of an error action, for example "DynamoAction"."""
    required: tuple[str, ...]
    literal: tuple[str, ...] = ("roleArn",)
    known: tuple[str, ...] = ()
    """Every top-level parameter that is obeyed; another one is refused rather than dropped."""
    choices: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    """By parameter: the values that it may have, unless it holds a template."""
    check: Check | None = None
    slow: bool = False
    """Whether it waits for somebody outside this process: its rule then gets out of the other rules' way."""
    quick: bool = False
    """Whether it takes some microseconds and waits for nobody: it may be done before the message is acknowledged."""


class ActionFailed(AwsError):
    """The action cannot be done with this result; goes to the error action."""

    code = "InvalidRequestException"


def not_served(message: str) -> NotServed:
    """What CreateTopicRule answers to what AWS would do and the local cloud does not.

    Terraform repeats an InvalidRequestException for two minutes, this one it shows at once.
    """
    return NotServed(message)


def invalid(message: str) -> AwsError:
    """What CreateTopicRule answers to parameters that cannot be served."""
    return AwsError(message, code="InvalidRequestException", status=400)


def check_parameters(name: str, action: Action, parameters: Mapping[str, Any]) -> None:
    """Raises AwsError InvalidRequestException for parameters that are missing or that the local cloud does not obey."""
    for path in action.required:
        value: Any = parameters
        for key in path.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        if value in (None, "", []):
            raise invalid(f"Action {name}: {path} is required.")
    if unknown := set(parameters) - set(action.known):
        raise not_served(f"Action {name}: the local cloud does not serve {', '.join(sorted(unknown))}.")
    for key, allowed in action.choices.items():
        given = parameters.get(key)
        if given is not None and given not in allowed and not has_template(given):
            raise invalid(f"Action {name}: {key} is one of {', '.join(map(repr, allowed))}, not {given!r}.")
    if action.check:
        action.check(parameters)


def has_template(value: Any) -> bool:
    """Whether a parameter's text is only known when a message is there."""
    return isinstance(value, str) and "${" in value


def chosen(name: str, key: str, value: str, allowed: tuple[str, ...]) -> str:
    """A filled-in parameter that must have one of these values. Raises ActionFailed."""
    if value not in allowed:
        raise ActionFailed(f"The {name} action's {key} is one of {', '.join(allowed)}, not '{value}'.")
    return value


def text_of(result: Result, name: str) -> str:
    """The result as text. Raises ActionFailed for bytes that are not UTF-8."""
    try:
        return result.payload.decode()
    except UnicodeDecodeError as error:
        raise ActionFailed(f"The {name} action needs a text as the rule's result, not other bytes.") from error
