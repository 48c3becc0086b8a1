"""Short hands of the IoT SQL tests."""

from __future__ import annotations

import json
from typing import Any

from labcloud.iotsql import Environment, FunctionFailed, Message, NoServices, Outcome, compile_statement

ACCOUNT = "123456789012"
V1, V2 = "2015-10-08", "2016-03-23"


class Services(NoServices):
    """An external port that answers from a dict and remembers what it was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)

        def answer(*arguments: Any) -> Any:
            self.asked.append((name, *arguments))
            if name not in self.answers:
                raise FunctionFailed(f"{name} failed")
            return self.answers[name]

        return answer


def run(sql: str, payload: Any = b"{}", *, version: str = V2, services: Any = None, **message: Any) -> Outcome:
    """Evaluates a statement on a payload (bytes, or a value that becomes JSON)."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    environment = Environment(ACCOUNT, external=services or NoServices())
    return compile_statement(sql, version).evaluate(Message("t", body, 0, **message), environment)


def value(expression: str, payload: Any = b"{}", **options: Any) -> Any:
    """The value of one expression; KeyError where it is Undefined."""
    return run(f"SELECT {expression} AS r FROM 't'", payload, **options).value["r"]
