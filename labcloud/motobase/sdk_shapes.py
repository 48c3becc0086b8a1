"""API calls as Step Functions writes them: members begin with a capital, JSON stands for texts and bytes.

Source: Step Functions Developer Guide, "Learning to use AWS service SDK integrations" (PascalCase for every service).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from moto.core.utils import get_service_model


def fields_of(service: str, operation: str) -> tuple[frozenset[str], frozenset[str]]:
    """The parameters of an operation in Step Functions' spelling: all, and those that are required."""
    shape = get_service_model(service).operation_model(operation).input_shape
    if shape is None:
        return frozenset(), frozenset()
    return frozenset(map(_upper, shape.members)), frozenset(map(_upper, shape.required_members))


def service_id_of(service: str) -> str:
    """AWS's identifier of a service, for example "DynamoDB"."""
    return str(get_service_model(service).service_id)


def modelled_error(service: str, code: str) -> str | None:
    """The name of the error that the service's model has for a code; None: it has none."""
    for shape in get_service_model(service).error_shapes:
        if code.split("#")[-1] in (shape.name, shape.error_code):
            return str(shape.name)
    return None


_KINDS = {
    "integer": "an INTEGER",
    "long": "a LONG",
    "boolean": "a BOOLEAN",
    "list": "an ARRAY",
    "structure": "an OBJECT",
}


def type_faults(service: str, operation: str, given: Mapping[str, Any]) -> Iterator[str]:
    """What AWS says of parameters whose values are of another type than the operation's. Objects stand for texts of JSON."""
    shape = get_service_model(service).operation_model(operation).input_shape
    return iter(()) if shape is None else _type_faults(shape, given, "")


def _type_faults(shape: Shape, value: Any, name: str) -> Iterator[str]:
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        names = {_upper(each): each for each in shape.members}
        yield from (f"The field '{key}' is not supported by Step Functions" for key in value if key not in names)
        for required in sorted(set(map(_upper, shape.required_members)) - set(value)):
            yield f"The field '{required}' is required but was missing"
        for key in value.keys() & names:
            yield from _type_faults(shape.members[names[key]], value[key], key)
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for inner in value:
            yield from _type_faults(shape.member, inner, name)
    elif isinstance(shape, MapShape) and isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _type_faults(shape.value, inner, key)
    elif not _fits(shape.type_name, value):
        yield f"The value for the field '{name}' must be {_KINDS.get(shape.type_name, 'a ' + shape.type_name.upper())}"


def _fits(type_name: str, value: Any) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    fitting = {
        "string": isinstance(value, (str, dict)),
        "boolean": isinstance(value, bool),
        **dict.fromkeys(("integer", "long"), number and value == int(value) if number else False),
        **dict.fromkeys(("float", "double"), number),
        **dict.fromkeys(("structure", "map", "list"), False),
    }
    return fitting.get(type_name, True)


def to_request(service: str, operation: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as boto3 takes them."""
    shape = get_service_model(service).operation_model(operation).input_shape
    found: dict[str, Any] = _request_value(shape, given) if shape is not None else {}
    return found


def to_result(service: str, operation: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    """boto3's answer as JSON, without what is about HTTP."""
    shape = get_service_model(service).operation_model(operation).output_shape
    kept = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    found: dict[str, Any] = _result_value(shape, kept) if shape is not None else {}
    return found


def http_details(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What an optimised integration adds to its result."""
    metadata = answer.get("ResponseMetadata", {})
    headers = {name: str(value) for name, value in metadata.get("HTTPHeaders", {}).items()}
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": headers,
            "HttpStatusCode": metadata.get("HTTPStatusCode", 200),
        },
        "SdkResponseMetadata": {"RequestId": str(metadata.get("RequestId", ""))},
    }


def _request_value(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        names = {_upper(name): name for name in shape.members}
        return {
            names.get(key, key): _request_value(shape.members[names[key]], inner) if key in names else inner
            for key, inner in value.items()
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_request_value(shape.member, inner) for inner in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {key: _request_value(shape.value, inner) for key, inner in value.items()}
    if shape.type_name == "string" and isinstance(value, (dict, list)):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if shape.type_name == "blob":
        return value if isinstance(value, (bytes, str)) else json.dumps(value, separators=(",", ":")).encode()
    return value


def _result_value(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        return {
            _upper(key): _result_value(shape.members[key], inner)
            for key, inner in value.items()
            if key in shape.members
        }
    if isinstance(shape, ListShape):
        return [_result_value(shape.member, inner) for inner in value]
    if isinstance(shape, MapShape):
        return {str(key): _result_value(shape.value, inner) for key, inner in value.items()}
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if shape.type_name == "blob":
        return _text_of(value.read() if hasattr(value, "read") else value)
    return value


def _text_of(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return base64.b64encode(data).decode()


def _upper(name: str) -> str:
    return name[:1].upper() + name[1:]
