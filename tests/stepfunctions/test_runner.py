"""Timers and threads around an execution, with a clock by hand and tasks that are functions."""

from __future__ import annotations

import threading

from labcloud.clock import ManualClock
from labcloud.stepfunctions.engine import Done
from labcloud.stepfunctions.runner import Runner
from tests.stepfunctions.walk import Walk, machine, task
from tests.support import wait_until

WAIT_AND_WORK = machine("W", W={"Type": "Wait", "Seconds": 60, "Next": "T"}, T=task(Next="W2"),
                        W2={"Type": "Wait", "Seconds": 60, "End": True})  # fmt: skip


class JumpingClock(ManualClock):
    """Every `advance` is a jump."""

    jumping = True


def waiting(definition):
    """An execution that nobody has begun."""
    execution = Walk(definition).execution
    execution.events, execution.strands, execution.status = [], {}, "RUNNING"
    execution.strands_made = execution.tokens_made = 0
    return execution


def test_task_of_a_timer_is_done_before_the_clock_jumps_on():
    clock, times = JumpingClock(), []
    runner = Runner(clock, lambda execution, call: Done(times.append(clock.now())), lambda execution: None)
    execution = waiting(WAIT_AND_WORK)
    runner.start(execution)
    clock.advance(1000)
    assert execution.status == "SUCCEEDED"
    assert [time - execution.start_s for time in times] == [60]
    assert execution.stop_s - execution.start_s == 120


def test_hundreds_of_tasks_in_a_row_within_one_jump_need_no_deep_stack():
    clock, count = JumpingClock(), []
    items = {"Type": "Map", "MaxConcurrency": 1, "ItemsPath": "$", "ItemProcessor": machine("T", T=task()), "End": True}
    states = {"W": {"Type": "Wait", "Seconds": 1, "Next": "N"}, "M": items}
    states["N"] = {
        "Type": "Pass",
        "Parameters": {"n.$": "States.ArrayRange(1, 900, 1)"},
        "OutputPath": "$.n",
        "Next": "M",
    }
    execution = waiting(machine("W", **states))
    runner = Runner(clock, lambda each, call: Done(count.append(1)), lambda each: None)
    runner.start(execution)
    clock.advance(2)
    assert (execution.status, len(count)) == ("SUCCEEDED", 900)


def test_tasks_of_branches_run_at_the_same_time():
    together = threading.Barrier(3, timeout=10)
    branches = [machine(name, **{name: task()}) for name in "ABC"]
    execution = waiting(machine("X", X={"Type": "Parallel", "Branches": branches, "End": True}))
    runner = Runner(ManualClockWithoutJump(), lambda each, call: Done(bool(together.wait() + 1)), lambda each: None)
    runner.start(execution)
    assert runner.wait_until_idle(10)
    assert execution.output == "[true,true,true]"
    runner.close()


class ManualClockWithoutJump(ManualClock):
    jumping = False


def test_task_that_fails_by_our_fault_fails_the_execution_and_says_whose_fault_it_is():
    def broken(execution, call):
        raise KeyError("x")

    execution = waiting(machine("T", T=task()))
    runner = Runner(ManualClockWithoutJump(), broken, lambda each: None)
    runner.start(execution)
    assert runner.wait_until_over(execution, 10)
    assert execution.cause == "The local cloud failed: KeyError: 'x'"
    runner.close()


def test_execution_that_the_engine_cannot_go_on_with_is_broken_off():
    execution = waiting(machine("T", T=task()))
    runner = Runner(ManualClockWithoutJump(), lambda each, call: Done(object()), lambda each: None)
    runner.start(execution)
    assert runner.wait_until_over(execution, 10)
    assert (execution.status, execution.error) == ("FAILED", "States.Runtime")
    assert execution.cause.startswith("The local cloud failed: TypeError")
    runner.close()


def test_answer_that_comes_after_the_close_is_left_to_the_next_process():
    begun, go_on, changes = threading.Event(), threading.Event(), []

    def slow(execution, call):
        begun.set()
        go_on.wait(10)
        return Done(1)

    execution = waiting(machine("T", T=task()))
    runner = Runner(ManualClockWithoutJump(), slow, changes.append)
    runner.start(execution)
    assert begun.wait(10)
    runner.close()
    before = len(changes)
    go_on.set()
    assert runner.wait_until_idle(10)
    assert (execution.status, len(changes)) == ("RUNNING", before)

    asked = []
    later = Runner(ManualClockWithoutJump(), lambda each, call: Done(asked.append(call.state)), lambda each: None)
    later.resume(execution)
    wait_until(lambda: execution.status == "SUCCEEDED", because="the task that is asked again")
    assert asked == ["T"]
    later.close()
