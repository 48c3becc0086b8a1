"""A device publishes with QoS 1 over mTLS; a rule with WHERE and a role puts each reading into a table.

The memory is what 200,000 readings of 1,000 sensors leave behind beyond the items that are there already.
"""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack

from benchmarks.devices import client, make_device, make_role, make_rule, make_table
from benchmarks.folders import folder
from benchmarks.load.api import Client, prepared
from benchmarks.measurement import US, Figure, Goal, Scale
from benchmarks.systems import System, Unavailable, labcloud, load, ministack

TITLE = "MQTT publish → rule → DynamoDB item"
RATE, CPU = "rule → DynamoDB item", "rule → DynamoDB processor time a message"
MEMORY = "memory that 200,000 messages leave behind"
GOALS = [
    Goal(RATE, "at least 10 × ministack's rate", peer="ministack", factor=10),
    Goal(MEMORY, "under 30 MB", value=30),
]
USUAL_COUNT = {"labcloud": 10_000, "ministack": 1_000}


def run(scale: Scale) -> list[Figure]:
    figures: dict[tuple[str, str, str], list[float]] = {}
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
            for system, tls in systems:
                rate, cpu_us = measure(system, tls, scale.count(USUAL_COUNT[system.name]), f"{turn}")
                figures.setdefault((RATE, system.name, "/s"), []).append(rate)
                figures.setdefault((CPU, system.name, "µs"), []).append(cpu_us)
        for system, tls in systems:
            if system.name == US:
                figures[MEMORY, US, "MB"] = [grown_megabytes(system, tls, scale)]
    made = [
        Figure(what, name, statistics.median(values), unit, "more" if unit == "/s" else "less")
        for (what, name, unit), values in figures.items()
    ]
    return [*made, *missing]


def grown_megabytes(system: System, tls: list[str], scale: Scale) -> float:
    """How much more memory the system has after 200,000 readings that replace each other."""
    before = system.megabytes()
    for part in range(4):
        load("in_order", port=system.mqtt_port, tls=tls, count=scale.count(50_000), run=f"m{part}", sensors=250)
    return max(0.0, system.megabytes() - before)


def prepare(system: System, place: object) -> tuple[System, list[str]]:
    tls = make_device(system, place)  # type: ignore[arg-type]
    make_table(system)
    role = make_role(system, "iot.amazonaws.com", "dynamodb:PutItem")
    make_rule(system, {"dynamoDBv2": {"roleArn": role, "putItem": {"tableName": "hot"}}})
    return system, tls


def measure(system: System, tls: list[str], count: int, run: str) -> tuple[float, float]:
    """Items a second from the first publish until the last item is there; processor µs an item. None may be missing."""
    before = system.cpu_s()
    done = load("in_order", port=system.mqtt_port, tls=tls, count=count, run=run)
    last = {"TableName": "hot", "Key": {"id": {"S": f"{run}-{count - 1}"}}}
    connection, request = Client(system.port), prepared("GetItem", last)
    deadline = time.time() + 60
    while connection.ask(request) == 200 and b"Item" not in connection.body:
        if time.time() > deadline:
            raise RuntimeError(f"{system.name}: the last reading did not arrive")
        time.sleep(0.002)
    seconds, cpu_s = time.time() - done["began"], system.cpu_s() - before
    pages = client(system, "dynamodb").get_paginator("scan").paginate(TableName="hot", ConsistentRead=True)
    found = sum(item["id"]["S"].startswith(f"{run}-") for page in pages for item in page["Items"])
    if found != count:
        raise RuntimeError(f"{system.name}: {found} of {count} readings arrived")
    return count / seconds, cpu_s / count * 1e6
