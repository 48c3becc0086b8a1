"""Where AWS is: the workspace's local cloud, real AWS, or an endpoint. Nothing else in the checker asks which."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from checker.control import Clock, ControlSurface, RealClock
from checker.errors import TargetDown, UsageProblem

if TYPE_CHECKING:
    import boto3

CLOUD_FOLDER = Path(".lab/cloud")
DEFAULT_REGION = "eu-west-1"
AMBIENT = (
    "AWS_CA_BUNDLE",
    "AWS_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ENDPOINT_URL",
    "AWS_CONFIG_FILE",
)
"""Variables of the caller that would lead a program past a local target."""

LOCAL_KEYS = {"AWS_ACCESS_KEY_ID": "local-cloud-key-id", "AWS_SECRET_ACCESS_KEY": "local-cloud-secret-key"}
"""The local cloud's administrator. Long words, so that a pipeline that masks them masks nothing else."""
NO_FILES: dict[str, Any] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""botocore's variables for a session that reads neither the caller's profile nor files."""


@dataclass(frozen=True)
class MqttAddress:
    """Where devices connect. `host` is for clouds whose own name for it leads nowhere; else the output `iot_endpoint` says."""

    host: str | None
    port: int
    ca_file: str | None


@dataclass(frozen=True)
class Target:
    """One AWS. `settings` are the environment variables that lead any AWS program there, `unset` those that mislead it."""

    name: str
    region: str
    mqtt: MqttAddress
    settings: Mapping[str, str]
    unset: tuple[str, ...] = ()
    control: ControlSurface | None = None
    identity: str = ""
    """Changes when the target is another cloud or was emptied."""
    profile: str | None = None
    account_id: str = ""
    """Where it is known without asking."""
    _clients: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def is_aws(self) -> bool:
        return self.name.split(":")[0] == "aws"

    @cached_property
    def account(self) -> str:
        """The number of the AWS account."""
        return self.account_id or str(self.client("sts").get_caller_identity()["Account"])

    @property
    def clock(self) -> Clock:
        return self.control or RealClock()

    def settle(self) -> bool:
        """Waits until what was published has had its effects, where the target can tell; False where it cannot."""
        return self.control is not None and self.control.settle()

    def environment(self, base: Mapping[str, str] = os.environ) -> dict[str, str]:
        """`base` changed so that Terraform, the AWS CLI, boto3 and the house reach this target."""
        return {name: value for name, value in base.items() if name not in self.unset} | dict(self.settings)

    @cached_property
    def session(self) -> boto3.Session:
        import boto3

        if self.is_aws:
            return boto3.Session(profile_name=self.profile, region_name=self.region)
        from botocore.session import Session

        return boto3.Session(
            botocore_session=Session(session_vars=NO_FILES),
            aws_access_key_id=self.settings["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.settings["AWS_SECRET_ACCESS_KEY"],
            region_name=self.region,
        )

    def client(self, service: str) -> Any:
        """A boto3 client with short time-outs; one per service."""
        if service not in self._clients:
            from botocore.config import Config

            config = Config(connect_timeout=5, read_timeout=90, retries={"max_attempts": 2, "mode": "standard"})
            url = None if self.is_aws else self.settings["AWS_ENDPOINT_URL"]
            verify = None if self.is_aws or not url or url.startswith("http:") else self.mqtt.ca_file
            self._clients[service] = self.session.client(service, endpoint_url=url, config=config, verify=verify)
        return self._clients[service]


def find_target(name: str, workspace: Path, environ: Mapping[str, str] = os.environ) -> Target:
    """The target called `local`, `aws`, `aws:PROFILE`, `aws:PROFILE:REGION`, or by its endpoint's URL."""
    if name == "local":
        return _local(workspace, environ)
    if re.fullmatch(r"aws(:[\w.@-]+(:[\w-]+)?)?", name):
        return _aws(name, environ)
    if name.startswith(("http://", "https://")):
        return _endpoint(name, environ)
    raise UsageProblem(
        f"There is no target {name!r}", next_step="use local, aws, aws:PROFILE:REGION or an endpoint's URL"
    )


def cloud_file(workspace: Path) -> Path:
    """Where a running local cloud of `workspace` says how to reach it."""
    return workspace / CLOUD_FOLDER / "cloud.json"


def read_cloud_file(workspace: Path) -> dict[str, Any] | None:
    """What the local cloud of `workspace` wrote about itself, or None."""
    try:
        found = json.loads(cloud_file(workspace).read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def local_target(cloud: Mapping[str, Any]) -> Target:
    """The target that a cloud's state file describes."""
    mqtt = MqttAddress(cloud["mqtt_host"], int(cloud["mqtt_port"]), cloud["ca_file"])
    control = ControlSurface(
        cloud.get("control_url", cloud["endpoint_url"] + "/_lab").rstrip("/"), cloud.get("control_token", "")
    )
    identity = f"{cloud['endpoint_url']} {cloud.get('cloud_id') or cloud['pid']}"
    settings = _settings(cloud["endpoint_url"], cloud["region"], mqtt) | LOCAL_KEYS
    account = str(cloud.get("account_id", ""))
    return Target("local", cloud["region"], mqtt, settings, AMBIENT, control, identity, account_id=account)


def _local(workspace: Path, environ: Mapping[str, str]) -> Target:
    cloud = read_cloud_file(workspace)
    if cloud is None:
        raise TargetDown("The local cloud of this workspace is not running", next_step="lab up")
    return local_target(cloud)


def _aws(name: str, environ: Mapping[str, str]) -> Target:
    _, profile, region = (name.split(":") + [None, None])[:3]
    profile = profile or environ.get("AWS_PROFILE")
    import boto3
    from botocore.exceptions import BotoCoreError

    set_region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    try:
        region_of_profile = boto3.Session(profile_name=profile).region_name
    except BotoCoreError as error:
        raise UsageProblem(f"AWS: {error}", next_step="aws configure --profile NAME") from error
    region = region or set_region or region_of_profile
    if not region:
        raise UsageProblem("No AWS region is set", next_step="use --target aws:PROFILE:REGION or set AWS_REGION")
    settings = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region, "TF_WORKSPACE": "aws"}
    if profile:
        settings["AWS_PROFILE"] = profile
    mqtt = MqttAddress(None, int(environ.get("LAB_MQTT_PORT", 8883)), environ.get("LAB_MQTT_CA"))
    return Target(name, region, mqtt, settings, ("AWS_ENDPOINT_URL",), None, f"aws {profile} {region}", profile)


def _endpoint(url: str, environ: Mapping[str, str]) -> Target:
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
    mqtt = MqttAddress(
        environ.get("LAB_MQTT_HOST"), int(environ.get("LAB_MQTT_PORT", 8883)), environ.get("LAB_MQTT_CA")
    )
    parts = urlsplit(url)
    if not parts.hostname:
        raise UsageProblem(f"{url} names no host", next_step="use a URL such as http://127.0.0.1:4566")
    control = _control_surface(f"{parts.scheme}://{parts.netloc}/_lab")
    settings = _settings(url.rstrip("/"), region, mqtt) | {"TF_WORKSPACE": re.sub(r"\W+", "-", parts.netloc)}
    return Target(url, region, mqtt, settings, AMBIENT, control, url)


def require_answer(target: Target, within_s: float = 5.0) -> None:
    """Raises TargetDown unless somebody listens at the endpoint: Terraform would wait for minutes, or not ask at all."""
    place = urlsplit(target.settings["AWS_ENDPOINT_URL"])
    port = place.port or (443 if place.scheme == "https" else 80)
    try:
        socket.create_connection((place.hostname, port), timeout=within_s).close()
    except OSError as error:
        raise TargetDown(
            f"Nobody answers at {target.name}: {error.strerror or error}",
            next_step="start that cloud, or correct the URL",
        ) from error


def _control_surface(url: str) -> ControlSurface | None:
    """The control surface of an endpoint that has one."""
    control = ControlSurface(url)
    try:
        control.health(within_s=2.0)
    except TargetDown:
        return None
    return control


def _settings(endpoint_url: str, region: str, mqtt: MqttAddress) -> dict[str, str]:
    settings = {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",  # an address has no sub-domain, as StartSyncExecution wants
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "LAB_MQTT_PORT": str(mqtt.port),
    }
    if mqtt.ca_file:
        settings["LAB_MQTT_CA"] = mqtt.ca_file
    return settings
