"""What moto's hooks ask and tell, service by service; who answers is made when the first question comes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from labcloud.api import Scope
from labcloud.iot.registry import is_certificate
from labcloud.motobase import iot_reads, lab_time, on_demand
from labcloud.motobase.install import install

if TYPE_CHECKING:
    from labcloud.cloud import Cloud

ENDPOINTS = {
    "iot:Data-ATS": "localhost",
    "iot:Data": "localhost",
    "iot:CredentialProvider": "credentials.localhost",
    "iot:Jobs": "jobs.localhost",
}
"""As on AWS, devices find no broker behind the names of the other two types; neither of them is served."""


def connect(cloud: Cloud) -> None:
    """Puts the hooks in place, now or when moto's service is first used. Of two clouds the later one is asked."""

    def check_topic_rule(arn: str, payload: Mapping[str, Any]) -> None:
        cloud.rules.check(arn, payload)

    def registry_changed(kind: str, account_id: str, region: str) -> None:
        if kind == "topic_rule":
            cloud.rules.load(Scope(account_id, region))
            return
        cloud.registry.changed()
        if kind == "certificate" and cloud.mqtt.is_running:
            active = {c.certificate_id for c in iot_reads.certificates() if c.status == "ACTIVE"}
            cloud.mqtt.call_threadsafe(lambda: _disconnect_all_but(cloud, active))

    install()
    lab_time.use(cloud.clock.now)
    on_demand.use("iot", cloud.authority, ENDPOINTS.__getitem__, check_topic_rule, registry_changed)
    on_demand.use("cloudwatch", lambda *change: cloud.notices.state_changed(*change))
    on_demand.use("event_rules", lambda account_id, region, *event: cloud.bus.offer(Scope(account_id, region), *event))
    on_demand.use("firehose", lambda *records: cloud.firehose.put(*records))
    on_demand.use("logs", lambda *call: cloud.functions.invoke_by_service(*call))
    on_demand.use("s3", lambda *event: cloud.buckets.tell(*event))
    on_demand.use(
        "sns", lambda *message: cloud.fan_out.deliver(*message), lambda *asked: cloud.fan_out.ask_to_confirm(*asked)
    )


def _disconnect_all_but(cloud: Cloud, active: set[str]) -> None:
    connected = {c.principal.id for c in cloud.broker.connections if is_certificate(c.principal)}
    for principal in connected - active:
        cloud.broker.disconnect_principal(principal)
