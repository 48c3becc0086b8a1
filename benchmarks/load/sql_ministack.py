"""The same by ministack's evaluator, in the order in which its broker calls it. Runs in the peers' environment."""

from __future__ import annotations

import json
import sys
import time

from ministack.services import iot


def fired(sql: str, topic: str, payload: bytes) -> bool:
    if not iot._subscription_matches(iot._rule_topic_filter(sql), topic):
        return False
    message = iot._rule_message(payload)
    event = iot._rule_event(sql, topic, payload, None, message=message)
    where = iot._rule_where_clause(sql)
    return event is not None and (not where or iot._eval_where(where, topic, payload, message, None))


def main() -> None:
    asked = json.loads(sys.argv[1])
    rates = []
    for sql in asked["statements"]:
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < asked["seconds"]:
            for _ in range(50):
                outcome = fired(sql, asked["topic"], asked["payload"].encode())
            count += 50
        rates.append(count / (time.perf_counter() - began))
        assert outcome == asked["fires"]
    print(json.dumps({"rate": len(rates) / sum(1 / rate for rate in rates)}))


if __name__ == "__main__":
    main()
