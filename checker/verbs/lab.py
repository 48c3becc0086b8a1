"""`lab`: what a check is given. Verbs only; whatever they build on and miss ends the check as skipped, with the reason."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

from checker.checks.expectation import Later, NotAsExpected, NotAvailable, NotReady, expect
from checker.curriculum.parts import Part
from checker.deployment import Deployment
from checker.errors import LearnerProblem
from checker.verbs import control
from checker.verbs.aws import aws_answers
from checker.verbs.awslambda import Invocation, LambdaVerbs, code_sha256
from checker.verbs.device import ENDPOINT, POLICY, Device, DeviceRefused, Identity, Refusal
from checker.verbs.dynamodb import DynamoDbVerbs
from checker.verbs.explain import explain_reading, explain_refusal, place_to_fix, timestamp_of
from checker.verbs.house import HouseOnline
from checker.verbs.iam import IamVerbs, Role
from checker.verbs.iot import Certificate, IotVerbs
from checker.verbs.pipeline import PipelineVerbs
from checker.verbs.quicksight import DataSet, QuickSightVerbs
from checker.verbs.readings import Reading, new_reading
from checker.verbs.stranger import stranger_identity
from checker.verbs.teardown import TeardownVerbs
from checker.verbs.timestream import TimestreamVerbs
from checker.verbs.unit_tests import UnitTests, run_unit_tests

PACKAGE = "build/ac_control_lambda.zip"

T = TypeVar("T")


class Lab:
    """One workspace on one target. Close it at the end."""

    def __init__(self, deployment: Deployment, parts: Sequence[Part] = ()) -> None:
        self._deployment, self._parts = deployment, tuple(parts)
        self.target, self.workspace = deployment.target, deployment.workspace
        self._device: Device | None = None
        self._sent: list[str] = []

    # names and outputs

    @property
    def prefix(self) -> str:
        return str(self._deployment.outputs.get("prefix") or "")

    def name(self, name: str) -> str:
        """A prescribed name with the deployment's prefix."""
        return self.prefix + name

    def outputs(self, *names: str) -> dict[str, str]:
        """The prescribed outputs; the check fails if one is missing or empty."""
        found = self._deployment.outputs
        for name in names:
            if not isinstance(found.get(name), str) or not found[name].strip():
                others = ", ".join(sorted(found)) or "none"
                raise NotAsExpected(
                    expected=f"an output {name} that is a text",
                    got="no such output" if name not in found else repr(found[name]),
                    because=f"the outputs of this deployment: {others}",
                    fix="terraform/outputs.tf",
                )
        return {name: found[name].strip() for name in names}

    @property
    def script_problems(self) -> str:
        """What the scripts that run before Terraform said when they failed."""
        return "\n".join(self._deployment.notices)

    # the verbs of each service

    @cached_property
    def iot(self) -> IotVerbs:
        return IotVerbs(self.target)

    @cached_property
    def iam(self) -> IamVerbs:
        return IamVerbs(self.target)

    @cached_property
    def dynamodb(self) -> DynamoDbVerbs:
        return DynamoDbVerbs(self.target)

    @cached_property
    def timestream(self) -> TimestreamVerbs:
        return TimestreamVerbs(self.target, self.name("iot"), self.name("temperaturesensor"))

    @cached_property
    def awslambda(self) -> LambdaVerbs:
        return LambdaVerbs(self.target, self.name("ac_control_lambda"))

    @cached_property
    def quicksight(self) -> QuickSightVerbs:
        return QuickSightVerbs(self.target)

    @cached_property
    def pipeline(self) -> PipelineVerbs:
        return PipelineVerbs(self._deployment, self._deployed_code)

    @cached_property
    def teardown(self) -> TeardownVerbs:
        names = {("log group", self.awslambda.log_group), ("QuickSight data source", self.name("iot-timestream"))}
        return TeardownVerbs(self._deployment, self._parts, self._run_function_once, frozenset(names))

    # devices

    def certificate(self) -> Certificate:
        """The certificate of the outputs as AWS IoT knows it; the check fails if it knows none."""
        pem = self.outputs("certificate_pem")["certificate_pem"]
        with aws_answers():
            found = self.iot.certificate(pem)
        if found is None:
            raise NotAsExpected(
                expected="the output certificate_pem holds a certificate that is registered with AWS IoT",
                got=f"a text that begins with {pem[:40]!r}"
                if "BEGIN CERTIFICATE" not in pem
                else "a certificate that is not registered",
                because="devices show this certificate, and AWS IoT lets in those that it knows",
                fix="the output certificate_pem in terraform/outputs.tf: certificate_pem of aws_iot_certificate",
            )
        return found

    def connect(self) -> Device:
        """A new device with the certificate of the outputs; raises DeviceRefused."""
        self.outputs("iot_endpoint", "certificate_pem", "private_key")
        self._deployment.write_certificates()
        certs = self.workspace.certs
        return self._open_device(Identity(certs / "certificate.pem", certs / "private_key.pem"))

    def try_to_connect(self) -> Refusal:
        """Connects once with the certificate of the outputs: false if it worked, else the reason and where to look."""
        try:
            self.connect().close()
        except DeviceRefused as refusal:
            what = (
                "" if refusal.fix != POLICY else f"\nthe certificate of the outputs is {self.certificate().description}"
            )
            return Refusal(f"{refusal}{what}", refusal.fix)
        return Refusal()

    def connects_without_its_certificate(self) -> list[str]:
        """How the endpoint let in devices that it must not: `without a certificate`, `with a stranger's certificate`.

        Where it is the endpoint that the cloud itself names, that is the cloud's doing: the check is skipped.
        """
        with stranger_identity() as stranger:
            tried = {"without a certificate": Identity(), "with a stranger's certificate": stranger}
            let_in = [how for how, who in tried.items() if not self._reason_of(partial(self._open_device, who))]
        if let_in and self._host() in (self.target.mqtt.host, self.iot.data_endpoint()):
            raise NotAvailable(f"the broker of {self.target.name} lets devices in {' and '.join(let_in)}")
        return let_in

    def _host(self) -> str:
        """Where devices connect: the output, or the host of a cloud whose own name for it leads nowhere."""
        named = self.target.mqtt.host if self.target.name != "local" else None
        return named or self.outputs("iot_endpoint")["iot_endpoint"]

    def _open_device(self, identity: Identity) -> Device:
        address = self.target.mqtt
        device = Device(self._host(), address.port, address.ca_file, identity)
        try:
            return device.connect()
        except DeviceRefused as refusal:
            if refusal.fix == ENDPOINT and self.target.name.startswith("http"):
                help_text = "LAB_MQTT_HOST, LAB_MQTT_PORT and LAB_MQTT_CA say where its devices connect"
                raise NotAvailable(
                    f"the broker of {self.target.name} is not reached: {refusal}; {help_text}"
                ) from refusal
            why = explain_refusal(self.target, device.client_id)
            raise DeviceRefused(f"{refusal}\n{why}", refusal.fix) from refusal if why else refusal

    def _reason_of(self, connect: Callable[[], Device]) -> str:
        try:
            connect().close()
        except DeviceRefused as refusal:
            return str(refusal)
        return ""

    @property
    def device(self) -> Device:
        """The device that publishes; the check is skipped if it cannot connect."""
        if self._device is None or not self._device.is_connected:
            self._device = self._ready(self.connect)
        return self._device

    def listen(self, *topics: str) -> Device:
        """A second device that is subscribed to `topics`; the check is skipped if it cannot be."""
        device = self._ready(self.connect)
        for topic in topics:
            self._ready(partial(device.subscribe, topic))
        return device

    def _ready(self, act: Callable[[], T]) -> T:
        try:
            return act()
        except DeviceRefused as refusal:
            raise NotReady(f"the device of part 1 does not work: {refusal}", fix="part 1: lab check 1") from refusal
        except NotAsExpected as failure:
            raise NotReady(
                f"part 1 is not there: expected {failure.expected}, got {failure.got}", fix="part 1: lab check 1"
            ) from failure

    @contextlib.contextmanager
    def house_online(self) -> Iterator[HouseOnline]:
        """The house of the kit on the wire: sends a reading, waits for a command; then it is disconnected."""
        house = HouseOnline()
        device: Device | None = None
        try:
            device = self.connect()
            house.try_out(device, self.publish_through_api)
        except DeviceRefused as refusal:
            house.problem = str(refusal)
        try:
            yield house
        finally:
            if device is not None:
                device.close()

    # readings

    def publish(self, temperature: float, sensor: int = 1) -> Reading:
        """Sends a reading over MQTT as a sensor of the house does; returns when the cloud has acknowledged it."""
        reading = replace(new_reading(temperature, sensor), client_id=self.device.client_id)
        return self._send(reading, lambda: self._ready(lambda: self.device.publish(reading.topic, reading.payload)))

    def publish_elsewhere(self, temperature: float, topic: str) -> Reading:
        """Sends a reading on another topic, as an administrator through the data plane."""
        reading = new_reading(temperature, topic=topic)
        return self._send(reading, lambda: self.publish_through_api(topic, reading.payload))

    def publish_through_api(self, topic: str, payload: bytes) -> None:
        """Publishes as an administrator through the data plane."""
        with aws_answers():
            self.target.client("iot-data").publish(topic=topic, qos=1, payload=payload)

    def _send(self, reading: Reading, send: Callable[[], Any]) -> Reading:
        after = self.now_ms()
        self._sent.append(reading.id)
        send()
        return replace(reading, sent_after_ms=after, sent_before_ms=self.now_ms())

    def now_ms(self) -> int:
        """The target's clock."""
        return int(self.target.clock.now() * 1000)

    def settle(self) -> None:
        """Returns when what the published messages caused is done, where the target can tell."""
        self.target.settle()

    def explain(self, reading: Reading, kind: str = "") -> Later:
        """Why a reading went where it went, by the rules with an action of `kind`; asked for only when somebody reads it."""
        return Later(lambda: explain_reading(self.target, reading, kind))

    def place_to_fix(self, reading: Reading, into: str, *, rule: str, role: str) -> Later:
        """Where to look when a reading did not arrive in the table `into`: at the rule, or at the role that it acts with."""
        return Later(lambda: place_to_fix(explain_reading(self.target, reading), into, rule=rule, role=role))

    # the function

    def run_unit_tests(self) -> UnitTests:
        return run_unit_tests(self.workspace, self._deployment.environment(), self._deployment.run)

    def deploy_function_code(self) -> str:
        """Packages the workspace's function and deploys it if other code is deployed; the package's hash."""
        try:
            self._deployment.run_script("bin/package_lambda.sh")
            package = self.workspace.folder / PACKAGE
            if not package.is_file():
                raise LearnerProblem(f"bin/package_lambda.sh did not make {PACKAGE}", next_step="bin/package_lambda.sh")
            wanted = code_sha256(package.read_bytes())
            function = self.awslambda.configuration()
            if function is not None and function.code_sha256 != wanted:
                self._deployment.run_script("bin/deploy_lambda.sh")
        except LearnerProblem as problem:
            raise NotAsExpected(
                expected="bin/package_lambda.sh and bin/deploy_lambda.sh deploy the function's code",
                got=problem.message, fix=problem.next_step,
            ) from problem  # fmt: skip
        return wanted

    def expect_deployed_code(self) -> None:
        """Deploys the workspace's code if another is deployed; the check fails unless the function runs it then."""
        wanted, deployed = self.deploy_function_code(), self._deployed_code()
        expect(
            deployed == wanted,
            expected=f"the code of {PACKAGE} ({wanted}) deployed as {self.awslambda.name}",
            got=deployed,
            because="bin/deploy_lambda.sh ended well, but another function or region got the code",
            fix="bin/deploy_lambda.sh; AWS_REGION",
        )

    def _deployed_code(self) -> str:
        function = self.awslambda.configuration()
        return function.code_sha256 if function else "no function"

    def permissions_of_function(self, service: str) -> str:
        """What the role of the function allows of a service, as text."""
        function = self.awslambda.configuration()
        role = self.iam.role(function.role) if function else None
        return f"role {role.name} allows {role.granted(service)}" if role else "the function has no role"

    def ready_function(self) -> None:
        """Sees to it that the function runs the workspace's code; the check is skipped if it cannot."""
        if self.awslambda.configuration() is None:
            raise NotReady(f"there is no function {self.awslambda.name}", fix="4.2 first")
        try:
            self.expect_deployed_code()
        except NotAsExpected as failure:
            raise NotReady(f"the workspace's code is not deployed: {failure.got}", fix="4.2 first") from failure

    def live_a_minute(
        self, temperatures: Mapping[int, Sequence[float]], *, by_schedule: bool = False, page_rows: int | None = None
    ) -> control.Minute:
        """A quiet minute, then readings of these temperatures by zone, then the function, called or fired by its schedule.

        `page_rows`: Timestream answers in pages of so many rows meanwhile, where the target can do that.
        """
        return control.live_a_minute(self, temperatures, by_schedule=by_schedule, page_rows=page_rows)

    def packages_and_deployed_code(self) -> tuple[dict[str, str], str]:
        """The hashes of the zips that the pipeline's jobs handed on, by name, and that of the deployed code."""
        run = self.pipeline.run()
        return {name: code_sha256(content) for name, content in run.packages}, run.deployed_sha256

    def timestamps_of_rules(self) -> list[str]:
        """The timestamp of every timestream action into the lab's table, as text."""
        wanted = {"databaseName": self.name("iot"), "tableName": self.name("temperaturesensor")}
        return [timestamp_of(action) for _, action in self.iot.rules_into("timestream", **wanted)]

    def roles_of_rules_into(self, kind: str, **settings: str) -> list[Role]:
        """The roles of the rules with an action of this kind and these settings; the check fails if there is no such rule."""
        arns = [action.get("roleArn", "") for _, action in self.iot.rules_into(kind, **settings)]
        expect(
            arns,
            expected=f"a rule with an action {kind} into {' '.join(settings.values())}",
            got=self.iot.describe_rules,
            because="AWS IoT writes with the role that the rule's action names",
            fix="aws_iot_topic_rule in terraform/iot.tf",
        )
        return [role for arn in dict.fromkeys(arns) if (role := self.iam.role(arn))]

    def data_sets_on_timestream(self) -> list[DataSet]:
        """The QuickSight data sets that read a source of type TIMESTREAM."""
        sources = {source.arn for source in self.quicksight.data_sources() if source.kind == "TIMESTREAM"}
        return [each for each in self.quicksight.data_sets() if sources & set(each.source_arns)]

    def temperatures_in(self, data_set: DataSet, reading: Reading) -> set[str]:
        """The temperatures that a data set's queries give for the sensor and the time of a reading; refusals, too."""
        self.timestream.wait_for_readings(reading)
        found: set[str] = set()
        for query in data_set.queries:
            answer = self.timestream.query(query)
            found |= (
                {row["temperature"] for row in answer.rows if reading.is_in(row)}
                if not answer.refusal
                else {answer.refusal}
            )
        return found - {None}

    def _run_function_once(self) -> Invocation | None:
        return self.awslambda.invoke() if self.awslambda.configuration() else None

    def file(self, name: str) -> Path:
        """A file of the workspace."""
        return self.workspace.folder / name

    def remove_what_was_published(self) -> None:
        """Deletes the items that the checks' readings became; Timestream keeps rows until their retention is over."""
        self.dynamodb.delete_items(self.name("Temperature"), self._sent)
        self._sent = []

    def close(self) -> None:
        """Disconnects the device; on real AWS what the checks published is removed."""
        if self.target.is_aws:
            self.remove_what_was_published()
        with contextlib.suppress(OSError):
            if self._device is not None:
                self._device.close()
        self._device = None
