"""What is wrong with the rules of a Choice. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from labcloud.stepfunctions.checks.faults import Fault, schema, unserved
from labcloud.stepfunctions.checks.templates import faults_of_path
from labcloud.stepfunctions.language.choice import COMPARISONS, OPERATORS, TESTS

State = Mapping[str, Any]


def faults_of_rules(state: State, where: str) -> Iterator[Fault]:
    """Of all rules of a Choice."""
    choices = state.get("Choices")
    if not isinstance(choices, list) or not choices:
        yield schema("Choices must be a non-empty array", f"{where}/Choices")
        return
    for number, rule in enumerate(choices):
        place = f"{where}/Choices[{number}]"
        if isinstance(rule, dict) and "Next" not in rule:
            yield schema("A choice rule has a Next", place)
        yield from _faults_of_rule(rule, place, ("Next", "Comment"))


def _faults_of_rule(rule: Any, where: str, besides: tuple[str, ...]) -> Iterator[Fault]:
    if not isinstance(rule, dict):
        yield schema("A choice rule must be an object", where)
        return
    for name in rule:
        if name in ("Assign", "Output", "Condition"):
            yield unserved(f"JSONata or variables ({name})", f"{where}/{name}")
            return
    tests = [name for name in rule if name in (*OPERATORS, "And", "Or", "Not")]
    extra = [name for name in rule if name not in (*tests, *besides, "Variable")]
    if len(tests) != 1 or extra:
        yield schema(f"A choice rule has one comparison, not {', '.join(tests + extra) or 'none'}", where)
        return
    [test] = tests
    if test == "Not":
        yield from _faults_of_rule(rule["Not"], f"{where}/Not", ())
    elif test in ("And", "Or"):
        if not isinstance(rule[test], list) or not rule[test]:
            yield schema(f"{test} must be a non-empty array of rules", f"{where}/{test}")
            return
        for number, inner in enumerate(rule[test]):
            yield from _faults_of_rule(inner, f"{where}/{test}[{number}]", ())
    else:
        yield from _faults_of_comparison(rule, test, where)


def _faults_of_comparison(rule: State, test: str, where: str) -> Iterator[Fault]:
    if "Variable" not in rule:
        yield schema("A comparison has a Variable", where)
        return
    yield from faults_of_path(rule["Variable"], f"{where}/Variable")
    wanted, place = rule[test], f"{where}/{test}"
    if test.endswith("Path"):
        yield from faults_of_path(wanted, place)
    elif test in TESTS or test in ("IsPresent", "BooleanEquals"):
        if not isinstance(wanted, bool):
            yield schema(f"{test} takes true or false", place)
    elif test == "StringMatches":
        if not isinstance(wanted, str):
            yield schema(f"{test} takes a string", place)
    elif test in COMPARISONS and not COMPARISONS[f"{_kind_of(test)}Equals"](wanted, wanted):
        yield schema(f"{test} cannot compare with {wanted!r}", place)


def _kind_of(test: str) -> str:
    return next(kind for kind in ("Numeric", "String", "Timestamp") if test.startswith(kind))
