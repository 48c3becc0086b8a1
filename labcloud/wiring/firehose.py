"""Firehose: moto keeps the delivery streams; records are transformed by functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from labcloud.api import Served
from labcloud.firehose import Firehose, check_create, check_update

if TYPE_CHECKING:
    from labcloud.cloud import Cloud

FIREHOSE = "firehose.amazonaws.com"


def make(cloud: Cloud) -> Firehose:
    return Firehose(cloud.clock, cloud.roles, lambda *call: cloud.functions.call(*call))


def serve(cloud: Cloud) -> Mapping[str, Served]:
    def why_not_assumed(role_arn: str) -> str | None:
        return cloud.roles.why_not_assumed(role_arn, FIREHOSE, {})

    checks = {
        "CreateDeliveryStream": lambda request: check_create(request, why_not_assumed),
        "UpdateDestination": lambda request: check_update(request, why_not_assumed),
    }
    return {"firehose": Served(cloud.firehose.operations, checks=checks)}
