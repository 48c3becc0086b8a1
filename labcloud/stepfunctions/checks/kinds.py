"""What is wrong with a state of a type: what a Task calls, when a Wait ends, a Map's items. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from labcloud.stepfunctions.checks.faults import Calls, Fault, of_language, schema, unserved
from labcloud.stepfunctions.checks.rules import faults_of_rules
from labcloud.stepfunctions.checks.templates import faults_of_template
from labcloud.stepfunctions.language.choice import parse_timestamp
from labcloud.stepfunctions.language.resources import UnknownResource, UnservedResource, parse_resource

State = Mapping[str, Any]
Check = Callable[[State, str, Calls], Iterator[Fault]]


def _of_task(state: State, where: str, calls: Calls) -> Iterator[Fault]:
    resource = state.get("Resource")
    if not isinstance(resource, str):
        yield schema("A Task has a Resource", f"{where}/Resource")
        return
    yield from _faults_of_seconds(state, where, "TimeoutSeconds")
    try:
        target = parse_resource(resource)
    except UnservedResource as error:
        yield of_language(str(error), f"{where}/Resource")
        return
    except UnknownResource as error:
        yield schema(str(error), f"{where}/Resource")
        return
    if target.function_arn is not None:
        return
    found = calls.operation_of(target.service, target.action)
    if found is None:
        yield unserved(f"{target.service} {target.action} as a task", f"{where}/Resource")
        return
    given = state.get("Parameters", {})
    if not isinstance(given, dict):
        yield schema("Parameters must be an object", f"{where}/Parameters")
        return
    known, required = calls.fields_of(*found)
    names = {name.removesuffix(".$") for name in given}
    for name in sorted(names - known):
        yield schema(f'The field "{name}" is not supported by Step Functions', f"{where}/Parameters")
    for name in sorted(required - names):
        yield schema(f'The field "{name}" is required but was missing', f"{where}/Parameters")


def _faults_of_seconds(state: State, where: str, name: str) -> Iterator[Fault]:
    seconds = state.get(name, 1)
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 < seconds <= 99_999_999:
        yield schema(f"{name} must be a positive integer", f"{where}/{name}")
    if name in state and f"{name}Path" in state:
        yield schema(f"A state has either {name} or {name}Path", where)


def _of_wait(state: State, where: str, calls: Calls) -> Iterator[Fault]:
    given = [name for name in ("Seconds", "SecondsPath", "Timestamp", "TimestampPath") if name in state]
    if len(given) != 1:
        yield schema("A Wait has exactly one of Seconds, SecondsPath, Timestamp, TimestampPath", where)
        return
    seconds = state.get("Seconds", 0)
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 <= seconds <= 99_999_999:
        yield schema("Seconds must be an integer from 0 to 99999999", f"{where}/Seconds")
    if "Timestamp" in state and parse_timestamp(state["Timestamp"]) is None:
        yield schema(f"Timestamp must be an ISO 8601 time with T and Z: {state['Timestamp']}", f"{where}/Timestamp")


def _of_fail(state: State, where: str, calls: Calls) -> Iterator[Fault]:
    for name in ("Error", "Cause"):
        if name in state and not isinstance(state[name], str):
            yield schema(f"{name} must be a string", f"{where}/{name}")
        if name in state and f"{name}Path" in state:
            yield schema(f"A state has either {name} or {name}Path", where)
        path = state.get(f"{name}Path")
        if path is not None:
            yield from faults_of_template({f"{name}.$": path}, where)


def _of_parallel(state: State, where: str, calls: Calls) -> Iterator[Fault]:
    branches = state.get("Branches")
    if not isinstance(branches, list) or not branches or not all(isinstance(each, dict) for each in branches):
        yield schema("Branches must be a non-empty array of state machines", f"{where}/Branches")


def _of_map(state: State, where: str, calls: Calls) -> Iterator[Fault]:
    given = [name for name in ("ItemProcessor", "Iterator") if name in state]
    if len(given) != 1 or not isinstance(state[given[0]], dict):
        yield schema("A Map has an ItemProcessor", f"{where}/ItemProcessor")
        return
    config = state[given[0]].get("ProcessorConfig", {})
    mode = config.get("Mode", "INLINE") if isinstance(config, dict) else config
    if mode != "INLINE":
        yield unserved(f"a Map in mode {mode}", f"{where}/{given[0]}/ProcessorConfig")
    if "ItemSelector" in state and "Parameters" in state:
        yield schema("A Map has either ItemSelector or Parameters", where)
    concurrency = state.get("MaxConcurrency", 0)
    if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 0:
        yield schema("MaxConcurrency must be an integer and not negative", f"{where}/MaxConcurrency")


CHECKS: Mapping[str, Check] = {
    "Task": _of_task,
    "Wait": _of_wait,
    "Fail": _of_fail,
    "Parallel": _of_parallel,
    "Map": _of_map,
    "Choice": lambda state, where, calls: faults_of_rules(state, where),
}
