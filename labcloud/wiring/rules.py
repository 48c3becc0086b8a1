"""Topic rules: compiled as the registry changes, fed by the broker, carried out at their neighbours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labcloud.api import Scope
from labcloud.errors import AwsError
from labcloud.iot.sql import sql_message
from labcloud.iotsql import Environment
from labcloud.motobase import iot_reads
from labcloud.mqtt import Message, MessageProperties, Origin
from labcloud.remembered import Remembered
from labcloud.rule_external import KEPT_S, SERVED, RuleExternal
from labcloud.rule_ports import RulePorts
from labcloud.rules.actions.http import confirmation_url
from labcloud.rules.compile import CompiledRule, compile_rule
from labcloud.rules.dispatcher import Dispatcher
from labcloud.rules.engine import Engine

if TYPE_CHECKING:
    from labcloud.cloud import Cloud


IOT = "iot.amazonaws.com"


class TopicRules:
    """The rules of every account and region. Made when the first one comes; from then on the broker feeds it."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._read = Remembered(cloud.clock.now, KEPT_S)
        watch = cloud.watch
        self._engine = Engine(self._environment, cloud.clock.now_ms, watch.step)
        ports = RulePorts(cloud, self._publish)
        self._dispatcher = Dispatcher(self._engine, cloud.roles, ports, watch.step, watch.count_steps)
        self._dispatcher.pending = cloud.joint.messages if cloud.joint else None
        self._dispatcher.start()
        self.wait_until_idle, self.close = self._dispatcher.wait_until_idle, self._dispatcher.stop
        self.submit, self.is_behind = self._dispatcher.submit, self._dispatcher.is_behind

    def check(self, arn: str, payload: Mapping[str, Any]) -> None:
        """Raises AwsError for a rule (with the API's member names) that cannot be made.

        AWS IoT tries to assume every action's role, a disabled rule's too. Code and sentence are not AWS's, so that
        Terraform does not wait: doc/decisions/006.
        """
        rule = compile_rule("rule", arn, payload, SERVED)
        context = {"aws:SourceArn": arn, "aws:SourceAccount": arn.split(":")[4]}
        for action in (*rule.actions, rule.error_action):
            role_arn = action and action.role_arn
            if role_arn and (why := self._cloud.roles.why_not_assumed(role_arn, IOT, context)):
                raise AwsError(
                    f"AWS IoT ({IOT}) cannot assume the role {role_arn}: {why}",
                    code="UnauthorizedException",
                    status=401,
                )

    def load(self, scope: Scope) -> None:
        """Compiles the topic rules of an account and region."""
        rules = [_compiled(rule) for rule in iot_reads.topic_rules(scope.account_id, scope.region)]
        self._engine.load(scope, rules)
        if urls := _destination_urls(rules):
            self._cloud.destinations.ensure(scope, urls)

    def take(self, scope: Scope, messages: Sequence[Message]) -> None:
        """Messages of a turn of the broker: their rules are evaluated now and carried out now or in a moment."""
        if self._dispatcher.has_rules(scope):
            self._dispatcher.submit(scope, [(sql_message(message), message.qos > 0) for message in messages])

    def _environment(self, scope: Scope) -> Environment:
        external = RuleExternal(scope, self._cloud.roles, self._cloud, self._read)
        return Environment(scope.account_id, scope.region, external)

    def _publish(self, scope: Scope, topic: str, payload: bytes, qos: int, headers: Mapping[str, Any]) -> None:
        properties = MessageProperties(**headers) if headers else None
        origin = Origin(scope.account_id, scope.region)
        published = self._cloud.publish(origin, topic, payload, qos=qos, properties=properties)
        if not published.accepted:
            raise AwsError(published.reason, code="InvalidRequestException")


def make(cloud: Cloud) -> TopicRules:
    rules = TopicRules(cloud)
    cloud.router.rules = rules
    return rules


def _compiled(rule: iot_reads.TopicRule) -> CompiledRule:
    payload = {
        "sql": rule.sql,
        "awsIotSqlVersion": rule.sql_version,
        "actions": list(rule.actions),
        "errorAction": rule.error_action,
        "ruleDisabled": rule.disabled,
    }
    return compile_rule(rule.name, rule.arn, payload, SERVED)


def _destination_urls(rules: Iterable[CompiledRule]) -> list[str]:
    """The URLs whose topic rule destinations come with the rules."""
    actions = [action for rule in rules for action in (*rule.actions, rule.error_action) if action is not None]
    urls = [confirmation_url(action.parameters) for action in actions if action.name == "http"]
    return [url for url in urls if url]
