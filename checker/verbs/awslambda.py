"""Lambda and what fires it: configuration, deployed code, invocation, schedule, log lines."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from checker.target import Target
from checker.verbs.aws import all_pages, aws_answers, error_text, found_or_none
from checker.verbs.iam import allowed_callers
from checker.verbs.wait import poll

LOG_WITHIN_S = 8.0
SHOWN_LINES = 8
PLATFORM_LINES = ("START RequestId", "END RequestId", "REPORT RequestId", "INIT_")
LOG_WITHIN_S_ON_AWS = 60.0


@dataclass(frozen=True)
class Function:
    """A function's configuration."""

    name: str
    arn: str
    handler: str
    runtime: str
    timeout_s: int
    role: str
    code_sha256: str


@dataclass(frozen=True)
class Invocation:
    """How one invocation ended."""

    error: str
    """Empty, or AWS's kind and message of the error."""
    answer: Any
    log: str

    @property
    def last_lines(self) -> str:
        """The end of what the function itself wrote: its prints, or the trace of its error."""
        own = [line for line in self.log.strip().splitlines() if not line.startswith(PLATFORM_LINES) and line.strip()]
        return "\n".join(own[-SHOWN_LINES:])


@dataclass(frozen=True)
class Schedule:
    """An EventBridge rule that has the function as a target."""

    name: str
    arn: str
    expression: str
    enabled: bool
    may_invoke: bool

    def __str__(self) -> str:
        state = "on" if self.enabled else "off"
        allowed = (
            "may invoke the function" if self.may_invoke else "may not invoke the function (aws_lambda_permission)"
        )
        return f"rule {self.name}: {self.expression or 'no schedule'}, {state}, {allowed}"


class LambdaVerbs:
    """Looks at a function and runs it."""

    def __init__(self, target: Target, function_name: str) -> None:
        self._target, self.name = target, function_name
        self._client = target.client("lambda")
        self._log_within_s = LOG_WITHIN_S_ON_AWS if target.is_aws else LOG_WITHIN_S

    @property
    def log_group(self) -> str:
        return f"/aws/lambda/{self.name}"

    def configuration(self) -> Function | None:
        """The function's configuration, or None if there is no such function."""
        found = found_or_none(self._client.get_function_configuration, FunctionName=self.name)
        if found is None:
            return None
        return Function(
            self.name, found["FunctionArn"], found.get("Handler", ""), found.get("Runtime", ""), found["Timeout"],
            found["Role"], found["CodeSha256"],
        )  # fmt: skip

    def describe(self) -> str:
        """The function's handler, runtime and time-out as text, or which functions there are instead."""
        if function := self.configuration():
            return f"handler {function.handler}, {function.runtime}, {function.timeout_s} s"
        others = [entry["FunctionName"] for entry in all_pages(self._client, "list_functions", "Functions")]
        return f"no function of this name; the functions are: {', '.join(others) or 'none'}"

    def invoke(self) -> Invocation:
        """Runs the function once and waits for its end."""
        with aws_answers():
            try:
                answer = self._client.invoke(FunctionName=self.name, LogType="Tail", Payload=b"{}")
            except ClientError as error:
                return Invocation(error_text(error), None, "")
        log = base64.b64decode(answer.get("LogResult", "")).decode(errors="replace")
        payload = answer["Payload"].read()
        try:
            content = json.loads(payload or b"null")
        except (ValueError, RecursionError):
            content = payload.decode(errors="replace")
        return Invocation(_describe_error(answer.get("FunctionError"), content), content, log)

    def schedules(self) -> list[Schedule]:
        """The EventBridge rules that have the function as a target, and whether they may invoke it."""
        function = self.configuration()
        if function is None:
            return []
        events = self._target.client("events")
        names = all_pages(events, "list_rule_names_by_target", "RuleNames", TargetArn=function.arn)
        found = []
        for name in names:
            rule = events.describe_rule(Name=name)
            on, expression = rule["State"] == "ENABLED", rule.get("ScheduleExpression", "")
            found.append(Schedule(name, rule["Arn"], expression, on, self._may_be_invoked_by(rule["Arn"])))
        return found

    def log_lines(self) -> list[str] | None:
        """The newest lines of the function's log group, or None if there is no such group."""
        logs = self._target.client("logs")
        found = found_or_none(logs.filter_log_events, logGroupName=self.log_group, limit=500)
        return None if found is None else [event["message"].rstrip("\n") for event in found["events"]]

    def wait_for_log_lines(self) -> list[str] | None:
        """The log's lines as soon as there are any."""
        return poll(self.log_lines, within_s=self._log_within_s)

    def _may_be_invoked_by(self, rule_arn: str) -> bool:
        found = found_or_none(self._client.get_policy, FunctionName=self.name)
        return found is not None and allowed_callers(json.loads(found["Policy"]), "events.amazonaws.com", rule_arn)


def _describe_error(kind: str | None, content: Any) -> str:
    if not kind:
        return ""
    if isinstance(content, Mapping):
        return f"{content.get('errorType', kind)}: {content.get('errorMessage', '')}"
    return f"{kind}: {content}"


def code_sha256(package: bytes) -> str:
    """A zip's hash as Lambda reports it."""
    return base64.b64encode(hashlib.sha256(package).digest()).decode()
