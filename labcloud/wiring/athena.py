"""Athena: reads what its caller may read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from labcloud.api import Served
from labcloud.athena.service import Athena

if TYPE_CHECKING:
    from labcloud.cloud import Cloud


def make(cloud: Cloud) -> Athena:
    return Athena(cloud.clock.now, lambda *asked: cloud.roles.why_not(*asked, {}))


def serve(cloud: Cloud) -> Mapping[str, Served]:
    return {"athena": Served(cloud.athena.operations)}
