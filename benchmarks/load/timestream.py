"""Timestream over HTTP: writes rows in requests of 100 records, then asks each query several times."""

from __future__ import annotations

import json
import statistics
import sys
import time
from typing import Any

from benchmarks.load.api import AUTHORIZATION, Client

SENSORS = [f"house/z{zone}/s{number}" for zone in range(5) for number in range(4)]


def prepared(target: str, body: dict[str, Any]) -> bytes:
    data = json.dumps(body).encode()
    head = (
        "POST / HTTP/1.1\r\nHost: timestream.eu-west-1.localhost\r\nContent-Type: application/x-amz-json-1.0\r\n"
        f"X-Amz-Target: Timestream_20181101.{target}\r\nX-Amz-Date: 20260101T000000Z\r\n"
        f"Authorization: {AUTHORIZATION.replace('/dynamodb/', '/timestream/')}\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data


def ask(client: Client, target: str, body: dict[str, Any]) -> Any:
    if client.ask(prepared(target, body)) != 200:
        sys.exit(f"{target} refused: {client.body[:300]!r}")
    return json.loads(client.body)


def records(first: int, count: int, rows: int, now_ms: int) -> list[dict[str, Any]]:
    """Readings of 20 sensors, evenly over the last five hours."""
    return [
        {
            "Dimensions": [{"Name": "sensor", "Value": SENSORS[number % len(SENSORS)]}],
            "MeasureName": "temperature",
            "MeasureValue": str(20 + number % 97 / 7),
            "MeasureValueType": "DOUBLE",
            "Time": str(now_ms - 5 * 3_600_000 + number * 5 * 3_600_000 // rows),
        }
        for number in range(first, first + count)
    ]


def main() -> None:
    asked = json.loads(sys.argv[1])
    client, rows, table = Client(asked["port"]), int(asked["rows"]), f"rows{int(asked['rows'])}"
    where = {"DatabaseName": "bench", "TableName": table}
    client.ask(prepared("CreateDatabase", {"DatabaseName": "bench"}))
    ask(client, "CreateTable", where)
    now_ms, written_s = int(time.time() * 1000), 0.0
    for start in range(0, rows, 10_000):
        chunk = range(start, min(rows, start + 10_000), 100)
        requests = [
            prepared("WriteRecords", {**where, "Records": records(n, min(100, rows - n), rows, now_ms)}) for n in chunk
        ]
        began = time.perf_counter()
        for request in requests:
            if client.ask(request) != 200:
                sys.exit(f"WriteRecords refused: {client.body[:300]!r}")
        written_s += time.perf_counter() - began
    found = {"ingest": rows / written_s}
    for name, query in asked["queries"].items():
        text = {"QueryString": query.replace("TABLE", f'"bench"."{table}"')}
        ask(client, "Query", text)
        times = []
        for _ in range(int(asked["repeats"])):
            began = time.perf_counter()
            answer = ask(client, "Query", text)
            times.append((time.perf_counter() - began) * 1000)
            if not answer["Rows"]:
                sys.exit(f"{name}: no rows")
        found[name] = statistics.median(times)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
