"""CloudFormation: makes resources through the cloud's own API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from labcloud.api import Served
from labcloud.stack_api import StackApis, read_template
from labcloud.stacks import CloudFormation

if TYPE_CHECKING:
    from labcloud.cloud import Cloud


def make(cloud: Cloud) -> CloudFormation:
    return CloudFormation(cloud.clock.now, StackApis(cloud.calls, cloud.roles).make, read_template)


def serve(cloud: Cloud) -> Mapping[str, Served]:
    return {"cloudformation": Served(cloud.stacks.operations, rest_by_moto=False)}
