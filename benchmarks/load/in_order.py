"""One device publishes numbered readings with QoS 1, at most 100 unacknowledged; prints when it began and ended.

With `sensors`, so many ids take turns.
"""

from __future__ import annotations

import json
import sys
import time

from benchmarks.load.wire import client_context, connect, exactly, publish

BATCH = 50
ACKNOWLEDGEMENT_BYTES = 4


def frames(run: str, count: int, sensors: int) -> list[tuple[int, bytes]]:
    """(number of messages, their bytes), made before the clock runs."""
    made = []
    for first in range(0, count, BATCH):
        numbers = range(first, min(count, first + BATCH))
        payloads = [
            {"id": f"{run}-{n % sensors}", "temperature": 45.5, "room": "kitchen", "note": "y" * 120} for n in numbers
        ]
        topic = "bench/kitchen/temperature"
        packets = [
            publish(topic, json.dumps(payload).encode(), 1, n % 60000 + 1)
            for n, payload in zip(numbers, payloads, strict=True)
        ]
        made.append((len(packets), b"".join(packets)))
    return made


def main() -> None:
    asked = json.loads(sys.argv[1])
    connection = connect(asked["port"], client_context(*asked["tls"]), "bench-device")
    count = int(asked["count"])
    batches = frames(asked["run"], count, int(asked.get("sensors", count)))
    began = time.time()
    waiting = 0
    for size, packets in batches:
        connection.sendall(packets)
        if waiting:
            exactly(connection, ACKNOWLEDGEMENT_BYTES * waiting)
        waiting = size
    exactly(connection, ACKNOWLEDGEMENT_BYTES * waiting)
    print(json.dumps({"began": began, "acknowledged": time.time()}))


if __name__ == "__main__":
    main()
