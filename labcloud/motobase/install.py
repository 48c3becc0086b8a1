"""Puts every hook into moto in place, with the settings of this cloud."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from labcloud.ca import CertificateAuthority
from labcloud.motobase import cloudwatch, firehose, iam, instances, iot, s3, sns, speed


def install(
    authority: CertificateAuthority,
    endpoint: Callable[[str], str],
    validate_topic_rule: Callable[[Mapping[str, Any]], None],
    on_change: Callable[[str, str, str], None],
) -> None:
    """Installs the hooks; called again, it changes the settings."""
    os.environ.setdefault("MOTO_DISABLE_GLOBAL_CORS", "true")  # no page of another origin may read answers
    iot.install(iot.Settings(authority, endpoint, validate_topic_rule, on_change))
    iam.install()
    speed.install()
    instances.install()


def notify(
    tell_target: s3.Tell, deliver: sns.Deliver, ask_to_confirm: sns.AskToConfirm, put_records: firehose.Put
) -> None:
    """Says who carries out bucket notifications, the fan-out of topics and log subscriptions into delivery streams."""
    firehose.use(put_records)
    firehose.install()
    s3.use(tell_target)
    sns.use(deliver, ask_to_confirm)
    s3.install()
    sns.install()


def notify_of_alarms(state_changed: cloudwatch.StateChanged, now: Callable[[], float]) -> None:
    """Says who is told of an alarm's new state; called again, it changes that."""
    cloudwatch.use(state_changed, now)
    cloudwatch.install()
