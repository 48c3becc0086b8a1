"""Where events, schedules and functions' destinations send, and the cloud's API for those who call it under a role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labcloud.api import Scope
from labcloud.motobase.service_calls import ServiceCalls
from labcloud.outlets import Attempts, Outlets
from labcloud.shell.web import Web

if TYPE_CHECKING:
    from labcloud.cloud import Cloud


def make(cloud: Cloud) -> Outlets:
    def start(scope: Scope, function_arn: str, payload: bytes, *, wait: bool) -> None:
        cloud.functions.start(scope, function_arn, payload, wait=wait)

    def execute(scope: Scope, machine_arn: str, text: str, *, wait: bool) -> None:
        cloud.state_machines.start(scope, machine_arn, text, wait=wait)

    return Outlets(
        start,
        execute,
        lambda *records: cloud.firehose.put(*records),
        lambda *entry: cloud.bus.put(*entry),
        cloud.clock.now_ms,
    )


def make_attempts(cloud: Cloud) -> Attempts:
    return Attempts(cloud.clock)


def make_calls(cloud: Cloud) -> ServiceCalls:
    return ServiceCalls(lambda: cloud.endpoint_url)


def make_web(cloud: Cloud) -> Web:
    return Web(cloud.settings.post_anywhere, cloud.authority.pem)
