"""From the command to the first AWS answer (GetCallerIdentity), and the memory of a system that nobody uses."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks.folders import folder, unless_unavailable
from benchmarks.load.api import AUTHORIZATION, Client
from benchmarks.measurement import Figure, Goal, Scale
from benchmarks.systems import System, labcloud, ministack, moto_server

TITLE = "Start and memory"
FIRST, CPU, IDLE = "start to first AWS answer", "its processor time", "idle memory"
GOALS = [Goal(FIRST, "under 0.7 s", value=0.7), Goal(IDLE, "under 120 MB", value=120)]

BODY = b"Action=GetCallerIdentity&Version=2011-06-15"
REQUEST = (
    "POST / HTTP/1.1\r\nHost: sts.eu-west-1.localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    f"X-Amz-Date: 20260101T000000Z\r\nAuthorization: {AUTHORIZATION.replace('/dynamodb/', '/sts/')}\r\n"
    f"Content-Length: {len(BODY)}\r\n\r\n"
).encode() + BODY


def run(scale: Scale) -> list[Figure]:
    figures = []
    for name, start in (("labcloud", labcloud), ("ministack", ministack), ("moto server", moto_server)):
        figures += unless_unavailable(FIRST, name, "s", lambda name=name, start=start: _measure(name, start, scale))
    return figures


def _measure(name: str, start: Callable[[Path], AbstractContextManager[System]], scale: Scale) -> list[Figure]:
    seconds, cpu_s, megabytes = [], [], []
    for _ in range(scale.repeats):
        with folder() as place:
            began = time.perf_counter()
            with start(place) as system:
                if Client(system.port).ask(REQUEST) != 200:
                    raise RuntimeError(f"{name} refused GetCallerIdentity")
                seconds.append(time.perf_counter() - began)
                cpu_s.append(system.cpu_s())
                megabytes.append(system.megabytes())
    return [
        Figure(FIRST, name, statistics.median(seconds), "s", "less"),
        Figure(CPU, name, statistics.median(cpu_s), "s", "less"),
        Figure(IDLE, name, statistics.median(megabytes), "MB", "less"),
    ]
