"""One device publishes numbered readings with QoS 1, at most 100 unacknowledged; prints when the last was acknowledged."""

from __future__ import annotations

import json
import sys
import threading
import time

from benchmarks.load.wire import client_context, connect, exactly, publish


def main() -> None:
    asked = json.loads(sys.argv[1])
    connection = connect(asked["port"], client_context(*asked["tls"]), "bench-device")
    free = threading.Semaphore(100)
    count = int(asked["count"])

    def collect() -> None:
        for _ in range(count):
            exactly(connection, 4)
            free.release()

    collector = threading.Thread(target=collect)
    collector.start()
    began = time.time()
    for number in range(count):
        free.acquire()
        payload = {"id": f"{asked['run']}-{number}", "temperature": 45.5, "room": "kitchen", "note": "y" * 120}
        connection.sendall(publish("bench/kitchen/temperature", json.dumps(payload).encode(), 1, number % 60000 + 1))
    collector.join()
    print(json.dumps({"began": began, "acknowledged": time.time()}))


if __name__ == "__main__":
    main()
