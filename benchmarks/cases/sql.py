"""IoT SQL: one message after the other against statements that both systems understand, payloads read each time."""

from __future__ import annotations

import json
import statistics
import sys

from benchmarks.measurement import Figure, Goal, Scale
from benchmarks.systems import ROOT, Unavailable, peers, run_json

TITLE = "IoT SQL evaluations"
RATE = "SQL evaluations"
GOALS = [Goal(RATE, "at least 10 × ministack's", peer="ministack", factor=10)]

STATEMENTS = (
    "SELECT * FROM 'house/+/temperature' WHERE temperature > 40",
    "SELECT temperature, room AS place, topic(2) AS zone FROM 'house/+/temperature' WHERE temperature > 40 AND room = 'kitchen'",
    "SELECT temperature AS celsius, temperature * 1.8 + 32 AS fahrenheit, timestamp() AS at FROM 'house/#' "
    "WHERE temperature >= 40 OR status = 'hot'",
)
PAYLOAD = json.dumps({"sensor": "s1", "temperature": 45.5, "room": "kitchen", "status": "ok", "note": "y" * 100})


def run(scale: Scale) -> list[Figure]:
    asked = {"topic": "house/z1/temperature", "payload": PAYLOAD, "statements": STATEMENTS, "fires": True}
    text = json.dumps({**asked, "seconds": scale.seconds / len(STATEMENTS) / 2})
    found: dict[str, list[float]] = {}
    remark = ""
    for _ in range(scale.repeats):
        command = [sys.executable, "-m", "benchmarks.load.sql_labcloud", text]
        found.setdefault("labcloud", []).append(run_json(command)["rate"])
        try:
            command = [str(peers()), str(ROOT / "benchmarks" / "load" / "sql_ministack.py"), text]
            found.setdefault("ministack", []).append(run_json(command)["rate"])
        except Unavailable as error:
            remark = str(error)
    figures = [Figure(RATE, name, statistics.median(rates), "/s") for name, rates in found.items()]
    return figures if not remark else [*figures, Figure(RATE, "ministack", None, "/s", remark=remark)]
