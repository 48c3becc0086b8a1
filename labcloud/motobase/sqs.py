"""Delays and visibility of SQS messages on the lab clock: moto 5.2.5 takes the machine's."""

from __future__ import annotations

import time
from collections.abc import Callable

import moto.sqs.models

from labcloud.motobase import hooks

_now: Callable[[], float] = time.time


def use(now: Callable[[], float]) -> None:
    """`now` gives the lab time, epoch seconds."""
    global _now
    _now = now


def install() -> None:
    """Puts the hooks in place."""
    if hooks.first_time(__name__):
        hooks.replace(moto.sqs.models, "unix_time", unix_time)
        hooks.replace(moto.sqs.models, "unix_time_millis", unix_time_millis)


def unix_time() -> float:
    return _now()


def unix_time_millis() -> float:
    return _now() * 1000.0
