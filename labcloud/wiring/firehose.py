"""Firehose: moto keeps the delivery streams; records are transformed by functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from labcloud.api import Served
from labcloud.firehose import Firehose, check_create, check_update

if TYPE_CHECKING:
    from labcloud.cloud import Cloud


def make(cloud: Cloud) -> Firehose:
    return Firehose(cloud.clock, cloud.roles, lambda *call: cloud.functions.call(*call))


def serve(cloud: Cloud) -> Mapping[str, Served]:
    checks = {"CreateDeliveryStream": check_create, "UpdateDestination": check_update}
    return {"firehose": Served(cloud.firehose.operations, checks=checks)}
