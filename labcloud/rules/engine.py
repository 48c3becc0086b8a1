"""Evaluates messages against the rules of their account and region. Pure but for the sinks that it is given.

For each rule the trace gets one line that says whether it matched and, if not, why not.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from labcloud.api import Scope
from labcloud.errors import AwsError
from labcloud.iotsql import Environment, FunctionFailed, Message, Outcome, topic_matches
from labcloud.rules.actions.base import Result
from labcloud.rules.compile import CompiledAction, CompiledRule
from labcloud.rules.deliveries import Delivery, Origin
from labcloud.rules.steps import Tell
from labcloud.trace import Step

BASIC_INGEST = "$aws/rules/"


@dataclass(frozen=True)
class Failure:
    """Why an action was not done, as the error action's message lists it."""

    failed_action: str
    resource: str
    message: str


@dataclass(slots=True)
class PlannedRun:
    """A rule that fired for a message, with its actions planned."""

    rule: CompiledRule
    origin: Origin
    message: Message
    outcome: Outcome
    deliveries: list[tuple[CompiledAction, Delivery]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


Split = tuple[tuple[CompiledRule, ...], tuple[CompiledRule, ...]]


@dataclass
class RuleSet:
    """The compiled rules of one account and region, with a cache from topic to the rules whose FROM matches."""

    rules: tuple[CompiledRule, ...] = ()
    _by_topic: dict[str, Split] = field(default_factory=dict)

    def matching(self, topic: str) -> Split:
        """The enabled rules whose topic filter matches, and the others."""
        split = self._by_topic.get(topic)
        if split is None:
            found = tuple(rule for rule in self.rules if rule.enabled and _filter_matches(rule, topic))
            split = found, tuple(rule for rule in self.rules if not any(rule is one for one in found))
            if len(self._by_topic) > 10_000:
                self._by_topic.clear()
            self._by_topic[topic] = split
        return split

    def named(self, name: str) -> CompiledRule | None:
        return next((rule for rule in self.rules if rule.name == name), None)


class Engine:
    """Matches, evaluates and plans. `environment` gives the SQL functions' surroundings for a scope."""

    def __init__(self, environment: Callable[[Scope], Environment], now_ms: Callable[[], int], tell: Tell) -> None:
        self._environment = cache(environment)
        self._now_ms = now_ms
        self._tell = tell
        self._rule_sets: dict[Scope, RuleSet] = {}

    def load(self, scope: Scope, rules: Iterable[CompiledRule]) -> None:
        """Replaces the rules of an account and region."""
        self._rule_sets[scope] = RuleSet(tuple(rules))

    def has_rules(self, scope: Scope) -> bool:
        """Whether the account and region has a rule, enabled or not."""
        rule_set = self._rule_sets.get(scope)
        return rule_set is not None and bool(rule_set.rules)

    def matching(self, scope: Scope, message: Message) -> Sequence[CompiledRule]:
        """The rules whose FROM covers the message's topic; the trace says of each other one why it does not."""
        rule_set = self._rule_sets.get(scope)
        if rule_set is None or not rule_set.rules:
            return ()
        if message.topic.startswith(BASIC_INGEST):
            return self._named_by_topic(scope, rule_set, message)
        found, others = rule_set.matching(message.topic)
        for rule in others:
            self._tell(scope, message.trace_id or "", *_why_not(rule, message.topic))
        return found

    def plan_error_action(self, run: PlannedRun) -> tuple[CompiledAction, Delivery] | None:
        """The run's error action, whose payload lists all failures. None: the rule has none, or it cannot be planned.

        Source: AWS IoT Core Developer Guide, "Error handling (error action)".
        """
        error_action = run.rule.error_action
        if error_action is None:
            return None
        message = {
            "ruleName": run.rule.name,
            "topic": run.message.topic,
            "cloudwatchTraceId": run.origin.trace_id,
            "clientId": run.message.client_id or "N/A",
            "base64OriginalPayload": base64.b64encode(run.message.payload).decode(),
            "failures": [_told(failure) for failure in run.failures],
        }
        return self._planned_with(run, error_action, message)

    def plan_batch_error_action(
        self, runs: Sequence[PlannedRun], failures: Sequence[tuple[Failure, Sequence[int]]], across_topics: bool
    ) -> tuple[CompiledAction, Delivery] | None:
        """The error action of a batch; each failure names the messages (counted from 1) that it affects.

        Source: AWS IoT Core Developer Guide, "Batching HTTP action messages".
        """
        last = runs[-1]
        error_action = last.rule.error_action
        if error_action is None:
            return None
        message = {
            "ruleName": last.rule.name,
            **({} if across_topics else {"topic": last.message.topic}),
            "payloadsWithMetadata": [_with_metadata(number, run, across_topics) for number, run in enumerate(runs, 1)],
            "failures": [{"affectedIds": list(ids), **_told(failure)} for failure, ids in failures],
        }
        return self._planned_with(last, error_action, message)

    def _planned_with(
        self, run: PlannedRun, error_action: CompiledAction, message: dict[str, Any]
    ) -> tuple[CompiledAction, Delivery] | None:
        payload = json.dumps(message, separators=(",", ":")).encode()
        result = Result(message, payload, self._now_ms())
        planned = self._plan(run, error_action, result)
        return (error_action, planned) if planned else None

    def _named_by_topic(self, scope: Scope, rule_set: RuleSet, message: Message) -> Sequence[CompiledRule]:
        name = message.topic[len(BASIC_INGEST) :].split("/", 1)[0]
        rule = rule_set.named(name)
        if rule is None or not rule.enabled:
            step = Step(f"Basic Ingest: there is no enabled rule {name}", rule=name, matched=False)
            self._tell(scope, message.trace_id or "", step)
            return ()
        return (rule,)

    def evaluate(self, scope: Scope, rule: CompiledRule, message: Message) -> PlannedRun | None:
        """What one matching rule makes of a message; None: its WHERE is not true, or a function failed."""
        trace_id, steps = message.trace_id or "", rule.steps
        try:
            outcome = rule.statement.evaluate(message, self._surroundings(scope, rule))
        except FunctionFailed as error:
            self._tell(scope, trace_id, steps.failed, str(error))
            return None
        if not outcome.fired:
            self._tell(scope, trace_id, steps.did_nothing, outcome.reason)
            return None
        self._tell(scope, trace_id, steps.fired)
        run = PlannedRun(rule, Origin(scope, rule.name, rule.arn, message.topic, trace_id), message, outcome)
        result = Result(outcome.value, lambda: outcome.payload, self._now_ms())
        for action in rule.actions:
            if planned := self._plan(run, action, result):
                run.deliveries.append((action, planned))
        return run

    def _surroundings(self, scope: Scope, rule: CompiledRule) -> Environment:
        environment = self._environment(scope)
        if not rule.asks_neighbours:
            return environment
        return replace(environment, external=environment.external.for_rule(rule.arn))

    def _plan(self, run: PlannedRun, action: CompiledAction, result: Result) -> Delivery | None:
        scope = run.origin.scope
        try:
            parameters = action.fill_in(
                lambda template: template.render(
                    run.message, self._surroundings(scope, run.rule), run.outcome.variables
                )
            )
            return action.action.plan(parameters, result, scope)
        except (AwsError, FunctionFailed) as error:
            self._tell(scope, run.origin.trace_id, run.rule.steps.cannot, action.name, str(error))
            run.failures.append(Failure(action.action.failed_action, "", str(error)))
            return None


def _told(failure: Failure) -> dict[str, Any]:
    return {
        "failedAction": failure.failed_action,
        "failedResource": failure.resource,
        "errorMessage": failure.message,
    }


def _with_metadata(number: int, run: PlannedRun, with_topic: bool) -> dict[str, Any]:
    return {
        "id": number,
        **({"topic": run.message.topic} if with_topic else {}),
        "cloudwatchTraceId": run.origin.trace_id,
        "clientId": run.message.client_id or "N/A",
        **({"sourceIp": run.message.source_ip} if run.message.source_ip else {}),
        "base64OriginalPayload": base64.b64encode(run.message.payload).decode(),
    }


def _filter_matches(rule: CompiledRule, topic: str) -> bool:
    topic_filter = rule.statement.topic_filter
    return topic_filter is not None and topic_matches(topic_filter, topic)


def _why_not(rule: CompiledRule, topic: str) -> tuple[Any, ...]:
    """The step, and what goes into its places."""
    if not rule.enabled:
        return (rule.steps.disabled,)
    if rule.statement.topic_filter is None:
        return (rule.steps.no_from,)
    return rule.steps.other_topic, rule.statement.topic_filter, topic
