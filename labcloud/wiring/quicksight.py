"""QuickSight stands alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from labcloud.api import Served
from labcloud.quicksight import QuickSight

if TYPE_CHECKING:
    from labcloud.cloud import Cloud


def make(cloud: Cloud) -> QuickSight:
    return QuickSight(cloud.clock.now)


def serve(cloud: Cloud) -> Mapping[str, Served]:
    return {"quicksight": Served(cloud.quicksight.operations, rest_by_moto=False)}
