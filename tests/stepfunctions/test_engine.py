"""Executions, step by step: what each state makes of its input, errors, retries, branches, time."""

from __future__ import annotations

import json

import pytest

from labcloud.stepfunctions.engine import Done, Failed, Run
from tests.stepfunctions.walk import FUNCTION, Walk, fails, machine, task

ECHO = {"T": lambda value: Done(value)}


def pass_(**fields):
    return {"Type": "Pass", **({} if "Next" in fields else {"End": True}), **fields}


# -- data


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {"a": {"b": 1}}),
        ({"Result": [1]}, [1]),
        ({"Result": 5, "ResultPath": "$.r"}, {"a": {"b": 1}, "r": 5}),
        ({"Result": 5, "ResultPath": None}, {"a": {"b": 1}}),
        ({"InputPath": "$.a"}, {"b": 1}),
        ({"InputPath": "$.a", "ResultPath": "$.copy"}, {"a": {"b": 1}, "copy": {"b": 1}}),
        ({"InputPath": None}, {}),
        ({"OutputPath": "$.a.b"}, 1),
        ({"OutputPath": None}, {}),
        ({"Parameters": {"x.$": "$.a.b", "n.$": "$$.Execution.Name"}}, {"x": 1, "n": "e"}),
        ({"Parameters": {"x.$": "$.b"}, "InputPath": "$.a", "ResultPath": "$.a.c"}, {"a": {"b": 1, "c": {"x": 1}}}),
    ],
)
def test_pass_hands_on_what_its_fields_say(fields, expected):
    assert Walk(machine("P", P=pass_(**fields)), {"a": {"b": 1}}).output == expected


def test_result_of_a_task_goes_through_selector_path_and_output():
    state = task(
        Parameters={"x.$": "$.a"}, ResultSelector={"y.$": "$.x"}, ResultPath="$.r", OutputPath="$.r", InputPath="$.in"
    )
    walk = Walk(machine("T", T=state), {"in": {"a": 7}}, ECHO)
    assert walk.calls == [("T", {"x": 7})]
    assert walk.output == {"y": 7}


def test_context_object_tells_of_execution_state_and_machine():
    told = pass_(Parameters={"all.$": "$$"}, OutputPath="$.all")
    context = Walk(machine("P", P=told), {"a": 1}).output
    assert context["Execution"] == {
        "Id": "arn:aws:states:eu-west-1:123456789012:execution:m:e",
        "Input": {"a": 1},
        "Name": "e",
        "RoleArn": "arn:aws:iam::123456789012:role/r",
        "StartTime": "2025-06-15T15:06:40.000Z",
        "RedriveCount": 0,
    }
    assert context["State"] == {"Name": "P", "EnteredTime": "2025-06-15T15:06:40.000Z", "RetryCount": 0}
    assert context["StateMachine"]["Name"] == "m"


# -- errors


def test_fault_of_the_data_names_state_event_and_path():
    walk = Walk(machine("A", A=pass_(Next="B"), B=pass_(InputPath="$.x.y")), {"x": {}})
    where = "An error occurred while executing the state 'B' (entered at the event id #4). "
    assert walk.failure == (
        "FAILED",
        "States.Runtime",
        where + "Invalid path '$.x.y': No results for path: $['x']['y']",
    )


def test_runtime_error_is_neither_retried_nor_caught():
    everything = [{"ErrorEquals": ["States.ALL"]}]
    state = task(Parameters={"a.$": "$.no"}, Retry=everything, Catch=[{**everything[0], "Next": "P"}])
    walk = Walk(machine("T", T=state, P=pass_()), {}, ECHO)
    assert walk.failure[:2] == ("FAILED", "States.Runtime")


def test_failed_result_path_can_be_caught():
    state = task(ResultPath="$.a.b", Catch=[{"ErrorEquals": ["States.ResultPathMatchFailure"], "Next": "P"}])
    walk = Walk(machine("T", T=state, P=pass_()), {"a": 1}, ECHO)
    assert walk.output["Error"] == "States.ResultPathMatchFailure"
    assert 'Unable to apply step "b" to input 1' in walk.output["Cause"]


def test_choice_without_a_match_and_without_default_fails_by_name():
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.t", "NumericGreaterThan": 30, "Next": "P"}]}
    assert Walk(machine("C", C=choice, P=pass_()), {"t": 5}).failure[1] == "States.NoChoiceMatched"
    assert Walk(machine("C", C={**choice, "Default": "P"}, P=pass_()), {"t": 5}).output == {"t": 5}


def test_fail_state_ends_the_execution_with_its_error():
    told = {"Type": "Fail", "Error": "TooHot", "CausePath": "States.Format('at {} degrees', $.t)"}
    walk = Walk(machine("F", F=told), {"t": 45})
    assert walk.failure == ("FAILED", "TooHot", "at 45 degrees")
    assert walk.events == ["ExecutionStarted", "FailStateEntered", "ExecutionFailed"]


def test_retries_wait_longer_and_longer_on_the_lab_clock():
    retry = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 2}]
    walk = Walk(machine("T", T=task(Retry=retry)), {}, {"T": fails("Busy", times=2)})
    assert len(walk.calls) == 1
    assert len(walk.advance(1.9).calls) == 1
    assert len(walk.advance(0.1).calls) == 2
    assert len(walk.advance(5.9).calls) == 2
    assert walk.advance(0.1).output == "fine"


def test_retries_are_used_up_and_the_error_is_told():
    walk = Walk(
        machine("T", T=task(Retry=[{"ErrorEquals": ["Busy"], "MaxAttempts": 1}])), {}, {"T": fails("Busy", times=9)}
    )
    walk.advance(1000)
    assert len(walk.calls) == 2
    assert walk.failure == ("FAILED", "Busy", "why")


def test_longest_delay_and_full_jitter_shorten_the_pause():
    retry = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 100, "MaxDelaySeconds": 10}
    walk = Walk(machine("T", T=task(Retry=[retry])), {}, {"T": fails("Busy", times=1)})
    assert [timer.at_s - walk.now for timer in walk.timers] == [10]
    run = Run(Walk(machine("T", T=task(Retry=[{**retry, "JitterStrategy": "FULL"}])), {}).execution, chance=lambda: 0.5)
    [strand] = run.execution.strands.values()
    [ring] = run.answer(strand.number, strand.token, Failed("Busy", None), run.now)
    assert ring.at_s - run.now == 5


def test_each_retrier_counts_for_itself():
    retry = [{"ErrorEquals": [name], "IntervalSeconds": 1, "MaxAttempts": 1} for name in ("A", "B")]
    errors = iter(["A", "B", "A"])
    walk = Walk(machine("T", T=task(Retry=retry)), {}, {"T": lambda value: Failed(next(errors), None)})
    walk.advance(10)
    assert len(walk.calls) == 3
    assert walk.failure == ("FAILED", "A", None)


def test_caught_error_goes_on_with_error_and_cause_beside_the_input():
    catch = [
        {"ErrorEquals": ["Other"], "Next": "Bad"},
        {"ErrorEquals": ["States.TaskFailed"], "Next": "Good", "ResultPath": "$.error"},
    ]
    states = {"T": task(Catch=catch), "Good": pass_(), "Bad": {"Type": "Fail"}}
    walk = Walk(machine("T", **states), {"id": 1}, {"T": fails("Busy", times=1)})
    assert walk.output == {"id": 1, "error": {"Error": "Busy", "Cause": "why"}}
    assert walk.events[4:] == [
        *("LambdaFunctionFailed", "TaskStateExited", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"),
    ]


def test_result_beyond_256_kb_fails_with_data_limit_that_states_all_does_not_catch():
    state = task(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "P"}])
    walk = Walk(machine("T", T=state, P=pass_()), {}, {"T": lambda value: Done("x" * 262_145)})
    assert walk.failure == (
        "FAILED",
        "States.DataLimitExceeded",
        "The state/task 'T' returned a result with a size exceeding the maximum number of bytes service limit.",
    )


# -- time


@pytest.mark.parametrize(
    "fields",
    [
        {"Seconds": 90},
        {"SecondsPath": "$.s"},
        {"Timestamp": "2025-06-15T15:08:10Z"},
        {"TimestampPath": "$.at"},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_wait_ends_at_its_time_on_the_lab_clock(fields):
    given = {"s": 90, "at": "2025-06-15T17:08:10+02:00"}
    walk = Walk(machine("W", W={"Type": "Wait", "End": True, **fields}), given)
    assert walk.advance(89).execution.running
    assert walk.advance(1).output == given
    assert walk.execution.stop_s - walk.execution.start_s == 90


def test_time_that_has_passed_is_not_waited_for():
    assert Walk(machine("W", W={"Type": "Wait", "End": True, "Timestamp": "2020-01-01T00:00:00Z"})).output == {}


def test_task_without_answer_times_out_and_a_late_answer_changes_nothing():
    walk = Walk(
        machine("T", T=task(TimeoutSeconds=30, Catch=[{"ErrorEquals": ["States.Timeout"], "Next": "P"}]), P=pass_())
    )
    walk.advance(30)
    assert walk.output == {"Error": "States.Timeout", "Cause": ""}
    assert "LambdaFunctionTimedOut" in walk.events
    before = list(walk.execution.events)
    walk.answer("T", Done("late"))
    assert walk.execution.events == before


def test_task_failed_does_not_match_a_timeout():
    state = task(TimeoutSecondsPath="$.s", Catch=[{"ErrorEquals": ["States.TaskFailed"], "Next": "P"}])
    assert Walk(machine("T", T=state, P=pass_()), {"s": 5}).advance(5).failure == ("FAILED", "States.Timeout", None)


def test_execution_as_a_whole_times_out():
    walk = Walk({**machine("W", W={"Type": "Wait", "Seconds": 100, "End": True}), "TimeoutSeconds": 10}).advance(200)
    assert walk.failure == ("TIMED_OUT", "States.Timeout", None)
    assert walk.events[-1] == "ExecutionTimedOut"
    assert walk.execution.stop_s - walk.execution.start_s == 10


def test_express_execution_ends_after_five_minutes():
    walk = Walk(machine("W", W={"Type": "Wait", "Seconds": 1000, "End": True}), express=True).advance(300)
    assert walk.failure[0] == "TIMED_OUT"


def test_stopped_execution_is_aborted_and_its_timers_do_nothing():
    walk = Walk(machine("W", W={"Type": "Wait", "Seconds": 5, "End": True}))
    Run(walk.execution).stop("Enough", "of it", walk.now)
    assert walk.advance(10).failure == ("ABORTED", "Enough", "of it")
    assert walk.events[-1] == "ExecutionAborted"


def test_execution_that_goes_round_for_ever_ends_with_a_full_history():
    walk = Walk(machine("A", A=pass_(Next="B"), B=pass_(Next="A")))
    text = "The execution reached the maximum number of history events (25000)."
    assert walk.failure == ("FAILED", "States.Runtime", text)
    assert len(walk.execution.events) == 25_000


# -- branches and items


def test_parallel_gives_the_outputs_of_its_branches_in_their_order():
    branches = [machine("W", W={"Type": "Wait", "Seconds": 10, "End": True}), machine("P", P=pass_(Result=2))]
    walk = Walk(
        machine("X", X={"Type": "Parallel", "Branches": branches, "ResultPath": "$.both", "End": True}), {"a": 1}
    )
    assert walk.execution.running
    assert walk.advance(10).output == {"a": 1, "both": [{"a": 1}, 2]}


def test_branch_that_fails_ends_the_others_and_the_parallel_catches_its_error():
    branches = [machine("W", W={"Type": "Wait", "Seconds": 10, "End": True}), machine("T", T=task())]
    for name in ("Busy", "States.BranchFailed", "States.ALL"):
        state = {"Type": "Parallel", "Branches": branches, "End": True, "Catch": [{"ErrorEquals": [name], "Next": "P"}]}
        walk = Walk(machine("X", X=state, P=pass_()), {}, {"T": fails("Busy", times=1)})
        assert walk.output == {"Error": "Busy", "Cause": "why"}
        assert "ParallelStateFailed" in walk.events


def test_parallel_is_tried_again_as_a_whole():
    state = {"Type": "Parallel", "Branches": [machine("T", T=task()), machine("P", P=pass_())], "End": True}
    walk = Walk(machine("X", X={**state, "Retry": [{"ErrorEquals": ["Busy"]}]}), {}, {"T": fails("Busy", times=1)})
    assert walk.advance(1).output == ["fine", {}]
    assert walk.events.count("ParallelStateStarted") == 2


def test_map_gives_each_item_its_input_and_keeps_the_order():
    inner = machine("T", T=task())
    selector = {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "house.$": "$.house"}
    state = {"Type": "Map", "ItemsPath": "$.items", "ItemSelector": selector, "ItemProcessor": inner, "End": True}
    walk = Walk(machine("M", M=state), {"items": ["a", "b"], "house": 1}, ECHO)
    assert walk.output == [{"i": 0, "v": "a", "house": 1}, {"i": 1, "v": "b", "house": 1}]


def test_map_begins_no_more_items_than_its_concurrency_allows():
    state = {
        "Type": "Map",
        "MaxConcurrency": 2,
        "Iterator": machine("W", W={"Type": "Wait", "Seconds": 5, "End": True}),
    }
    walk = Walk(machine("M", M={**state, "End": True}), [1, 2, 3, 4, 5])
    begun = [walk.events.count("MapIterationStarted")]
    while walk.execution.running:
        walk.advance(5)
        begun.append(walk.events.count("MapIterationStarted"))
    assert begun == [2, 4, 5, 5]
    assert walk.output == [1, 2, 3, 4, 5]


def test_map_without_items_succeeds_at_once_and_one_over_no_array_fails():
    state = {"Type": "Map", "ItemProcessor": machine("P", P=pass_()), "ItemsPath": "$.l", "End": True}
    assert Walk(machine("M", M=state), {"l": []}).output == []
    walk = Walk(machine("M", M=state), {"l": {}})
    assert walk.failure[1:] == (
        "States.Runtime",
        "An error occurred while executing the state 'M' (entered at the event id #2). "
        'Reference path "$.l" must point to array.',
    )


def test_item_that_fails_fails_the_map():
    state = {"Type": "Map", "ItemProcessor": machine("T", T=task()), "End": True}
    walk = Walk(machine("M", M=state), [1, 2], {"T": lambda v: Failed("Odd", None) if v == 2 else Done(v)})
    assert walk.failure == ("FAILED", "Odd", None)
    assert walk.events[-3:] == ["MapIterationFailed", "MapStateFailed", "ExecutionFailed"]


def test_map_within_parallel_within_map_works():
    innermost = {"Type": "Map", "ItemProcessor": machine("P", P=pass_()), "End": True}
    both = {"Type": "Parallel", "Branches": [machine("M2", M2=innermost)], "End": True}
    outer = {"Type": "Map", "ItemProcessor": machine("X", X=both), "End": True}
    assert Walk(machine("M", M=outer), [[1, 2], []]).output == [[[1, 2]], [[]]]


# -- history


def test_history_of_a_task_is_awss():
    walk = Walk(machine("T", T=task()), {"a": 1}, ECHO)
    assert [(e["id"], e["previousEventId"], e["type"]) for e in walk.execution.events] == [
        (1, 0, "ExecutionStarted"),
        (2, 0, "TaskStateEntered"),
        (3, 2, "LambdaFunctionScheduled"),
        (4, 3, "LambdaFunctionStarted"),
        (5, 4, "LambdaFunctionSucceeded"),
        (6, 5, "TaskStateExited"),
        (7, 6, "ExecutionSucceeded"),
    ]
    scheduled = walk.execution.events[2]["lambdaFunctionScheduledEventDetails"]
    assert scheduled == {"resource": FUNCTION, "input": '{"a":1}', "inputDetails": {"truncated": False}}


def test_events_of_branches_point_back_to_their_own_branch():
    branches = [machine("A", A=pass_(Next="B"), B=pass_()), machine("C", C=pass_())]
    walk = Walk(machine("X", X={"Type": "Parallel", "Branches": branches, "End": True}))
    events = {e["id"]: e for e in walk.execution.events}
    started = next(e["id"] for e in events.values() if e["type"] == "ParallelStateStarted")
    entered = {e["stateEnteredEventDetails"]["name"]: e for e in events.values() if e["type"] == "PassStateEntered"}
    assert (entered["A"]["previousEventId"], entered["C"]["previousEventId"]) == (started, started)
    assert events[entered["B"]["previousEventId"]]["stateExitedEventDetails"]["name"] == "A"


# -- going on in another process


def test_what_is_waited_for_is_asked_again_and_the_execution_goes_on():
    branches = [machine("W", W={"Type": "Wait", "Seconds": 60, "End": True}), machine("T", T=task(TimeoutSeconds=90))]
    walk = Walk(machine("X", X={"Type": "Parallel", "Branches": branches, "End": True}), {"a": 1})
    walk.timers, walk.open = [], {}
    walk._follow(Run(walk.execution).resume(walk.now + 30))
    assert sorted(timer.at_s - walk.now for timer in walk.timers) == [60, 90]
    walk.answer("T", Done(2))
    assert walk.advance(60).output == [{"a": 1}, 2]


# -- hostile definitions and data


def test_payload_that_multiplies_its_input_is_refused_before_it_is_written_down():
    nested = "$"
    for _ in range(10):
        nested = f"States.Array({', '.join([nested] * 3)})"
    walk = Walk(machine("P", P=pass_(Parameters={"a.$": nested})), {"x": "y" * 1000})
    assert walk.failure[1] == "States.IntrinsicFailure"
    assert "the result is larger than 262144 bytes" in walk.failure[2]
    many = {f"a{number}.$": "$" for number in range(2000)}
    assert Walk(machine("T", T=task(Parameters=many)), {"x": "y" * 1000}).failure[1] == "States.DataLimitExceeded"


def test_path_that_goes_through_the_data_again_and_again_ends():
    deep = json.loads("[" * 60 + "]" * 60)
    walk = Walk(machine("P", P=pass_(InputPath="$" + "..*" * 6)), deep)
    assert walk.failure[1] == "States.Runtime"
    assert "More than 100000 results" in walk.failure[2]


def test_history_of_an_execution_is_bounded():
    walk = Walk(machine("A", A=pass_(Next="B"), B=pass_(Next="A")), {"x": "y" * 200_000})
    assert walk.failure == (
        "FAILED",
        "States.Runtime",
        "The local cloud keeps at most 64 MB of history of an execution.",
    )
    assert walk.execution.history_chars < 65 * 1024 * 1024
