"""Puts the hooks into what every start loads of moto in place; `on_demand` does the rest."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from labcloud.ca import CertificateAuthority
from labcloud.motobase import iam, instances, iot, speed


def install(
    authority: CertificateAuthority,
    endpoint: Callable[[str], str],
    validate_topic_rule: Callable[[str, Mapping[str, Any]], None],
    on_change: Callable[[str, str, str], None],
) -> None:
    """Installs the hooks; called again, it changes the settings."""
    os.environ.setdefault("MOTO_DISABLE_GLOBAL_CORS", "true")  # no page of another origin may read answers
    iot.install(iot.Settings(authority, endpoint, validate_topic_rule, on_change))
    iam.install()
    speed.install()
    instances.install()
