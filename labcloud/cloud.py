"""The cloud as a whole: what every start needs is made at once, each service when it is first needed; start and stop.

How the services are made from one another is in `labcloud/wiring`. One cloud a process (moto's state is the process's).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.core.request import Request

from labcloud import control
from labcloud.api import AccessKey, ApiRequest, Scope
from labcloud.ca import CertificateAuthority
from labcloud.clock import LabClock
from labcloud.control import Control
from labcloud.gateway.front import Front, changes_something
from labcloud.gateway.identify import largest_body
from labcloud.gateway.origin import why_foreign
from labcloud.gateway.signature import Moment
from labcloud.hosts import is_own_host
from labcloud.iam import RolePolicies, UserPolicies
from labcloud.iot.messages import BrokerTrace, MessageRouter
from labcloud.iot.registry import Registry
from labcloud.iotlogging import IotWatch, LoggingOptions
from labcloud.later import Later, made
from labcloud.monitoring.counters import Counters
from labcloud.motobase.backends import ACCOUNT_ID, MotoBackends
from labcloud.motobase.iam import access_key, role_policies, unique_id, user_policies
from labcloud.motobase.names import resolver
from labcloud.mqtt import Broker, Origin, Published
from labcloud.persistence.joint import Joint, Journal
from labcloud.persistence.state import Persistence
from labcloud.persistence.statefile import REMEDY, StateError
from labcloud.roles import Roles
from labcloud.shell.http import HttpServer
from labcloud.shell.mqtt import MqttServer
from labcloud.trace import Trace
from labcloud.wiring import Services
from labcloud.wiring.hooks import connect

if TYPE_CHECKING:
    from labcloud.athena.service import Athena
    from labcloud.awslambda import LambdaRuntime
    from labcloud.awslambda.event_invoke import EventInvokeConfigs
    from labcloud.awslambda.service import Functions
    from labcloud.awslambda.sources import EventSourceMappings, Pollers
    from labcloud.destinations import Destinations
    from labcloud.events import Delivery, EventBus, ScheduleKeeper
    from labcloud.expiry import Expiry
    from labcloud.firehose import Firehose
    from labcloud.iot.data import IotData
    from labcloud.iot.device_api import DeviceApi
    from labcloud.iotlogging.writer import IotLogWriter
    from labcloud.lifecycle import Lifecycle
    from labcloud.links import Links
    from labcloud.monitoring.alarms import Alarms
    from labcloud.monitoring.counters import Put
    from labcloud.monitoring.notices import Notices
    from labcloud.motobase.service_calls import ServiceCalls
    from labcloud.notifications import BucketNotifications, FanOut
    from labcloud.outlets import Attempts, Outlets
    from labcloud.quicksight import QuickSight
    from labcloud.roles import TablesOf
    from labcloud.scheduler import Keeper, Scheduler
    from labcloud.shadows import Shadows
    from labcloud.shell.process import Launcher
    from labcloud.shell.web import Web
    from labcloud.stacks import CloudFormation
    from labcloud.timestream import Timestream
    from labcloud.timestream.scheduled import ScheduledQueries
    from labcloud.wiring.rules import TopicRules
    from labcloud.wiring.stepfunctions import StateMachines

log = logging.getLogger("labcloud")

CLOSED_BEFORE_THE_API = ("state_machines",)
CLOSED_BEFORE_THE_BROKER = (
    *("event_schedules", "schedule_keeper", "scheduled_queries", "pollers", "athena", "stacks", "alarms", "expiry"),
    "lifecycle",
)
CLOSED_AFTER_THE_BROKER = ("rules", "firehose", "iot_log", "destinations", "fan_out", "clock", "runtime", "timestream")
WAITED_FOR = (
    *("rules", "state_machines", "pollers", "runtime", "athena", "scheduled_queries", "firehose", "fan_out", "iot_log"),
)
"""In this order: what one hands on, the next ones carry out."""


@dataclass(frozen=True)
class Settings:
    """Where the cloud listens (port 0: a free one) and keeps its state (None: nowhere)."""

    host: str = "127.0.0.1"
    port: int = 0
    mqtt_port: int = 0
    state_dir: Path | None = None
    one_life: bool = False
    """Whether only the certificate authority is kept there: for a cloud that nobody will start again."""
    post_anywhere: bool = False
    """Whether rules and subscriptions may post to other hosts than this one."""
    launcher: Callable[[Path], Launcher] | None = None
    """How the processes of functions are started; None: as this process's children."""
    control_token: str = ""
    """What a caller of the control surface must show, if anything."""


class Cloud:
    """Make it, `start` it, use `endpoint_url` and `mqtt_port`, `stop` it."""

    alarms: Later[Alarms] = Later("labcloud.wiring.monitoring:make_alarms")
    athena: Later[Athena] = Later("labcloud.wiring.athena:make")
    attempts: Later[Attempts] = Later("labcloud.wiring.outlets:make_attempts")
    buckets: Later[BucketNotifications] = Later("labcloud.wiring.notifications:make_buckets")
    bus: Later[EventBus] = Later("labcloud.wiring.events:make_bus")
    calls: Later[ServiceCalls] = Later("labcloud.wiring.outlets:make_calls")
    destinations: Later[Destinations] = Later("labcloud.wiring.iot:make_destinations")
    device_api: Later[DeviceApi] = Later("labcloud.wiring.iot:make_device_api")
    event_delivery: Later[Delivery] = Later("labcloud.wiring.events:make_delivery")
    event_schedules: Later[ScheduleKeeper] = Later("labcloud.wiring.events:make_event_schedules")
    event_sources: Later[EventSourceMappings] = Later("labcloud.wiring.functions:make_event_sources")
    expiry: Later[Expiry] = Later("labcloud.wiring.items:make_expiry")
    fan_out: Later[FanOut] = Later("labcloud.wiring.notifications:make_fan_out")
    firehose: Later[Firehose] = Later("labcloud.wiring.firehose:make")
    functions: Later[Functions] = Later("labcloud.wiring.functions:make_functions")
    invoke_configs: Later[EventInvokeConfigs] = Later("labcloud.wiring.functions:make_invoke_configs")
    iot_data: Later[IotData] = Later("labcloud.wiring.iot:make_data")
    iot_log: Later[IotLogWriter] = Later("labcloud.wiring.iot:make_log")
    lifecycle: Later[Lifecycle] = Later("labcloud.wiring.notifications:make_lifecycle")
    links: Later[Links] = Later("labcloud.wiring.notifications:make_links")
    notices: Later[Notices] = Later("labcloud.wiring.monitoring:make_notices")
    outlets: Later[Outlets] = Later("labcloud.wiring.outlets:make")
    pollers: Later[Pollers] = Later("labcloud.wiring.functions:make_pollers")
    put_metric: Later[Put] = Later("labcloud.wiring.monitoring:make_put_metric")
    quicksight: Later[QuickSight] = Later("labcloud.wiring.quicksight:make")
    rules: Later[TopicRules] = Later("labcloud.wiring.rules:make")
    runtime: Later[LambdaRuntime] = Later("labcloud.wiring.functions:make_runtime")
    schedule_keeper: Later[Keeper] = Later("labcloud.wiring.scheduler:make_keeper")
    scheduled_queries: Later[ScheduledQueries] = Later("labcloud.wiring.timestream:make_scheduled_queries")
    scheduler: Later[Scheduler] = Later("labcloud.wiring.scheduler:make")
    shadows: Later[Shadows] = Later("labcloud.wiring.iot:make_shadows")
    state_machines: Later[StateMachines] = Later("labcloud.wiring.stepfunctions:make")
    stacks: Later[CloudFormation] = Later("labcloud.wiring.stacks:make")
    tables_of: Later[TablesOf] = Later("labcloud.wiring.timestream:make_tables_of")
    timestream: Later[Timestream] = Later("labcloud.wiring.timestream:make")
    web: Later[Web] = Later("labcloud.wiring.outlets:make_web")

    def __init__(self, settings: Settings | None = None, clock: LabClock | None = None) -> None:
        self.settings = settings or Settings()
        self.clock = clock or LabClock()
        self.persistence = Persistence(kept) if (kept := self.kept_in) else None
        self.trace = Trace()
        self.authority = self._open_authority()
        self.roles = Roles(_read_role, _read_user, lambda query: self.tables_of(query), resolver)
        self.registry = Registry(access_key, unique_id, self.roles.why_not)
        self.counters = Counters(self.clock.now, lambda *datum: self.put_metric(*datum))
        self.iot_options = LoggingOptions()
        self.watch = IotWatch(self.trace, self._log, self.counters.count, self.iot_options.are_set)
        self.router = MessageRouter(lambda: self.shadows, self.watch)
        self.broker = self._make_broker()
        self.joint = Joint(self.persistence, self) if self.persistence else None
        context = self.authority.server_context()
        self.mqtt = MqttServer(
            self.broker,
            context,
            callers=self.registry,
            devices=lambda *asked: self.device_api.answer(*asked),
            journal=self._journal(),
            turn_over=self.router.turn_over,
            is_behind=self.router.is_behind,
        )
        token = self.settings.control_token
        self.control = Control(self.health, self.trace, self.clock, self.settle, lambda: self.timestream.query, token)
        self.front = Front(_Callers(), self.roles, MotoBackends(), Services(self), self._keeping, self._now)
        self.http: HttpServer | None = None

    # -- life

    def start(self) -> None:
        """Opens the ports. Raises OSError if one of them is taken, StateError if the state cannot be used."""
        connect(self)
        self.http = HttpServer(
            self.settings.host,
            self.settings.port,
            self._answer,
            largest_body=lambda incoming: largest_body(incoming.header("authorization"), incoming.query),
            refuse=self.front.refuse,
        )
        if self.joint:
            self.joint.resume()
        self.mqtt.start_in_thread(self.settings.host, self.settings.mqtt_port)
        self.clock.start()
        if self.joint:
            self.joint.resume_work()
        self.http.start()
        if (state_machines := made(self, "state_machines")) is not None:
            state_machines.resume()

    def stop(self) -> None:
        """Closes the ports, carries out what is queued, ends every process of a function."""
        self._close(CLOSED_BEFORE_THE_API)
        if self.http:
            self.http.stop()
        self._close(CLOSED_BEFORE_THE_BROKER)
        self.mqtt.stop_thread()
        self._close(CLOSED_AFTER_THE_BROKER)
        if self.joint:
            self.joint.close()

    def abandon(self) -> None:
        """Gives up a cloud whose `start` failed: ends what its making has begun."""
        if self.http:
            self.http.close()
        self._close(("rules", "runtime", "timestream"))

    def _close(self, names: tuple[str, ...]) -> None:
        for name in names:
            if (part := made(self, name)) is not None:
                part.close()

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
        parts = [made(self, name) for name in WAITED_FOR]
        return all(part.wait_until_idle(30) for part in parts if part is not None)

    # -- making

    def folder(self, name: str) -> Path | None:
        """Where something keeps its own files; None: nothing is kept."""
        return self.kept_in / name if self.kept_in else None

    @property
    def kept_in(self) -> Path | None:
        """The folder of what outlives this process."""
        return None if self.settings.one_life else self.settings.state_dir

    def _open_authority(self) -> CertificateAuthority:
        folder = self.settings.state_dir / "ca" if self.settings.state_dir else None
        try:
            return CertificateAuthority.open(folder) if folder else CertificateAuthority.in_memory()
        except ValueError as error:
            raise StateError(f"The certificate authority in {folder} is damaged: {error}. {REMEDY}") from error

    def _journal(self) -> Journal | None:
        folder = self.folder("mqtt")
        return Journal(folder, self.persistence) if folder and self.persistence else None

    def _make_broker(self) -> Broker:
        return Broker(
            principals=self.registry,
            policies=self.registry,
            now=self.clock.now,
            listener=self.router,
            reserved=self.router,
            trace=BrokerTrace(self.trace, self.clock.now),
        )

    # -- the joints

    def _answer(self, http: Request) -> Any:
        exposed = not is_own_host(self.settings.host)
        if foreign := why_foreign(http.method, http.headers, http.args, exposed):
            return self.front.refuse(http, 403, foreign)
        if http.path.startswith(control.PREFIX):
            answer = self.control.answer(http)
            if self.persistence and http.method != "GET":
                self.persistence.commit_all()
            return answer
        unsigned = http.method == "GET" and "Authorization" not in http.headers
        if unsigned and (answer := self.links.answer(http.path, http.args)):
            return answer
        return self.front.answer(http)

    def count_so_far(self) -> None:
        """Puts every count of AWS IoT's events among CloudWatch's metrics."""
        self.watch.count_steps()
        self.counters.flush()

    def _log(self, scope: Scope, trace_id: str, entry: Mapping[str, Any]) -> None:
        self.iot_log.write(scope, trace_id, entry)

    def _keeping(self, request: ApiRequest) -> AbstractContextManager[None]:
        if self.persistence is None:
            return nullcontext()
        return self.persistence.keeping(request, changes=changes_something(request.operation))

    def _now(self) -> Moment:
        return Moment(time.time(), self.clock.now())

    def publish(self, origin: Origin, topic: str, payload: bytes, **options: Any) -> Published:
        """Through the broker, and waits for its word. Never call it in the broker's thread."""
        future: Future[Published] = self.mqtt.publish_threadsafe(origin, topic, payload, **options)
        return future.result(timeout=30)

    def call_broker(self, function: Callable[[Broker], Any]) -> Any:
        """Runs the function in the broker's thread and returns its result. Never call it in that thread."""
        return self.mqtt.call_threadsafe(lambda: function(self.broker)).result(timeout=30)


class _Callers:
    def access_key(self, access_key_id: str) -> AccessKey:
        return access_key(access_key_id)


def _read_role(role_arn: str) -> RolePolicies | None:
    found = role_policies(ACCOUNT_ID, role_arn)
    if found is None:
        return None
    boundary = ("permissions boundary", found.boundary) if found.boundary else None
    return RolePolicies(found.name, found.arn, found.trust, list(found.policies), boundary)


def _read_user(user_arn: str) -> UserPolicies | None:
    found = user_policies(ACCOUNT_ID, user_arn)
    return UserPolicies(found.name, found.arn, list(found.policies)) if found else None
