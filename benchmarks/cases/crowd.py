"""What 1,000 connected TLS devices cost in memory beyond the idle process."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from contextlib import ExitStack

from benchmarks.cases.mqtt import _start
from benchmarks.measurement import Figure, Goal, Scale
from benchmarks.systems import ROOT, System, Unavailable

TITLE = "1,000 TLS connections"
MEMORY = "memory of 1,000 TLS connections"
GOALS = [Goal(MEMORY, "under 100 MB", value=100)]


def run(scale: Scale) -> list[Figure]:
    figures = []
    for name in ("labcloud", "ministack", "mosquitto, mTLS"):
        try:
            values = [_once(name, scale.count(1000)) for _ in range(min(2, scale.repeats))]
            figures.append(Figure(MEMORY, name, statistics.median(values), "MB", "less"))
        except Unavailable as error:
            figures.append(Figure(MEMORY, name, None, "MB", "less", str(error)))
    return figures


def _once(name: str, count: int) -> float:
    with ExitStack() as stack:
        system, tls = _start(name, stack)
        return _grown(system, tls, count)


def _grown(system: System, tls: list[str] | None, count: int) -> float:
    """How much memory the connections took."""
    before = system.megabytes()
    command = [
        sys.executable,
        "-m",
        "benchmarks.load.crowd",
        json.dumps({"port": system.mqtt_port, "tls": tls, "count": count}),
    ]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as crowd:
        assert crowd.stdin and crowd.stdout
        line = crowd.stdout.readline()
        grown = system.megabytes() - before
        crowd.stdin.close()
    if not line:
        raise Unavailable(f"not all of {count} clients could connect")
    return grown
