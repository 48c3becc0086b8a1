"""Whatever a definition holds, it is either refused with a place or executed to an end: never a crash of ours."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labcloud.stepfunctions.engine import Done
from tests.stepfunctions.test_definitions import GOOD, faults
from tests.stepfunctions.walk import Walk

TEXTS = st.sampled_from(
    [
        *(
            "$",
            "$.a",
            "$$",
            "$.a[0]",
            "$..a",
            "$.a[?(@.b>1)]",
            "States.ALL",
            "States.Array($.a)",
            "States.Format('{}', 1)",
        ),
        *(
            "A",
            "B",
            "F",
            "Pass",
            "Task",
            "Choice",
            "Map",
            "Fail",
            "Succeed",
            "",
            "2026-01-01T00:00:00Z",
            "States.Timeout",
        ),
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 10) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += places(inner, (*path, key))
    return found


PLACES = st.sampled_from(places(GOOD))


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(PLACES, VALUES), min_size=1, max_size=3), VALUES)
def test_changed_definition_is_refused_or_executed(changes: list[tuple[tuple[Any, ...], Any]], value: Any) -> None:
    definition = copy.deepcopy(GOOD)
    for path, new in changes:
        holder: Any = definition
        try:
            for key in path[:-1]:
                holder = holder[key]
            holder[path[-1]] = new
        except (KeyError, IndexError, TypeError):
            continue
    found = faults(definition)
    for fault in found:
        assert fault.message
        assert not fault.location or fault.location.startswith("/")
    if not found:
        answers = dict.fromkeys("ABCDEFGHIJ", lambda given: Done(given))
        walk = Walk(definition, value, answers)
        for _ in range(50):
            walk.advance(1e8)
        assert not walk.execution.running


@settings(max_examples=200, deadline=None)
@given(VALUES | st.text(max_size=50))
def test_anything_may_be_a_definition(value: Any) -> None:
    assert faults(value if isinstance(value, str) else json.dumps(value))
