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


def explain_reading(target: Target, reading: Reading) -> str:
    """What became of a reading, one line a step."""
    if target.control is not None:
        if found := find_trace(target.control.traces(reading.topic), reading):
            return render_steps(found, {rule.name: rule.sql for rule in IotVerbs(target).rules()})
        return f"no message arrived on {reading.topic}"
    return "\n".join(explain_by_configuration(IotVerbs(target).rules(), reading.topic, IamVerbs(target).role))


def find_trace(traces: Iterable[Mapping[str, Any]], reading: Reading) -> Mapping[str, Any] | None:
    """The trace of a reading: its topic and sender, within the time of its publish."""
    for trace in traces:
        at_ms = trace["at"] * 1000
        in_time = reading.sent_after_ms <= at_ms < reading.sent_before_ms + 1
        if in_time and (reading.client_id is None or trace.get("client_id") == reading.client_id):
            return trace
    return None


def render_steps(trace: Mapping[str, Any], sql_of: Mapping[str, str]) -> str:
    """What rules did with the message; a rule that took it is shown with its SQL."""
    texts = [str(step["text"]) for step in trace["steps"] if str(step["text"]).startswith("rule ")]
    whole = {f"rule {name} matched": f"rule {name} matched: {sql}" for name, sql in sql_of.items()}
    return "\n".join(whole.get(text, text) for text in texts) or f"there is no topic rule for {trace['topic']}"


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
