"""What is wrong with a path, a reference path or a payload template. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from labcloud.stepfunctions.checks.faults import Fault, of_language, schema
from labcloud.stepfunctions.language.calls import CallError, parse_expression
from labcloud.stepfunctions.language.paths import PathError, parse_path


def faults_of_path(text: Any, where: str) -> Iterator[Fault]:
    try:
        parse_path(text)
    except PathError as error:
        yield of_language(str(error), where)


def faults_of_reference(text: Any, where: str) -> Iterator[Fault]:
    try:
        if not parse_path(text).is_reference:
            yield schema(f"Value is not a Reference Path: {text}", where)
    except PathError as error:
        yield of_language(str(error), where)


def faults_of_template(template: Any, where: str) -> Iterator[Fault]:
    if isinstance(template, list):
        for number, inner in enumerate(template):
            yield from faults_of_template(inner, f"{where}[{number}]")
    if not isinstance(template, dict):
        return
    for name, inner in template.items():
        if not name.endswith(".$"):
            yield from faults_of_template(inner, f"{where}/{name}")
            continue
        if not isinstance(inner, str):
            yield schema("The value for the field '" + name + "' must be a valid JSONPath or intrinsic function", where)
            continue
        try:
            parse_expression(inner)
        except (PathError, CallError) as error:
            text = f"The value for the field '{name}' must be a valid JSONPath or a valid intrinsic function call"
            yield of_language(f"{text}: {error}", f"{where}/{name}")
