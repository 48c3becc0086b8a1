"""Why a reading went where it went: from the cloud's own trace where there is one, else from the rules and roles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from checker.target import Target
from checker.verbs.iam import IamVerbs, Role
from checker.verbs.iot import IotVerbs, TopicRule, topic_matches
from checker.verbs.readings import Reading

NEEDED = {
    "dynamoDBv2": "dynamodb:PutItem",
    "dynamoDB": "dynamodb:PutItem",
    "timestream": "timestream:WriteRecords",
    "republish": "iot:Publish",
    "s3": "s3:PutObject",
    "sns": "sns:Publish",
    "sqs": "sqs:SendMessage",
    "firehose": "firehose:PutRecord",
    "kinesis": "kinesis:PutRecord",
}


def explain_reading(target: Target, reading: Reading, kind: str = "") -> str:
    """What became of a reading, one line a step; only rules with an action of `kind`, where there are such."""
    rules = IotVerbs(target).rules()
    if target.control is None:
        chosen = [rule for rule in rules if not kind or rule.actions_of(kind)] or rules
        return "\n".join(explain_by_configuration(chosen, reading.topic, IamVerbs(target).role))
    if found := find_trace(target.control.traces(reading.topic), reading):
        return render_steps(found, rules, kind)
    return f"no message arrived on {reading.topic}"


def find_trace(traces: Iterable[Mapping[str, Any]], reading: Reading) -> Mapping[str, Any] | None:
    """The trace of a reading: its topic and sender, within the time of its publish."""
    for trace in traces:
        at_ms = trace["at"] * 1000
        in_time = reading.sent_after_ms <= at_ms < reading.sent_before_ms + 1
        if in_time and (reading.client_id is None or trace.get("client_id") == reading.client_id):
            return trace
    return None


def explain_refusal(target: Target, client_id: str) -> str:
    """What the cloud's trace says of a device that it did not let in, in a line; empty where there is none."""
    if target.control is None:
        return ""
    texts = [str(step["text"]) for trace in target.control.traces() for step in trace["steps"] if not trace["topic"]]
    said = next((text for text in reversed(texts) if client_id in text and " refused: " in text), "")
    return said.split(" refused: ", 1)[-1]


def render_steps(trace: Mapping[str, Any], rules: Iterable[TopicRule] = (), kind: str = "") -> str:
    """What rules did with the message, rule by rule; one that took it is shown with its SQL."""
    told: dict[str, list[str]] = {}
    for text in (str(step["text"]) for step in trace["steps"]):
        if found := re.match(r"rule ([^\s:]+)", text):
            told.setdefault(found.group(1), []).append(text)
    by_name = {rule.name: rule for rule in rules}
    chosen = [name for name in sorted(told) if not kind or (name in by_name and by_name[name].actions_of(kind))]
    lines = [] if chosen or not told else [f"no rule has an action {kind}"]
    for name in chosen or sorted(told):
        lines += [_with_settings(text, by_name.get(name)) for text in told[name]]
    return "\n".join(lines) or f"there is no topic rule for {trace['topic']}"


def _with_settings(text: str, rule: TopicRule | None) -> str:
    """A step with what the rule's settings add to it: its SQL where it matched, its timestamp where time is refused."""
    if rule is None:
        return text
    if text == f"rule {rule.name} matched":
        return f"rule {rule.name} matched: {rule.sql}"
    if "Invalid time" in text or "timestamp" in text.lower().split(" failed: ")[-1]:
        stamps = "; ".join(map(timestamp_of, rule.actions_of("timestream")))
        return f"{text} The action's timestamp: {stamps}" if stamps else text
    return text


def timestamp_of(action: Mapping[str, Any]) -> str:
    """The timestamp of a timestream action as text."""
    stamp = action.get("timestamp")
    return f"value {stamp.get('value')}, unit {stamp.get('unit')}" if stamp else "none"


def place_to_fix(explanation: str, into: str, *, rule: str, role: str) -> str:
    """Of the two places, that of the role if it was refused to write `into` the right table, else that of the rule."""
    refused = rf"\b{re.escape(into)} refused: role|may do .* but not|is trusted by|: its role .* does not exist"
    return role if re.search(refused, explanation) else rule


def explain_by_configuration(rules: Iterable[TopicRule], topic: str, role_of: Any) -> list[str]:
    """What the rules' settings say must become of a message on `topic`. `role_of`: an ARN's Role or None."""
    lines = []
    for rule in rules:
        if not rule.enabled:
            lines.append(f"rule {rule.name} is disabled")
        elif rule.topic_filter is None:
            lines.append(f"rule {rule.name} has no topic filter that can be read in: {rule.sql}")
        elif not topic_matches(rule.topic_filter, topic):
            lines.append(f"rule {rule.name} listens to {rule.topic_filter}, which does not match {topic}")
        else:
            lines += _explain_actions(rule, role_of)
    return lines or ["there is no topic rule"]


def _explain_actions(rule: TopicRule, role_of: Any) -> list[str]:
    lines = []
    for kind, settings in rule.actions:
        arn = settings.get("roleArn")
        if arn is None:
            continue
        role: Role | None = role_of(arn)
        needed = NEEDED.get(kind)
        if role is None:
            lines.append(f"rule {rule.name}: its role {arn} does not exist")
        elif not role.trusts("iot.amazonaws.com"):
            lines.append(f"rule {rule.name}: role {role.name} is trusted by {role.trusted}, not by iot.amazonaws.com")
        elif (
            needed
            and needed not in role.granted(needed.split(":")[0])
            and "*" not in role.granted(needed.split(":")[0])
        ):
            lines.append(
                f"rule {rule.name}: role {role.name} may do {role.granted(needed.split(':')[0])}, but not {needed}"
            )
    return lines or [f"rule {rule.name} matches the topic: {rule.sql}"]
