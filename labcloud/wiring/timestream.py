"""Timestream stands alone, in a folder of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from labcloud.api import Served
from labcloud.roles import TablesOf
from labcloud.timestream import Timestream, tables_of

if TYPE_CHECKING:
    from labcloud.cloud import Cloud


def make(cloud: Cloud) -> Timestream:
    return Timestream(cloud.clock, lambda: cloud.endpoint_url, cloud.folder("timestream"))


def serve(cloud: Cloud) -> Mapping[str, Served]:
    both = (cloud.timestream.write, cloud.timestream.query)
    return {service.name: Served(service.operations, rest_by_moto=False) for service in both}


def make_tables_of(cloud: Cloud) -> TablesOf:
    """What says which tables a query reads."""
    return tables_of
