"""JSON as Step Functions writes it: without spaces, other letters than ASCII as they are."""

from __future__ import annotations

import json
from typing import Any

LARGEST_DATA_BYTES = 262_144
"""Of a state's input or output. Step Functions Developer Guide, "Quotas related to state executions"."""


def to_json(value: Any) -> str:
    """One line."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def is_too_large(value: Any) -> bool:
    """Whether the value is more than a state may hand on."""
    return len(to_json(value).encode()) > LARGEST_DATA_BYTES
