"""Puts the hooks into what every start loads of moto in place; `on_demand` does the rest."""

from __future__ import annotations

import os

from labcloud.motobase import iam, instances, speed


def install() -> None:
    """Once a process is enough."""
    os.environ.setdefault("MOTO_DISABLE_GLOBAL_CORS", "true")  # no page of another origin may read answers
    iam.install()
    speed.install()
    instances.install()
