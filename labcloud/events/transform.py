"""What a target gets of an event: all of it, a constant, a part (InputPath), or a template (InputTransformer). Pure.

Source: EventBridge User Guide, "Amazon EventBridge input transformation". A value that the event does not have is empty.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from labcloud.errors import AwsError

_absent = object()
_PATH = re.compile(r"\$(?:\.[\w\-]+|\['[^']+'\]|\[\d+\])*")
_STEP = re.compile(r"\.([\w\-]+)|\['([^']+)'\]|\[(\d+)\]")
_PLACE = re.compile(r"<([\w.\-]+)>")
_RESERVED = "aws.events."


def input_for(target: Mapping[str, Any], event: Mapping[str, Any], rule_name: str, rule_arn: str) -> str:
    """The text that the target gets."""
    if target.get("Input"):
        return str(target["Input"])
    if target.get("InputPath"):
        part = read_path(target["InputPath"], event)
        return "{}" if part is _absent else _json(part)
    transformer = target.get("InputTransformer")
    if not transformer:
        return _json(event)
    values = {name: read_path(path, event) for name, path in (transformer.get("InputPathsMap") or {}).items()}
    values["aws.events.rule-name"], values["aws.events.rule-arn"] = rule_name, rule_arn
    values["aws.events.event.ingestion-time"] = event.get("time", "")
    values["aws.events.event.json"] = dict(event)
    values["aws.events.event"] = {name: value for name, value in event.items() if name != "detail"}
    return fill(transformer["InputTemplate"], values)


def fill(template: str, values: Mapping[str, Any]) -> str:
    """A value stands as JSON; between quotation marks a text stands without its own."""
    written, inside, place = [], False, 0
    for found in _PLACE.finditer(template):
        before = template[place : found.start()]
        inside ^= len(re.findall(r'(?<!\\)"', before)) % 2 == 1
        written += [before, _shown(values.get(found[1], _absent), inside)]
        place = found.end()
    return "".join([*written, template[place:]])


def check_input(target: Mapping[str, Any]) -> None:
    """Raises AwsError ValidationException for an input that cannot be made."""
    given = [name for name in ("Input", "InputPath", "InputTransformer") if target.get(name)]
    where = target.get("Id")
    if len(given) > 1:
        raise _invalid(f"Only one of Input, InputPath, or InputTransformer must be provided for target {where}.")
    if target.get("Input"):
        try:
            json.loads(target["Input"])
        except ValueError as error:
            raise _invalid(f"JSON syntax error in input for target {where}: {error}") from error
    if target.get("InputPath") and not _PATH.fullmatch(target["InputPath"]):
        raise _invalid(f"Invalid InputPath for target {where}: {target['InputPath']}")
    transformer = target.get("InputTransformer") or {}
    paths = transformer.get("InputPathsMap") or {}
    for name, path in paths.items():
        if name.lower().startswith("aws"):
            raise _invalid(f"Invalid InputPathsMap for target {where}: {name} begins with AWS.")
        if not _PATH.fullmatch(path):
            raise _invalid(f"Invalid InputPathsMap for target {where}: {path} is not a JSON path.")
    if unknown := [name for name in _PLACE.findall(transformer.get("InputTemplate", "")) if not _known(name, paths)]:
        raise _invalid(f"Invalid InputTemplate for target {where}: no path is given for {', '.join(unknown)}.")


def read_path(path: str, event: Mapping[str, Any]) -> Any:
    """The value at a path such as $.detail.state or $.resources[0]."""
    value: Any = event
    for name, quoted, index in _STEP.findall(path):
        if index:
            if not isinstance(value, list) or int(index) >= len(value):
                return _absent
            value = value[int(index)]
        elif isinstance(value, Mapping) and (name or quoted) in value:
            value = value[name or quoted]
        else:
            return _absent
    return value


def _shown(value: Any, inside: bool) -> str:
    if value is _absent:
        return "" if inside else '""'
    if not inside:
        return _json(value)
    return _json(value)[1:-1] if isinstance(value, str) else _json(value).replace("\\", "\\\\").replace('"', '\\"')


def _known(name: str, paths: Mapping[str, str]) -> bool:
    reserved = {"rule-name", "rule-arn", "event", "event.json", "event.ingestion-time"}
    return name in paths or (name.startswith(_RESERVED) and name.removeprefix(_RESERVED) in reserved)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _invalid(message: str) -> AwsError:
    return AwsError(message, code="ValidationException")
