"""IoT SQL evaluations a second of the local cloud: statements compiled once, as for a rule."""

from __future__ import annotations

import json
import sys
import time

from labcloud.iotsql import Environment, Message, compile_statement


def main() -> None:
    asked = json.loads(sys.argv[1])
    environment = Environment("123456789012", "eu-west-1", None)
    statements = [compile_statement(sql, "2016-03-23") for sql in asked["statements"]]
    rates = []
    for statement in statements:
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < asked["seconds"]:
            for _ in range(50):
                message = Message(
                    topic=asked["topic"], payload=asked["payload"].encode(), timestamp_ms=1_700_000_000_000
                )
                outcome = statement.evaluate(message, environment)
            count += 50
        rates.append(count / (time.perf_counter() - began))
        assert outcome.fired == asked["fires"], outcome
    print(json.dumps({"rate": len(rates) / sum(1 / rate for rate in rates)}))


if __name__ == "__main__":
    main()
