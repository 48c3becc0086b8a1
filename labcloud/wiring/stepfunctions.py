"""Step Functions: moto keeps state machines; nothing executes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from labcloud.api import ApiRequest, Served
from labcloud.errors import NotServed

if TYPE_CHECKING:
    from labcloud.cloud import Cloud


def serve(cloud: Cloud) -> Mapping[str, Served]:
    refused = dict.fromkeys(("StartExecution", "StartSyncExecution"), _refuse_execution)
    return {"stepfunctions": Served(checks=refused)}


def _refuse_execution(request: ApiRequest) -> None:
    """moto would answer with an execution that never ran."""
    raise NotServed("The local cloud keeps state machines but does not execute them.")
