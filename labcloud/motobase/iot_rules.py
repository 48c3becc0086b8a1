"""Topic rules on moto's store: checked when they come in, read back as they were written.

moto 5.2.5 takes nonsense SQL, says SQL version 2016-03-23 where AWS says 2015-10-08, makes a new creation date when a
rule is replaced, answers an empty error action, and tells of a missing rule where AWS says "access denied".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import regex
from moto.core.responses import ActionResult, EmptyResult
from moto.iot.models import FakeRule, IoTBackend
from moto.iot.responses import IoTResponse

from labcloud.errors import AwsError
from labcloud.motobase import hooks, iot_tags

DEFAULT_SQL_VERSION = "2015-10-08"
_TOPIC = regex.compile(r"\bFROM\s+(['\"])(.*?)\1", flags=regex.IGNORECASE | regex.DOTALL)

PayloadCheck = Callable[[str, dict[str, Any]], None]
"""Given the rule's ARN and its payload."""

_check_payload: PayloadCheck = lambda arn, payload: None  # noqa: E731


def use(validate_topic_rule: PayloadCheck) -> None:
    """`validate_topic_rule` sees ARN and payload of each CreateTopicRule and ReplaceTopicRule and may raise AwsError."""
    global _check_payload
    _check_payload = validate_topic_rule


def install() -> None:
    """Puts the hooks in place."""
    hooks.replace(IoTResponse, "create_topic_rule", answer_create_topic_rule)
    hooks.replace(IoTResponse, "replace_topic_rule", answer_replace_topic_rule)
    hooks.replace(IoTBackend, "create_topic_rule", create_topic_rule)
    hooks.replace(IoTBackend, "replace_topic_rule", replace_topic_rule)
    hooks.replace(IoTBackend, "get_topic_rule", get_topic_rule)
    for name in ("delete_topic_rule", "enable_topic_rule", "disable_topic_rule"):
        hooks.replace(IoTBackend, name, _only_existing(name))


def answer_create_topic_rule(self: IoTResponse) -> ActionResult:
    """Creates the rule with the tags of the header."""
    name, payload = self._get_param("ruleName"), _payload(self)
    tags = iot_tags.tags_of_header(self.headers.get("x-amz-tagging"))
    self.iot_backend.create_topic_rule(name, **payload)
    iot_tags.set_tags(self.iot_backend, self.iot_backend.rules[name].arn, tags)
    return EmptyResult()


def answer_replace_topic_rule(self: IoTResponse) -> ActionResult:
    """Replaces everything but the name, the creation date and the tags."""
    self.iot_backend.replace_topic_rule(self._get_param("ruleName"), **_payload(self))
    return EmptyResult()


def create_topic_rule(self: IoTBackend, rule_name: str, sql: str, **payload: Any) -> None:
    """Keeps the rule as it was sent, if the check lets it pass."""
    _check(self, rule_name, sql, payload)
    payload["aws_iot_sql_version"] = payload.get("aws_iot_sql_version") or DEFAULT_SQL_VERSION
    hooks.stock(IoTBackend, "create_topic_rule")(self, rule_name, sql, **payload)
    found = _TOPIC.search(sql)
    self.rules[rule_name].topic_pattern = found.group(2) if found else None


def replace_topic_rule(self: IoTBackend, rule_name: str, sql: str, **payload: Any) -> None:
    """moto deletes the old rule before it looks at the new one: a refused replacement lost it."""
    old = _existing(self, rule_name)
    _check(self, rule_name, sql, payload)
    del self.rules[rule_name]
    try:
        self.create_topic_rule(rule_name, sql, **payload)
    except Exception:
        self.rules[rule_name] = old
        raise
    self.rules[rule_name].created_at = old.created_at


def get_topic_rule(self: IoTBackend, rule_name: str) -> dict[str, Any]:
    """An error action that was not given is not answered."""
    answer = _existing(self, rule_name).to_get_dict()
    answer["rule"] = {key: value for key, value in answer["rule"].items() if key != "errorAction" or value}
    return answer


def _only_existing(name: str) -> Callable[..., None]:
    def change(self: IoTBackend, rule_name: str) -> None:
        _existing(self, rule_name)
        hooks.stock(IoTBackend, name)(self, rule_name)

    return change


def _existing(backend: IoTBackend, rule_name: str) -> FakeRule:
    """AWS does not tell a missing rule from a forbidden one."""
    if rule_name not in backend.rules:
        raise AwsError(f"Access to topic rule '{rule_name}' was denied", code="UnauthorizedException")
    return backend.rules[rule_name]


def _check(backend: IoTBackend, name: str, sql: str, payload: dict[str, Any]) -> None:
    _check_payload(
        f"arn:aws:iot:{backend.region_name}:{backend.account_id}:rule/{name}",
        {
            "sql": sql,
            "awsIotSqlVersion": payload.get("aws_iot_sql_version") or DEFAULT_SQL_VERSION,
            "actions": payload.get("actions") or [],
            "errorAction": payload.get("error_action"),
            "ruleDisabled": bool(payload.get("rule_disabled")),
            "description": payload.get("description") or "",
        },
    )


def _payload(response: IoTResponse) -> dict[str, Any]:
    return {
        "sql": response._get_param("sql"),
        "description": response._get_param("description"),
        "rule_disabled": response._get_param("ruleDisabled"),
        "actions": response._get_param("actions"),
        "error_action": response._get_param("errorAction"),
        "aws_iot_sql_version": response._get_param("awsIotSqlVersion"),
    }
