"""Policies as compiled data: statements that say whether they match an action, a resource, a principal, a context.

Parsing lives in `parser.py`, deciding in `evaluate.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from labcloud.iam.conditions import Condition
from labcloud.iam.context import Context
from labcloud.iam.patterns import Pattern
from labcloud.iam.principals import Principals

_NO_CONTEXT = Context()


@dataclass(frozen=True, slots=True)
class Actions:
    """The actions of a statement; `Action` names ignore case."""

    written: tuple[str, ...]
    excluded: bool
    """True for NotAction."""
    patterns: tuple[Pattern, ...]
    _known: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    def match(self, action: str) -> bool:
        known = self._known.get(action)
        if known is None:
            lower = action.lower()
            known = any(pattern.matches(lower, _NO_CONTEXT) for pattern in self.patterns) != self.excluded
            if len(self._known) < 1024:
                self._known[action] = known
        return known


@dataclass(frozen=True, slots=True)
class Resources:
    """The resources of a statement; compared with case."""

    excluded: bool
    """True for NotResource."""
    patterns: tuple[Pattern, ...]

    def match(self, resource: str, context: Context) -> bool:
        for pattern in self.patterns:
            if pattern.matches(resource, context):
                return not self.excluded
        return self.excluded

    def shown(self, context: Context) -> tuple[str, ...]:
        return tuple(pattern.shown(context) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. `resources` is None where the policy's kind has none (trust policies)."""

    number: int
    sid: str | None
    effect: str
    principals: Principals | None
    actions: Actions
    resources: Resources | None
    conditions: tuple[Condition, ...]

    @property
    def label(self) -> str:
        return f"statement {self.sid or self.number}"

    def match_resource(self, resource: str, context: Context) -> bool:
        return self.resources is None or self.resources.match(resource, context)

    def conditions_hold(self, context: Context) -> bool:
        return all(condition.holds(context) for condition in self.conditions)

    def applies(self, action: str, resource: str, context: Context) -> bool:
        """Says whether action, resource and conditions match; principals are the evaluation's affair."""
        return self.actions.match(action) and self.match_resource(resource, context) and self.conditions_hold(context)


@dataclass(frozen=True, slots=True)
class Policy:
    """A parsed policy document."""

    version: str
    statements: tuple[Statement, ...]
    denies: tuple[Statement, ...]
    allows: tuple[Statement, ...]


Named = tuple[str, Policy]
"""A policy with the name that messages use."""
