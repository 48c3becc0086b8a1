"""DynamoDB: moto keeps the tables; items nest only so deep, and go when their time to live is over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from labcloud.api import ApiRequest, Served
from labcloud.expiry import Expiry
from labcloud.motobase.expiring import has_expiring_items, remove_expired
from labcloud.nesting import WRITTEN, check_nesting

if TYPE_CHECKING:
    from labcloud.cloud import Cloud


def make_expiry(cloud: Cloud) -> Expiry:
    return Expiry(cloud.clock, has_expiring_items, remove_expired)


def serve(cloud: Cloud) -> Mapping[str, Served]:
    def changed(request: ApiRequest) -> None:
        if request.operation == "UpdateTimeToLive":
            cloud.expiry.reconcile()

    return {"dynamodb": Served(checks=dict.fromkeys(WRITTEN, check_nesting), changed=changed)}
