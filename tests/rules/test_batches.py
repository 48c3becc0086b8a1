"""When messages that share a request are sent: at the first limit that is reached."""

from __future__ import annotations

from labcloud.rules.batches import Batches, BatchLimits

LIMITS = BatchLimits(open_ms=100, messages=3, size_bytes=100)


def test_a_batch_is_full_at_its_number_of_messages():
    batches = Batches()
    assert batches.add("k", 1, 10, LIMITS, 0.0) == []
    assert batches.add("k", 2, 10, LIMITS, 0.0) == []
    assert batches.add("k", 3, 10, LIMITS, 0.0) == [[1, 2, 3]]
    assert batches.all() == []


def test_a_message_that_does_not_fit_begins_the_next_batch():
    batches = Batches()
    batches.add("k", 1, 60, LIMITS, 0.0)
    assert batches.add("k", 2, 60, LIMITS, 0.0) == [[1]]
    assert batches.all() == [[2]]


def test_a_message_larger_than_a_batch_goes_alone():
    assert Batches().add("k", 1, 500, LIMITS, 0.0) == [[1]]


def test_a_batch_is_due_when_it_was_open_long_enough():
    batches = Batches()
    batches.add("k", 1, 10, LIMITS, 5.0)
    assert batches.next_due_s() == 5.1
    assert batches.due(5.09) == []
    assert batches.due(5.1) == [[1]]
    assert batches.next_due_s() is None


def test_keys_do_not_share_a_batch():
    batches = Batches()
    batches.add("a", 1, 10, LIMITS, 0.0)
    batches.add("b", 2, 10, LIMITS, 0.0)
    assert sorted(batches.all()) == [[1], [2]]
