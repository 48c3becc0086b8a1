"""The cloud as a whole: makes the services, joins them, starts and stops them.

Long, for it is the one place where services meet: none of them imports another. One cloud a process (moto's state is
the process's).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.core.request import Request

from labcloud import control
from labcloud.api import ApiRequest, Scope, Service
from labcloud.athena import Athena
from labcloud.automation import Automation
from labcloud.awslambda import Credentials, FunctionConfig, LambdaRuntime
from labcloud.awslambda.logs import LogWriter
from labcloud.awslambda.service import Functions
from labcloud.ca import CertificateAuthority
from labcloud.clock import LabClock
from labcloud.control import Control
from labcloud.destinations import Destinations
from labcloud.errors import AwsError, NotServed
from labcloud.firehose import Firehose, check_create, check_update
from labcloud.gateway.front import Front, changes_something
from labcloud.iam import RolePolicies
from labcloud.iot.api import IotApi
from labcloud.iot.data import IotData
from labcloud.iot.messages import BrokerTrace, MessageRouter
from labcloud.iot.registry import Registry, is_certificate
from labcloud.iotlogging import IotLogWriter, IotWatch, LoggingOptions
from labcloud.iotsql import Environment
from labcloud.links import Links
from labcloud.monitoring import Alarms, Counters, Notices, check_composite_alarm, check_metric_alarm
from labcloud.motobase import iot_reads
from labcloud.motobase.backends import ACCOUNT_ID, MotoBackends
from labcloud.motobase.functions import function_of
from labcloud.motobase.iam import caller_of, role_policies, session_credentials
from labcloud.motobase.install import install, notify, notify_of_alarms
from labcloud.mqtt import Broker, MessageProperties, Origin, Published
from labcloud.notifications import BucketNotifications, FanOut
from labcloud.persistence.joint import Joint, Journal
from labcloud.persistence.state import Persistence
from labcloud.quicksight import QuickSight
from labcloud.remembered import Remembered
from labcloud.roles import Roles
from labcloud.rule_external import KEPT_S, SERVED, RuleExternal
from labcloud.rule_ports import RulePorts
from labcloud.rules.actions.http import confirmation_url
from labcloud.rules.compile import CompiledRule, compile_rule
from labcloud.rules.dispatcher import Dispatcher
from labcloud.rules.engine import Engine
from labcloud.shadows import Shadows
from labcloud.shell.http import HttpServer
from labcloud.shell.mqtt import MqttServer
from labcloud.shell.process import Launcher, LocalLauncher
from labcloud.shell.web import Web
from labcloud.stack_api import StackApis, read_template
from labcloud.stacks import CloudFormation
from labcloud.timestream import Timestream, tables_of
from labcloud.trace import Trace

log = logging.getLogger("labcloud")

METRIC_READS = [("cloudwatch", name) for name in ("GetMetricData", "GetMetricStatistics", "ListMetrics")]


ENDPOINTS = {
    "iot:Data-ATS": "localhost",
    "iot:Data": "localhost",
    "iot:CredentialProvider": "credentials.localhost",
    "iot:Jobs": "jobs.localhost",
}
"""As on AWS, devices find no broker behind the names of the other two types; neither of them is served."""


@dataclass(frozen=True)
class Settings:
    """Where the cloud listens (port 0: a free one) and keeps its state (None: nowhere)."""

    host: str = "127.0.0.1"
    port: int = 0
    mqtt_port: int = 0
    state_dir: Path | None = None
    post_anywhere: bool = False
    """Whether rules and subscriptions may post to other hosts than this one."""
    launcher: Callable[[Path], Launcher] = LocalLauncher
    """How the processes of functions are started."""
    control_token: str = ""
    """What a caller of the control surface must show, if anything."""


class Cloud:
    """Make it, `start` it, use `endpoint_url` and `mqtt_port`, `stop` it."""

    def __init__(self, settings: Settings | None = None, clock: LabClock | None = None) -> None:
        self.settings = settings or Settings()
        self.clock = clock or LabClock()
        self.persistence = Persistence(self.settings.state_dir) if self.settings.state_dir else None
        self.trace = Trace()
        self.authority = self._open_authority()
        self.roles = Roles(_read_role, tables_of)
        self.registry = Registry(caller_of, self.roles.why_not)
        self.counters = Counters(self.clock.now)
        self.iot_options = LoggingOptions()
        self.iot_log = IotLogWriter(self.iot_options, self.roles, self.clock.now)
        self.watch = IotWatch(self.trace, self.iot_log.write, self.counters.count, self.iot_log.is_logged)
        self._read_for_rules = Remembered(self.clock.now, KEPT_S)
        self.engine = Engine(self._environment, self.clock.now_ms, self.watch.note)
        self.timestream = Timestream(self.clock, lambda: self.endpoint_url, self._folder("timestream"))
        writer = LogWriter(self._why_not_logged)
        self.runtime = LambdaRuntime(
            self.clock, lambda: self.endpoint_url, writer.write, launcher=self.settings.launcher
        )
        self.functions = Functions(self.runtime, _function_credentials)
        self.web = Web(self.settings.post_anywhere, self.authority.pem)
        self.destinations = Destinations(self.web, self.clock.now, lambda: self.endpoint_url)
        self.firehose = Firehose(self.clock, self.roles, self.functions.call)
        self.fan_out = FanOut(
            self.clock,
            lambda: self.endpoint_url,
            self.functions.invoke_by_service,
            self.firehose.put,
            self.roles,
            self.web,
        )
        self.buckets = BucketNotifications(
            self.clock.now, self.functions.invoke_by_service, self.functions.require_permission
        )
        self.alarms = Alarms(self.clock, self.counters.flush)
        self.notices = Notices(self.functions.invoke_by_service)
        self.links = Links(self.destinations, self.fan_out.signer)
        ports = RulePorts(
            self.functions,
            self.timestream.write_records,
            self._publish_from_rule,
            self.firehose,
            self.destinations,
            self.web,
        )
        self.dispatcher = Dispatcher(self.engine, self.roles, ports, self.watch.note)
        self.automation = self._make_automation()
        self.schedules = self.automation.rules
        self.athena = Athena(self.clock.now, lambda *asked: self.roles.why_not(*asked, {}))
        apis = StackApis(self.automation.calls, self.roles)
        self.stacks = CloudFormation(self.clock.now, apis.make, read_template)
        self.shadows = Shadows(self.clock.now, self._publish_as_aws)
        self.quicksight = QuickSight(self.clock.now)
        self.broker = self._make_broker()
        self.joint = Joint(self.persistence, self) if self.persistence else None
        context = self.authority.server_context()
        self.mqtt = MqttServer(self.broker, context, callers=self.registry, journal=self._journal())
        token = self.settings.control_token
        self.control = Control(self.health, self.trace, self.clock, self.settle, self.timestream.query, token)
        self.front = self._make_front()
        self.http: HttpServer | None = None

    # -- life

    def start(self) -> None:
        """Opens the ports. Raises OSError if one of them is taken, StateError if the state cannot be used."""
        install(self.authority, self._iot_endpoint, self._check_topic_rule, self._iot_changed)
        self.automation.install()
        notify(self.buckets.tell, self.fan_out.deliver, self.fan_out.ask_to_confirm, self.firehose.put)
        notify_of_alarms(self.notices.state_changed, self.clock.now)
        self.http = HttpServer(self.settings.host, self.settings.port, self._answer)
        if self.joint:
            self.joint.resume()
        self.mqtt.start_in_thread(self.settings.host, self.settings.mqtt_port)
        self.clock.start()
        self.iot_log.start()
        self.alarms.reconcile()
        self.dispatcher.start()
        if self.joint:
            self.joint.resume_work()
        self.http.start()

    def stop(self) -> None:
        """Closes the ports, carries out what is queued, ends every process of a function."""
        if self.http:
            self.http.stop()
        self.automation.close()
        self.athena.close()
        self.stacks.close()
        self.alarms.close()
        self.mqtt.stop_thread()
        self.dispatcher.stop()
        self.firehose.close()
        self.iot_log.stop()
        self.destinations.close()
        self.fan_out.close()
        self.clock.stop()
        self.runtime.close()
        self.timestream.close()
        if self.joint:
            self.joint.close()

    def abandon(self) -> None:
        """Gives up a cloud whose `start` failed: ends what its making has begun."""
        if self.http:
            self.http.close()
        self.runtime.close()
        self.timestream.close()

    @property
    def endpoint_url(self) -> str:
        """What AWS_ENDPOINT_URL is to be."""
        assert self.http is not None, "the cloud has not been started"
        return f"http://{self.settings.host}:{self.http.port}"

    @property
    def mqtt_port(self) -> int:
        return self.mqtt.port

    def health(self) -> Mapping[str, Any]:
        """What /_lab/health answers."""
        return {
            "status": "running",
            "endpoint_url": self.endpoint_url,
            "mqtt_host": "localhost",
            "mqtt_port": self.mqtt_port,
            "account_id": ACCOUNT_ID,
        }

    def settle(self) -> bool:
        """Waits until every message so far has had its rule actions and their functions; False: it took too long."""
        done = self.dispatcher.wait_until_idle() and self.automation.wait_until_idle(30)
        done = done and self.runtime.wait_until_idle(30) and self.athena.wait_until_idle(30)
        return (
            done
            and self.firehose.wait_until_idle(30)
            and self.fan_out.wait_until_idle(30)
            and self.iot_log.wait_until_idle(30)
        )

    # -- making

    def _folder(self, name: str) -> Path | None:
        return self.settings.state_dir / name if self.settings.state_dir else None

    def _open_authority(self) -> CertificateAuthority:
        folder = self._folder("ca")
        return CertificateAuthority.open(folder) if folder else CertificateAuthority.in_memory()

    def _journal(self) -> Journal | None:
        folder = self._folder("mqtt")
        return Journal(folder, self.persistence) if folder and self.persistence else None

    def _make_broker(self) -> Broker:
        router = MessageRouter(self.dispatcher, self.shadows, self.trace, self.watch)
        return Broker(
            principals=self.registry,
            policies=self.registry,
            now=self.clock.now,
            listener=router,
            reserved=router,
            trace=BrokerTrace(self.trace, self.clock.now),
        )

    def _make_automation(self) -> Automation:
        return Automation(
            self.clock,
            self.roles,
            self.functions,
            self.firehose,
            self.trace,
            lambda: self.endpoint_url,
            lambda service, operation: self.front.served_by(service, operation),
        )

    def _make_front(self) -> Front:
        own: list[Service] = [
            self.timestream.write,
            self.timestream.query,
            self.quicksight,
            self.functions,
            IotData(self._publish, self._call_broker, self.shadows),
            IotApi(self.destinations.operations, self.iot_options.operations),
            self.firehose,
            *self.automation.services,
            self.athena,
            self.stacks,
        ]
        return Front(
            callers=_Callers(),
            authoriser=self.roles,
            moto=MotoBackends(),
            own={service.name: service for service in own},
            extended=frozenset({"athena", "events", "firehose", "iot", "lambda"}),
            checks={
                **CHECKS,
                **self.automation.checks,
                **dict.fromkeys(METRIC_READS, self._count_first),
                ("s3", "PutBucketNotificationConfiguration"): self.buckets.check_configuration,
            },
            observers=[self._observe],
            keeping=self._keeping,
        )

    # -- the joints

    def _answer(self, http: Request) -> Any:
        if http.path.startswith(control.PREFIX):
            answer = self.control.answer(http)
            if self.persistence and http.method != "GET":
                self.persistence.commit_all()
            return answer
        if "Authorization" not in http.headers and (answer := self.links.answer(http.method, http.path, http.args)):
            return answer
        return self.front.answer(http)

    def _count_first(self, request: ApiRequest) -> None:
        """Before metrics are read, the latest counts are put among them."""
        self.counters.flush()

    def _observe(self, request: ApiRequest, status: int) -> None:
        """Keeps what is compiled or remembered in step with what the API changes."""
        if status >= 400 or not changes_something(request.operation):
            return
        if request.service == "iam":
            self.roles.forget()
            self.registry.changed()
        elif request.service == "events":
            self.automation.changed(request)
        elif request.service == "cloudwatch":
            self.alarms.reconcile()
        elif request.service == "lambda":
            self.automation.changed(request)
            self._function_changed(request)

    def _keeping(self, request: ApiRequest) -> AbstractContextManager[None]:
        if self.persistence is None:
            return nullcontext()
        return self.persistence.keeping(request, changes=changes_something(request.operation))

    def _function_changed(self, request: ApiRequest) -> None:
        if request.operation == "CreateFunction":
            self.runtime.prepare()
        elif request.operation in ("DeleteFunction", "UpdateFunctionCode", "UpdateFunctionConfiguration"):
            name = str(request.parameters["FunctionName"]).split(":")[-1]
            self.runtime.retire(request.scope.arn("lambda", f"function:{name}"))

    def _iot_endpoint(self, endpoint_type: str) -> str:
        return ENDPOINTS[endpoint_type]

    def _check_topic_rule(self, payload: Mapping[str, Any]) -> None:
        compile_rule("rule", "", payload, SERVED)

    def _iot_changed(self, kind: str, account_id: str, region: str) -> None:
        scope = Scope(account_id, region)
        if kind == "topic_rule":
            self.load_rules(scope)
            return
        self.registry.changed()
        if kind == "certificate":
            active = {c.certificate_id for c in iot_reads.certificates() if c.status == "ACTIVE"}
            self.mqtt.call_threadsafe(lambda: self._disconnect_all_but(active))

    def load_rules(self, scope: Scope) -> None:
        """Compiles the topic rules of an account and region."""
        rules = [_compiled(rule) for rule in iot_reads.topic_rules(scope.account_id, scope.region)]
        self.engine.load(scope, rules)
        self.destinations.ensure(scope, _destination_urls(rules))

    def _disconnect_all_but(self, active: set[str]) -> None:
        connected = {c.principal.id for c in self.broker.connections if is_certificate(c.principal)}
        for principal in connected - active:
            self.broker.disconnect_principal(principal)

    def _publish(self, origin: Origin, topic: str, payload: bytes, **options: Any) -> Published:
        future: Future[Published] = self.mqtt.publish_threadsafe(origin, topic, payload, **options)
        return future.result(timeout=30)

    def _publish_as_aws(self, scope: Scope, topic: str, payload: bytes) -> Future[Published]:
        """Does not wait: the broker's own thread may be the caller."""
        origin = Origin(scope.account_id, scope.region)
        return self.mqtt.publish_threadsafe(origin, topic, payload, qos=1, system=True)

    def _call_broker(self, function: Callable[[Broker], Any]) -> Any:
        return self.mqtt.call_threadsafe(lambda: function(self.broker)).result(timeout=30)

    def _publish_from_rule(
        self, scope: Scope, topic: str, payload: bytes, qos: int, headers: Mapping[str, Any]
    ) -> None:
        properties = MessageProperties(**headers) if headers else None
        origin = Origin(scope.account_id, scope.region)
        published = self._publish(origin, topic, payload, qos=qos, properties=properties)
        if not published.accepted:
            raise AwsError(published.reason, code="InvalidRequestException")

    def _environment(self, scope: Scope) -> Environment:
        external = RuleExternal(scope, self.roles, self.functions, self.shadows, self._read_for_rules)
        return Environment(scope.account_id, scope.region, external)

    def _why_not_logged(self, config: FunctionConfig, action: str, resource: str) -> str | None:
        try:
            role_arn = function_of(config.account_id, config.region, config.arn).role_arn
        except AwsError as error:
            return str(error)
        decision, reason = self.roles.decide(role_arn, "lambda.amazonaws.com", action, resource, {})
        return None if decision is not None and decision.allowed else reason


class _Callers:
    def caller_of(self, access_key_id: str) -> Any:
        return caller_of(access_key_id)


def _read_role(role_arn: str) -> RolePolicies | None:
    found = role_policies(ACCOUNT_ID, role_arn)
    if found is None:
        return None
    boundary = ("permissions boundary", found.boundary) if found.boundary else None
    return RolePolicies(found.name, found.arn, found.trust, list(found.policies), boundary)


def _function_credentials(account_id: str, role_arn: str, session_name: str) -> Credentials:
    minted = session_credentials(account_id, role_arn, session_name)
    return Credentials(
        minted.access_key_id, minted.secret_access_key, minted.session_token, minted.expiration.timestamp()
    )


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


def _refuse_execution(request: ApiRequest) -> None:
    """moto would answer with an execution that never ran."""
    raise NotServed("The local cloud keeps state machines but does not execute them.")


CHECKS = {
    ("cloudwatch", "PutCompositeAlarm"): check_composite_alarm,
    ("cloudwatch", "PutMetricAlarm"): check_metric_alarm,
    ("firehose", "CreateDeliveryStream"): check_create,
    ("stepfunctions", "StartExecution"): _refuse_execution,
    ("stepfunctions", "StartSyncExecution"): _refuse_execution,
    ("firehose", "UpdateDestination"): check_update,
}
"""What is refused before moto would take it."""
