"""Where data goes in and out of a state: InputPath, Parameters, ResultSelector, ResultPath, OutputPath. Pure.

Values are never changed in place: what comes out may share parts with what went in.

Sources: Amazon States Language specification, "Input and Output Processing", "Payload Template". Sentences are AWS's
as users report them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labcloud.stepfunctions.language.calls import parse_expression
from labcloud.stepfunctions.language.failures import RESULT_PATH, RUNTIME, StateFailed
from labcloud.stepfunctions.language.intrinsics import IntrinsicError
from labcloud.stepfunctions.language.jsontext import to_json
from labcloud.stepfunctions.language.paths import NoResult, NotApplicable, parse_path

State = Mapping[str, Any]


def taken_in(state: State, field: str, value: Any, context: Any) -> Any:
    """What InputPath or OutputPath lets through; null gives an empty object."""
    path = state.get(field, "$")
    return {} if path is None else at_path(path, value, context)


def at_path(path: str, value: Any, context: Any) -> Any:
    """The value at a path of a field. Raises StateFailed."""
    try:
        return parse_path(path).read(value, context)
    except NoResult as error:
        raise StateFailed(RUNTIME, f"Invalid path '{path}': {error}") from error


def filled_in(template: Any, value: Any, context: Any) -> Any:
    """A payload template with its .$ fields replaced. Raises StateFailed."""
    if isinstance(template, dict):
        return dict(_member(name, inner, value, context) for name, inner in template.items())
    if isinstance(template, list):
        return [filled_in(inner, value, context) for inner in template]
    return template


def _member(name: str, inner: Any, value: Any, context: Any) -> tuple[str, Any]:
    if not name.endswith(".$"):
        return name, filled_in(inner, value, context)
    try:
        return name[:-2], parse_expression(inner).evaluate(value, context)
    except NoResult as error:
        path = error.args[0]
        looked_at = context if path.startswith("$$") else value
        raise StateFailed(
            RUNTIME,
            f"The JSONPath '{path}' specified for the field '{name}' could not be found in the input "
            f"'{to_json(looked_at)}'",
        ) from error
    except IntrinsicError as error:
        raise StateFailed("States.IntrinsicFailure", str(error)) from error


def with_result(holder: State, raw: Any, result: Any) -> Any:
    """ResultPath of a state or a catcher: the result in, or in the place of, the state's raw input. Raises StateFailed."""
    path = holder.get("ResultPath", "$")
    if path is None:
        return raw
    try:
        return parse_path(path).write(raw, result)
    except NotApplicable as error:
        raise StateFailed(RESULT_PATH, str(error)) from error
