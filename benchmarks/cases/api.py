"""DynamoDB over HTTP: one client, a kept connection, prepared requests."""

from __future__ import annotations

import statistics
from contextlib import ExitStack

from benchmarks.folders import folder
from benchmarks.measurement import Figure, Goal, Scale
from benchmarks.systems import System, Unavailable, labcloud, load, ministack, moto_server

TITLE = "AWS API"
RATE, LATENCY, CPU = "DynamoDB {}", "{} latency", "{} processor time a request"
GOALS = [
    Goal(RATE.format("PutItem"), "at least ministack's rate", peer="ministack"),
    Goal(RATE.format("GetItem"), "at least ministack's rate", peer="ministack"),
]
OPERATIONS = ("PutItem", "GetItem")
KEEPS_NOTHING = "labcloud, no state folder"


def run(scale: Scale) -> list[Figure]:
    """The systems take turns, so that a busy moment of the machine hits all of them."""
    found: dict[tuple[str, str, str, str], list[float]] = {}
    missing: list[Figure] = []
    with ExitStack() as stack:
        systems: list[System] = []
        for start, more in (
            (labcloud, {}),
            (labcloud, {"state": False, "name": KEEPS_NOTHING}),
            (ministack, {}),
            (moto_server, {}),
        ):
            try:
                systems.append(stack.enter_context(start(stack.enter_context(folder()), **more)))
            except Unavailable as error:
                missing.append(Figure(RATE.format("PutItem"), start.__name__, None, "/s", remark=str(error)))
        for turn in range(scale.repeats):
            for system in systems:
                for operation in OPERATIONS:
                    _measure(system, operation, scale.count(1500), turn == 0, found)
    return [
        *(
            Figure(what.format(operation), name, statistics.median(values), unit, "more" if unit == "/s" else "less")
            for (what, operation, name, unit), values in found.items()
        ),
        *missing,
    ]


def _measure(
    system: System, operation: str, count: int, first: bool, found: dict[tuple[str, str, str, str], list[float]]
) -> None:
    before = system.cpu_s()
    measured = load("api", port=system.port, operation=operation, count=count, create=first and operation == "PutItem")
    cpu_us = (system.cpu_s() - before) / (count * 1.1) * 1e6
    for what, unit, value in (
        (RATE, "/s", measured["rate"]),
        (LATENCY, "ms", measured["median_ms"]),
        (CPU, "µs", cpu_us),
    ):
        found.setdefault((what, operation, system.name, unit), []).append(value)
