"""The lab clock: what is due on the way of a jump runs at its own time."""

from __future__ import annotations

import threading

import pytest

from labcloud.clock import LabClock, ManualClock
from tests.support import wait_until


@pytest.fixture(params=["manual", "lab"])
def clock(request):
    if request.param == "manual":
        yield ManualClock()
        return
    clock = LabClock()
    clock.start()
    yield clock
    clock.close()


def test_a_jump_runs_the_timers_on_its_way_in_order_each_at_its_own_time(clock):
    begun = clock.now()
    seen = []
    for wait_s in (120, 60):
        clock.call_at(begun + wait_s, lambda: seen.append(round(clock.now() - begun)))
    clock.advance(130)
    assert seen == [60, 120]
    assert clock.now() - begun >= 130


def test_a_timer_that_plants_the_next_one_keeps_its_period_over_a_jump(clock):
    begun = clock.now()
    seen = []

    def every_minute():
        seen.append(round(clock.now() - begun))
        clock.call_at(clock.now() + 60, every_minute)

    clock.call_at(begun + 60, every_minute)
    clock.advance(200)
    assert seen == [60, 120, 180]


def test_a_cancelled_timer_does_not_run(clock):
    seen = []
    clock.call_at(clock.now() + 10, lambda: seen.append("ran")).cancel()
    clock.advance(20)
    assert seen == []


def test_a_rate_makes_lab_time_run_faster_than_real_time():
    clock = LabClock()
    clock.start()
    rang = threading.Event()
    try:
        clock.set_rate(1000)
        clock.call_at(clock.now() + 60, rang.set)
        wait_until(rang.is_set, because="a minute at 1000 times the speed")
    finally:
        clock.close()


def test_a_failing_timer_does_not_stop_the_clock():
    clock = LabClock()
    clock.start()
    seen = []
    try:
        clock.call_at(clock.now() + 1, lambda: 1 / 0)
        clock.call_at(clock.now() + 2, lambda: seen.append("ran"))
        clock.advance(3)
    finally:
        clock.close()
    assert seen == ["ran"]


def test_a_clock_that_nobody_touched_has_no_offset():
    assert LabClock().offset_s() == 0.0


def test_the_clock_does_not_go_back():
    clock = LabClock()
    with pytest.raises(ValueError, match="only goes forwards"):
        clock.advance(-1)
    with pytest.raises(ValueError, match="above 0"):
        clock.set_rate(0)
