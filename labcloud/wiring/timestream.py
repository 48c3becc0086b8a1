"""Timestream keeps a folder of its own; UNLOAD writes to S3 as its caller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from labcloud.api import ApiRequest, Served
from labcloud.roles import TablesOf
from labcloud.timestream import Timestream, tables_of

if TYPE_CHECKING:
    from labcloud.cloud import Cloud


def make(cloud: Cloud) -> Timestream:
    def call(request: ApiRequest, service: str, operation: str, parameters: Mapping[str, Any]) -> None:
        cloud.calls.call_as(request.scope, request.caller.access_key_id, service, operation, parameters)

    return Timestream(cloud.clock, lambda: cloud.endpoint_url, cloud.folder("timestream"), call)


def serve(cloud: Cloud) -> Mapping[str, Served]:
    both = (cloud.timestream.write, cloud.timestream.query)
    return {service.name: Served(service.operations, rest_by_moto=False) for service in both}


def make_tables_of(cloud: Cloud) -> TablesOf:
    """What says which tables a query reads."""
    return tables_of
