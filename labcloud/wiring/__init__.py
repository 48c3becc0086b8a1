"""How the services are made from one another: here they meet, as none of them imports another.

A module a room. It is imported when the cloud first needs what it makes (`Later` attributes of the cloud) or when the
first request comes for an AWS service that it serves; then `serve(cloud)` says by service what of it is ours.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from labcloud.api import Served

if TYPE_CHECKING:
    from labcloud.cloud import Cloud

ROOMS = {
    "athena": "athena",
    "cloudformation": "stacks",
    "cloudwatch": "monitoring",
    "dynamodb": "items",
    "events": "events",
    "firehose": "firehose",
    "iam": "identity",
    "iot": "iot",
    "iot-data": "iot",
    "lambda": "functions",
    "logs": "logs",
    "quicksight": "quicksight",
    "s3": "notifications",
    "scheduler": "scheduler",
    "stepfunctions": "stepfunctions",
    "timestream-query": "timestream",
    "timestream-write": "timestream",
}
"""From an AWS service (botocore's name) to the module that serves it; every other service is moto's alone."""


class Services:
    """What of each AWS service is ours, found out at its first request."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._served: dict[str, Served] = {}

    def __call__(self, service: str) -> Served:
        served = self._served.get(service)
        if served is None:
            served = self._served[service] = self._find(service)
        return served

    def _find(self, service: str) -> Served:
        if service not in ROOMS:
            return Served()
        room = importlib.import_module(f"{__name__}.{ROOMS[service]}")
        served: Served = room.serve(self._cloud)[service]
        return served
