"""What is wrong with one state: its fields, paths, payload templates, Retry and Catch, choices, and what a Task calls.

Source: Amazon States Language specification (fields by state type). Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from labcloud.stepfunctions.checks.faults import Calls, Fault, schema, unserved
from labcloud.stepfunctions.checks.kinds import CHECKS
from labcloud.stepfunctions.checks.templates import faults_of_path, faults_of_reference, faults_of_template
from labcloud.stepfunctions.language.failures import ALL, NAMES

State = Mapping[str, Any]

_ALL = ("Type", "Comment", "QueryLanguage")
_PATHS = ("InputPath", "OutputPath")
_ON = ("Next", "End")
_WORK = (*_PATHS, *_ON, "Parameters", "ResultSelector", "ResultPath", "Retry", "Catch")
FIELDS: Mapping[str, tuple[str, ...]] = {
    "Task": (*_WORK, "Resource", "TimeoutSeconds", "TimeoutSecondsPath"),
    "Pass": (*_PATHS, *_ON, "Result", "ResultPath", "Parameters"),
    "Choice": (*_PATHS, "Choices", "Default"),
    "Wait": (*_PATHS, *_ON, "Seconds", "SecondsPath", "Timestamp", "TimestampPath"),
    "Succeed": _PATHS,
    "Fail": ("Error", "ErrorPath", "Cause", "CausePath"),
    "Parallel": (*_WORK, "Branches"),
    "Map": (*_WORK, "ItemsPath", "ItemProcessor", "Iterator", "ItemSelector", "MaxConcurrency", "MaxConcurrencyPath"),
}
UNSERVED = {
    "Assign": "variables (Assign)",
    "Arguments": "JSONata (Arguments)",
    "Output": "JSONata (Output)",
    "Items": "JSONata (Items)",
    "Credentials": "tasks in the name of another role (Credentials)",
    "HeartbeatSeconds": "heartbeats (HeartbeatSeconds)",
    "HeartbeatSecondsPath": "heartbeats (HeartbeatSecondsPath)",
    "ItemReader": "a Map that is distributed (ItemReader)",
    "ItemBatcher": "a Map that is distributed (ItemBatcher)",
    "ResultWriter": "a Map that is distributed (ResultWriter)",
    "Label": "a Map that is distributed (Label)",
    "ToleratedFailureCount": "a Map that is distributed (ToleratedFailureCount)",
    "ToleratedFailureCountPath": "a Map that is distributed (ToleratedFailureCountPath)",
    "ToleratedFailurePercentage": "a Map that is distributed (ToleratedFailurePercentage)",
    "ToleratedFailurePercentagePath": "a Map that is distributed (ToleratedFailurePercentagePath)",
}
"""Fields that AWS knows."""
ENDS_BY_ITSELF = ("Choice", "Succeed", "Fail")
PATH_FIELDS = (*_PATHS, "ItemsPath", "SecondsPath", "TimestampPath", "TimeoutSecondsPath", "MaxConcurrencyPath")
RETRY_FIELDS = {
    "IntervalSeconds": (1, 99_999_999),
    "MaxAttempts": (0, 99_999_999),
    "BackoffRate": (1.0, float("inf")),
    "MaxDelaySeconds": (1, 31_622_400),
}


def faults_of_state(state: State, where: str, calls: Calls) -> Iterator[Fault]:
    """Without where it leads and without the machines in it."""
    kind = state.get("Type")
    if not isinstance(kind, str) or kind not in FIELDS:
        yield schema(f"Type is not one of {', '.join(FIELDS)}: {kind}", f"{where}/Type")
        return
    for name in state:
        if name in UNSERVED:
            yield unserved(UNSERVED[name], f"{where}/{name}")
        elif name not in FIELDS[kind] and name not in _ALL:
            yield schema(f"Field {name} is not supported in a {kind} state", f"{where}/{name}")
    if state.get("QueryLanguage", "JSONPath") != "JSONPath":
        yield unserved(f"the query language {state['QueryLanguage']}", f"{where}/QueryLanguage")
    if kind not in ENDS_BY_ITSELF and ("Next" in state) == (state.get("End") is True):
        yield schema("A state has either Next or End: true", where)
    yield from _faults_of_paths(state, where)
    for name in ("Parameters", "ResultSelector", "ItemSelector"):
        if name in state:
            yield from faults_of_template(state[name], f"{where}/{name}")
    yield from _faults_of_clauses(state, where)
    yield from CHECKS.get(kind, _nothing)(state, where, calls)


def _nothing(state: State, where: str, calls: Calls) -> Iterator[Fault]:
    return iter(())


def _faults_of_paths(state: State, where: str) -> Iterator[Fault]:
    for name in PATH_FIELDS:
        if state.get(name) is not None:
            yield from faults_of_path(state[name], f"{where}/{name}")
    if state.get("ResultPath") is not None:
        yield from faults_of_reference(state["ResultPath"], f"{where}/ResultPath")


# -- Retry and Catch


def _faults_of_clauses(state: State, where: str) -> Iterator[Fault]:
    for key in ("Retry", "Catch"):
        clauses = state.get(key, [])
        if not isinstance(clauses, list) or not all(isinstance(clause, dict) for clause in clauses):
            yield schema(f"{key} must be an array of objects", f"{where}/{key}")
            continue
        for number, clause in enumerate(clauses):
            place = f"{where}/{key}[{number}]"
            yield from _faults_of_errors(clause, number == len(clauses) - 1, place)
            yield from _faults_of_retrier(clause, place) if key == "Retry" else _faults_of_catcher(clause, place)


def _faults_of_errors(clause: State, last: bool, where: str) -> Iterator[Fault]:
    names = clause.get("ErrorEquals")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        yield schema("ErrorEquals must be a non-empty array of strings", f"{where}/ErrorEquals")
        return
    if ALL in names and (len(names) > 1 or not last):
        yield schema(f"{ALL} must appear alone and in the last clause", f"{where}/ErrorEquals")
    for name in names:
        if name.startswith("States.") and name not in NAMES:
            yield schema(f"{name} is not an error name that Step Functions defines", f"{where}/ErrorEquals")


def _faults_of_retrier(clause: State, where: str) -> Iterator[Fault]:
    for name, value in clause.items():
        if name in RETRY_FIELDS:
            least, most = RETRY_FIELDS[name]
            kinds = (int, float) if name == "BackoffRate" else (int,)
            if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value <= most:
                yield schema(f"{name} must be a number from {least} to {most}", f"{where}/{name}")
        elif name == "JitterStrategy":
            if value not in ("FULL", "NONE"):
                yield schema("JitterStrategy is FULL or NONE", f"{where}/{name}")
        elif name not in ("ErrorEquals", "Comment"):
            yield schema(f"Field {name} is not supported in Retry", f"{where}/{name}")


def _faults_of_catcher(clause: State, where: str) -> Iterator[Fault]:
    if "Next" not in clause:
        yield schema("A catcher has a Next", where)
    if clause.get("ResultPath") is not None:
        yield from faults_of_reference(clause["ResultPath"], f"{where}/ResultPath")
    for name in clause:
        if name in UNSERVED:
            yield unserved(UNSERVED[name], f"{where}/{name}")
        elif name not in ("ErrorEquals", "Next", "ResultPath", "Comment"):
            yield schema(f"Field {name} is not supported in Catch", f"{where}/{name}")
