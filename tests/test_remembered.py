"""What is kept for a while, and read again afterwards."""

from __future__ import annotations

import pytest

from labcloud.clock import ManualClock
from labcloud.remembered import MOST_KEPT, Remembered


@pytest.fixture
def clock():
    return ManualClock()


def test_a_value_is_read_again_when_its_time_is_over(clock):
    remembered, values = Remembered(clock.now, 60), iter("ab")
    assert [remembered.get("k", lambda: next(values)) for _ in range(2)] == ["a", "a"]
    clock.advance(60)
    assert remembered.get("k", lambda: next(values)) == "b"


def test_a_failed_reading_is_not_kept(clock):
    remembered = Remembered(clock.now, 60)
    with pytest.raises(ZeroDivisionError):
        remembered.get("k", lambda: 1 // 0)
    assert remembered.get("k", lambda: 1) == 1


def test_it_does_not_grow_for_ever(clock):
    remembered = Remembered(clock.now, 60)
    for number in range(3 * MOST_KEPT):
        remembered.get(number, lambda: number)  # noqa: B023
    assert len(remembered._kept) <= MOST_KEPT
