"""The trace: cheap to write, put together when it is read, bounded."""

from __future__ import annotations

import pytest

from labcloud import trace as module
from labcloud.trace import Step, Trace


@pytest.fixture
def trace():
    return Trace()


def texts(trace, trace_id):
    return [step["text"] for step in trace.of(trace_id)["steps"]]


def test_a_step_is_put_together_when_it_is_read(trace):
    trace.begin("m", "sensors/s1", 1.0, "house")
    step = Step("rule %s did nothing: %s", rule="hot", fired=False)
    trace.add("m", step.text, ("hot", "temperature is 21"), step.facts)
    assert trace.of("m")["steps"] == [
        {"text": "rule hot did nothing: temperature is 21", "rule": "hot", "fired": False}
    ]


def test_a_percent_sign_without_arguments_is_only_that(trace):
    trace.begin("m", "a", 1.0)
    trace.note("m", "humidity is at 100 %s", rule="damp")
    assert trace.of("m")["steps"] == [{"text": "humidity is at 100 %s", "rule": "damp"}]


def test_only_the_latest_messages_are_kept(trace):
    for number in range(module.KEPT_MESSAGES + 10):
        trace.begin(str(number), "a", 1.0)
    assert trace.of("9") is None
    assert trace.of("10") is not None
    assert len(trace._messages) == len(trace._order) == module.KEPT_MESSAGES
    assert [one["trace_id"] for one in trace.latest(limit=2)] == [
        str(module.KEPT_MESSAGES + 8),
        str(module.KEPT_MESSAGES + 9),
    ]


def test_a_message_that_was_forgotten_takes_no_steps(trace):
    trace.note("unknown", "something")
    assert trace.of("unknown") is None


def test_a_message_has_so_many_steps_at_most(trace):
    trace.begin("m", "a", 1.0)
    for _ in range(module.KEPT_STEPS + 5):
        trace.note("m", "again")
    assert len(texts(trace, "m")) == module.KEPT_STEPS


def test_what_is_new_is_found_by_its_number_and_topic(trace):
    for topic in ("a", "b", "a"):
        trace.begin(f"{topic}{trace.latest()[-1]['number'] if trace.latest() else 0}", topic, 1.0)
    assert [one["topic"] for one in trace.latest(after=1)] == ["b", "a"]
    assert [one["number"] for one in trace.latest(topic="a")] == [1, 3]
