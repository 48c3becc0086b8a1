"""What a rule action is: checked once when the rule is created, planned for each message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from labcloud.api import Scope
from labcloud.errors import AwsError
from labcloud.rules.deliveries import Delivery


@dataclass(frozen=True)
class Result:
    """What the rule's SQL made of the message: the value, its bytes, and the moment of processing (epoch ms)."""

    value: Any
    payload: bytes
    now_ms: int


Plan = Callable[[Mapping[str, Any], Result, Scope], Delivery]
"""Takes the action's parameters with templates filled in; raises ActionFailed when the result does not fit."""


@dataclass(frozen=True)
class Action:
    """`required` and `literal` are dotted parameter names: those that must be there, those that take no template."""

    plan: Plan
    required: tuple[str, ...]
    literal: tuple[str, ...] = ("roleArn",)
    known: tuple[str, ...] = ()
    """Every top-level parameter that is obeyed; another one is refused rather than dropped."""


class ActionFailed(AwsError):
    """The action cannot be done with this result; goes to the error action."""

    code = "InvalidRequestException"


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
        raise invalid(f"Action {name}: the local cloud does not serve {', '.join(sorted(unknown))}.")
