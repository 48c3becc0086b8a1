"""What is wrong with a definition: found when a state machine is created, all at once, each with its place. Pure.

Sources: Amazon States Language specification; API Reference, ValidateStateMachineDefinition. Known sentences are
AWS's. What AWS takes and the local cloud does not carry out is a fault too, with `served` False: never accepted and
dropped. Fields of the single state types are in fields.py.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from labcloud.stepfunctions.checks.faults import MISSING_TARGET, Calls, Fault, schema, unserved
from labcloud.stepfunctions.checks.fields import faults_of_state

LONGEST_NAME = 80
MACHINE_FIELDS = ("Comment", "StartAt", "States", "Version", "TimeoutSeconds", "QueryLanguage", "ProcessorConfig")


def faults_of_definition(definition: str, calls: Calls) -> list[Fault]:
    """Everything that is wrong. `calls` knows the API operations that tasks may call."""
    try:
        return _faults_of_text(definition, calls)
    except RecursionError:
        return [Fault("INVALID_JSON_DESCRIPTION", "The definition is nested too deeply", "")]


def _faults_of_text(definition: str, calls: Calls) -> list[Fault]:
    try:
        machine = json.loads(definition)
    except ValueError as error:
        return [Fault("INVALID_JSON_DESCRIPTION", f"Invalid JSON: {error}", "")]
    if not isinstance(machine, dict):
        return [Fault("INVALID_JSON_DESCRIPTION", "The definition is not a JSON object", "")]
    faults = list(_faults_of_machine(machine, "", calls))
    found = list(_names(machine, ""))
    counts = Counter(name for name, _ in found)
    again = next(((name, where) for name, where in found if counts[name] > 1), None)
    if again is not None:
        faults.append(Fault("DUPLICATE_STATE_NAME", f'Duplicate State name: "{again[0]}"', again[1]))
    return faults


def _faults_of_machine(machine: Mapping[str, Any], where: str, calls: Calls) -> Iterator[Fault]:
    yield from _faults_of_frame(machine, where)
    states = machine.get("States")
    if not isinstance(states, dict) or not states:
        yield schema("States must be an object with at least one state", f"{where}/States")
        return
    start = machine.get("StartAt")
    if not isinstance(start, str) or start not in states:
        yield Fault(MISSING_TARGET, f"Missing 'StartAt' target: {start}", f"{where}/StartAt")
    for name, state in states.items():
        place = f"{where}/States/{name}"
        if len(name) > LONGEST_NAME:
            yield schema(f"State name exceeds {LONGEST_NAME} characters", place)
        if not isinstance(state, dict):
            yield schema("A state must be an object", place)
            continue
        yield from faults_of_state(state, place, calls)
        for target, pointer in targets_of(state):
            if not isinstance(target, str) or target not in states:
                yield Fault(MISSING_TARGET, f"Missing 'Next' target: {target}", f"{place}{pointer}")
        for inner, pointer in machines_in(state):
            yield from _faults_of_machine(inner, f"{place}{pointer}", calls)
    if isinstance(start, str) and start in states:
        for name in sorted(states.keys() - _reachable(states, start)):
            yield Fault(MISSING_TARGET, f'State "{name}" is not reachable.', f"{where}/States/{name}")


def _faults_of_frame(machine: Mapping[str, Any], where: str) -> Iterator[Fault]:
    if machine.get("QueryLanguage", "JSONPath") != "JSONPath":
        yield unserved(f"the query language {machine['QueryLanguage']}", f"{where}/QueryLanguage")
    timeout = machine.get("TimeoutSeconds", 1)
    if not isinstance(timeout, int) or isinstance(timeout, bool) or timeout < 1:
        yield schema("TimeoutSeconds must be a positive integer", f"{where}/TimeoutSeconds")
    for name in machine:
        if name not in MACHINE_FIELDS:
            yield schema(f"Field {name} is not supported", f"{where}/{name}")


def targets_of(state: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    """Where a state leads, with the places that say so."""
    for key in ("Next", "Default"):
        if key in state:
            yield state[key], f"/{key}"
    for key in ("Choices", "Catch"):
        for number, holder in enumerate(_dicts(state.get(key))):
            if "Next" in holder:
                yield holder["Next"], f"/{key}[{number}]/Next"


def machines_in(state: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str]]:
    """The machines of a Parallel's branches and of a Map's items."""
    for number, branch in enumerate(_dicts(state.get("Branches"))):
        yield branch, f"/Branches[{number}]"
    for key in ("ItemProcessor", "Iterator"):
        if isinstance(state.get(key), dict):
            yield state[key], f"/{key}"


def _names(machine: Mapping[str, Any], where: str) -> Iterator[tuple[str, str]]:
    states = machine.get("States")
    for name, state in states.items() if isinstance(states, dict) else ():
        place = f"{where}/States/{name}"
        yield name, place
        for inner, pointer in machines_in(state) if isinstance(state, dict) else ():
            yield from _names(inner, f"{place}{pointer}")


def _reachable(states: Mapping[str, Any], start: str) -> set[str]:
    found, todo = set(), [start]
    while todo:
        name = todo.pop()
        if name in found or not isinstance(states.get(name), dict):
            continue
        found.add(name)
        todo += [target for target, _ in targets_of(states[name]) if isinstance(target, str)]
    return found


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
