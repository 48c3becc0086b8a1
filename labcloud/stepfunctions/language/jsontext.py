"""JSON as Step Functions writes it: without spaces, other letters than ASCII as they are."""

from __future__ import annotations

import functools
import json
from typing import Any

LARGEST_DATA_BYTES = 262_144
"""Of a state's input or output. Step Functions Developer Guide, "Quotas related to state executions"."""


def to_json(value: Any) -> str:
    """One line."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


@functools.lru_cache(maxsize=128)
def parsed(text: str) -> Any:
    """The value of a text that is looked at again and again; not to be changed."""
    return json.loads(text)


def is_too_large(value: Any) -> bool:
    """Whether the value is more than a state may hand on.

    Stops counting there: a template may mention its input so often that nobody could write the whole down.
    """
    total, todo = 0, [value]
    while todo and total <= LARGEST_DATA_BYTES:
        each = todo.pop()
        if isinstance(each, dict):
            total += 1 + 2 * max(1, len(each)) + sum(len(to_json(key).encode()) for key in each)
            todo += each.values()
        elif isinstance(each, list):
            total += 1 + max(1, len(each))
            todo += each
        else:
            total += len(to_json(each).encode())
    return total > LARGEST_DATA_BYTES
