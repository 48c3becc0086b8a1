"""Timestream: records a second and the time of typical queries at 10^5 and 10^6 rows. No peer has it (moto stores
records, and every query is empty)."""

from __future__ import annotations

from benchmarks.folders import folder
from benchmarks.measurement import US, Figure, Goal, Scale, median
from benchmarks.systems import labcloud, load

TITLE = "Timestream"
INGEST, RULES = "Timestream ingest over HTTP", "Timestream ingest, as rules write"
QUERIES = {
    "one-minute averages of an hour": "SELECT bin(time, 1m) AS minute, avg(measure_value::double) AS celsius FROM TABLE "
    "WHERE time > ago(1h) AND measure_name = 'temperature' GROUP BY bin(time, 1m) ORDER BY minute",
    "one minute's average": "SELECT avg(measure_value::double) AS celsius FROM TABLE "
    "WHERE time BETWEEN ago(30m) AND ago(29m) AND measure_name = 'temperature'",
    "latest value of each sensor": "SELECT sensor, max_by(measure_value::double, time) AS latest FROM TABLE GROUP BY sensor",
    "hourly p90 over all": "SELECT bin(time, 1h) AS hour, approx_percentile(measure_value::double, 0.9) AS p90 FROM TABLE "
    "GROUP BY bin(time, 1h)",
}
MINUTE = "one minute's average"
GOALS = [
    Goal(RULES, "over 100,000 records a second", value=100_000),
    Goal(f"{MINUTE}, 10^6 rows", "under 10 ms", value=10),
]


def run(scale: Scale) -> list[Figure]:
    figures = []
    with folder() as place, labcloud(place) as system:
        for power in (5, 6):
            rows = scale.count(10**power)
            asked = {"port": system.port, "rows": rows, "queries": QUERIES, "repeats": scale.repeats * 3}
            found = load("timestream", **asked)
            figures.append(Figure(f"{INGEST}, 10^{power} rows", US, found["ingest"], "/s"))
            figures += [Figure(f"{name}, 10^{power} rows", US, found[name], "ms", "less") for name in QUERIES]
    rows = scale.count(100_000)
    figures.append(Figure(RULES, US, median(scale, lambda: load("timestream_rules", rows=rows)["ingest"]), "/s"))
    return figures
