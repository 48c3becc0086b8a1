"""Ten publishers, one subscriber, 200-byte readings: messages a second that arrive, and what each costs the broker.

The local cloud has mTLS, policies, metrics and the trace on (no rule covers the topic); mosquitto has none of these.
"""

from __future__ import annotations

import itertools
import json
import statistics
import subprocess
import sys
import threading
from contextlib import ExitStack

from benchmarks.devices import make_device, own_authority
from benchmarks.folders import folder
from benchmarks.measurement import Figure, Goal, Scale
from benchmarks.systems import ROOT, System, Unavailable, labcloud, ministack, mosquitto

TITLE = "MQTT publish → subscriber"
RATE, CPU = "MQTT QoS {}", "QoS {} processor time a message"
GOALS = [
    Goal(RATE.format(1), "at least mosquitto's rate without policies", peer="mosquitto, mTLS"),
    Goal(RATE.format(0), "at least ministack's rate", peer="ministack"),
]

_runs = itertools.count()


def run(scale: Scale) -> list[Figure]:
    figures: dict[tuple[str, str, str], list[float]] = {}
    remarks: dict[tuple[str, str], str] = {}
    missing: list[Figure] = []
    with ExitStack() as stack:
        systems: list[tuple[System, list[str] | None]] = []
        for name in ("labcloud", "ministack", "mosquitto, mTLS", "mosquitto"):
            try:
                systems.append(_start(name, stack))
            except Unavailable as error:
                missing.append(Figure(RATE.format(1), name, None, "/s", remark=str(error)))
        for _ in range(scale.repeats):
            for system, tls in systems:
                for qos in (0, 1):
                    rate, cpu_us, lost = measure(system, tls, qos, scale.seconds)
                    figures.setdefault((RATE.format(qos), system.name, "/s"), []).append(rate)
                    figures.setdefault((CPU.format(qos), system.name, "µs"), []).append(cpu_us)
                    if lost:
                        remarks[RATE.format(qos), system.name] = f"{lost:.0f} lost"
    return [
        *(
            Figure(
                what,
                name,
                statistics.median(values),
                unit,
                "more" if unit == "/s" else "less",
                remarks.get((what, name), ""),
            )
            for (what, name, unit), values in figures.items()
        ),
        *missing,
    ]


def _start(name: str, stack: ExitStack) -> tuple[System, list[str] | None]:
    place = stack.enter_context(folder())
    if name == "mosquitto":
        return stack.enter_context(mosquitto(place)), None
    if name == "mosquitto, mTLS":
        files = own_authority(place)
        return stack.enter_context(mosquitto(place, tls=files)), [str(one) for one in files]
    system = stack.enter_context((labcloud if name == "labcloud" else ministack)(place))
    return system, make_device(system, place)


def measure(system: System, tls: list[str] | None, qos: int, seconds: float) -> tuple[float, float, float]:
    """Messages a second, processor µs a message, messages lost."""
    topic = f"bench/{next(_runs):04d}/temperature"  # what an earlier run left behind is not counted
    asked = {"port": system.mqtt_port, "tls": tls, "qos": qos, "topic": topic}
    command = [sys.executable, "-m", "benchmarks.load.fan_in", json.dumps(asked)]
    generator = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert generator.stdin and generator.stdout
    with generator:
        edges = []
        for pause_s in (min(0.3, seconds), seconds):
            threading.Event().wait(pause_s)
            generator.stdin.write("window\n")
            generator.stdin.flush()
            line = generator.stdout.readline()
            if not line:
                raise RuntimeError(f"the load generator failed with {system.name}")
            edges.append((json.loads(line), system.cpu_s()))
        lost = json.loads(generator.stdout.readline())["lost"]
    (first, cpu_before), (last, cpu_after) = edges
    count = max(1, last["received"] - first["received"])
    return count / (last["at"] - first["at"]), (cpu_after - cpu_before) / count * 1e6, lost
