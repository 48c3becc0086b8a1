"""Ten publishers in one process, one subscriber in another: messages that arrive in a window, none lost.

Prints the counters at the window's edges on request: a line "window" on standard input begins and ends it.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
import threading
import time
from typing import Any

from benchmarks.load.wire import PAYLOAD, client_context, connect, exactly, packet, publish, text

BATCH = 50


def subscribe(asked: dict[str, Any], received: Any, ready: Any) -> None:
    """Counts what arrives; acknowledges QoS 1."""
    qos = asked["qos"]
    connection = connect(asked["port"], context_of(asked), "bench-subscriber")
    connection.sendall(packet(0x82, b"\0\1" + text(asked["topic"]) + bytes([qos])))
    exactly(connection, 5)
    connection.settimeout(None)
    size = len(publish(asked["topic"], PAYLOAD, qos))
    at = size - len(PAYLOAD) - 2
    ready.set()
    rest = b""
    while True:
        data = connection.recv(1 << 18)
        if not data:
            return
        data = rest + data
        count = len(data) // size
        rest, data = data[count * size :], data[: count * size]
        if qos and count:
            acknowledged = bytearray(4 * count)
            acknowledged[0::4], acknowledged[1::4] = b"\x40" * count, b"\2" * count
            acknowledged[2::4], acknowledged[3::4] = data[at::size], data[at + 1 :: size]
            connection.sendall(acknowledged)
        received.value += count


def send(asked: dict[str, Any], stop: Any, sent: Any) -> None:
    """Sends until told to stop; QoS 1 waits for the acknowledgements of each batch."""
    qos, context = asked["qos"], context_of(asked)

    def one(number: int) -> None:
        connection = connect(asked["port"], context, f"bench-publisher-{number}")
        batch = b"".join(publish(asked["topic"], PAYLOAD, qos, n + 1) for n in range(BATCH))
        while not stop.value:
            connection.sendall(batch)
            sent[number] += BATCH
            if qos:
                exactly(connection, 4 * BATCH)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(len(sent))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def context_of(asked: dict[str, Any]) -> Any:
    return client_context(*asked["tls"]) if asked.get("tls") else None


def main() -> None:
    asked = json.loads(sys.argv[1])
    received, ready = multiprocessing.Value("q", 0), multiprocessing.Event()
    stop, sent = multiprocessing.Value("b", 0), multiprocessing.Array("q", 10)
    subscriber = multiprocessing.Process(target=subscribe, args=(asked, received, ready), daemon=True)
    subscriber.start()
    if not ready.wait(30):
        sys.exit("the subscriber could not subscribe")
    sender = multiprocessing.Process(target=send, args=(asked, stop, sent), daemon=True)
    sender.start()
    while not received.value and sender.is_alive():
        time.sleep(0.01)
    for _ in (0, 1):
        sys.stdin.readline()
        print(json.dumps({"received": received.value, "at": time.perf_counter()}), flush=True)
    stop.value = 1
    sender.join(15)
    deadline = time.monotonic() + 15
    while asked["qos"] and received.value < sum(sent) and time.monotonic() < deadline:
        time.sleep(0.01)
    print(json.dumps({"lost": sum(sent) - received.value if asked["qos"] else 0}), flush=True)


if __name__ == "__main__":
    main()
