"""A device publishes with QoS 1 over mTLS; a rule invokes a Python function for each reading."""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.devices import client, make_device, make_function, make_rule
from benchmarks.folders import folder
from benchmarks.measurement import Figure, Goal, Scale
from benchmarks.systems import System, Unavailable, labcloud, load, ministack

TITLE = "MQTT publish → rule → Lambda"
RATE = "rule → Lambda"
GOALS = [Goal(RATE, "at least ministack's rate", peer="ministack")]
USUAL_COUNT = {"labcloud": 500, "ministack": 30}


def run(scale: Scale) -> list[Figure]:
    rates: dict[str, list[float]] = {}
    missing: list[Figure] = []
    with ExitStack() as stack:
        systems = []
        for name, start in (("labcloud", labcloud), ("ministack", ministack)):
            try:
                place = stack.enter_context(folder())
                systems.append(prepare(stack.enter_context(start(place)), place))
            except Unavailable as error:
                missing.append(Figure(RATE, name, None, "/s", remark=str(error)))
        for turn in range(scale.repeats):
            for system, tls, seen in systems:
                count = scale.count(USUAL_COUNT[system.name])
                measure(system, tls, seen, 1, f"warm{turn}")
                rates.setdefault(system.name, []).append(measure(system, tls, seen, count, f"{turn}"))
    return [*(Figure(RATE, name, statistics.median(found), "/s") for name, found in rates.items()), *missing]


def prepare(system: System, place: Path) -> tuple[System, list[str], Path]:
    tls, seen = make_device(system, place), place / "seen"
    seen.touch()
    function = make_function(system, seen)
    rule = make_rule(system, {"lambda": {"functionArn": function}})
    client(system, "lambda").add_permission(
        FunctionName="bench",
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="iot.amazonaws.com",
        SourceArn=rule,
    )
    return system, tls, seen


def measure(system: System, tls: list[str], seen: Path, count: int, run: str) -> float:
    """Invocations a second from the first publish until the function has seen every reading."""
    done = load("in_order", port=system.mqtt_port, tls=tls, count=count, run=run)
    deadline = time.time() + 60
    while (found := seen.read_text().count(f"{run}-")) < count:
        if time.time() > deadline:
            raise RuntimeError(f"{system.name}: {found} of {count} readings reached the function")
        time.sleep(0.005)
    return count / (time.time() - done["began"])
