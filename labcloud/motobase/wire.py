"""AWS's wire formats, both ways, by botocore's models: moto 5.2's own router, parsers and serialisers.

This is the one place that uses moto.core.routing, moto.core.parse and moto.core.serialize.
"""

from __future__ import annotations

import contextlib
import functools
import json
import warnings
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from botocore.exceptions import UnknownServiceError
from moto.core.model import OperationModel
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import NotFound, get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from labcloud.errors import AccessDenied, AwsError
from labcloud.motobase import bodies
from labcloud.motobase.json_read import Readers
from labcloud.motobase.json_write import NotPlain, Writers, exact_key


class UnknownOperation(Exception):
    """The request fits no operation of the service's model."""


@dataclass
class WireResponse:
    """What goes back over HTTP."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class WireOperation:
    """An operation that a request was recognised as, with what its path said."""

    model: OperationModel
    path_parameters: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.model.name)


def is_known(service: str) -> bool:
    """Whether botocore has a model for a service of this name."""
    try:
        get_service_model(service)
    except UnknownServiceError:
        return False
    return True


def operations_of(service: str) -> list[str]:
    """The names of all operations that botocore's model of the service has."""
    return sorted(get_service_model(service).operation_names)


def recognise(service: str, request: Request) -> WireOperation:
    """Finds the operation of botocore's `service` that `request` calls. Raises UnknownOperation."""
    try:
        model, parameters = get_service_router(service).match(request)
    except (NotFound, HTTPException, NotImplementedError) as error:
        raise UnknownOperation(f"{request.method} {request.path}") from error
    return WireOperation(model, parameters)


def parse_parameters(operation: WireOperation, request: Request) -> dict[str, Any]:
    """The request's parameters by the model's member names. Raises AwsError for a malformed body."""
    model = operation.model
    protocol = _protocol(model.service_model, request)
    try:
        if protocol == "json":
            return _parse_json(model, request.data)
        _check_body(model, protocol, request)
        parser = PROTOCOL_PARSERS[protocol](model, timestamp_parser=_aware_timestamp)
        parsed: dict[str, Any] = parser.parse(
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": request.data,
                "url_path": request.path,
                "url_params": operation.path_parameters,
            }
        )
    except RecursionError as error:
        raise bodies.malformed(operation.name, "it is nested too deeply") from error
    except (RequestParserError, ValueError, TypeError, AttributeError, LookupError) as error:
        raise bodies.malformed(operation.name, str(error)) from error
    return dict(parsed)


def _check_body(model: OperationModel, protocol: str, request: Request) -> None:
    """What moto's parsers would take for something else, or would be busy with for seconds."""
    if protocol in ("query", "ec2") and len(request.values) > bodies.MOST_FORM_FIELDS:
        raise ValueError(f"it has more than {bodies.MOST_FORM_FIELDS} fields")
    if "aws-chunked" in request.headers.get("Content-Encoding", "") or request.headers.get(
        "x-amz-content-sha256", ""
    ).startswith("STREAMING-"):
        bodies.check_chunks(request.data, request.headers.get("x-amz-decoded-content-length", ""))
    elif model.name == "GetObject":
        bodies.check_overrides(request.args)
    elif request.data and _body_is_document(model):
        if protocol == "rest-xml":
            bodies.check_xml(request.data)
        elif protocol == "rest-json" and not isinstance(bodies.json_value(request.data), dict | list):
            raise ValueError("it is no JSON object")


def _body_is_document(model: OperationModel) -> bool:
    """Whether the body is the operation's parameters, not a payload of bytes that only the caller understands."""
    shape = model.input_shape
    payload = shape.serialization.get("payload") if shape is not None else None
    return shape is not None and (payload is None or shape.members[payload].type_name not in ("blob", "string"))


def _parse_json(model: OperationModel, body: bytes) -> dict[str, Any]:
    if model.input_shape is None:
        return {}
    value = bodies.json_value(body)
    if not isinstance(value, dict):
        raise ValueError("it is no JSON object")
    return dict(_readers(model.service_model.service_name).reader(model.input_shape)(value))


@functools.cache
def _readers(service: str) -> Readers:
    return Readers(_aware_timestamp)


@functools.cache
def _writers(service: str) -> Writers:
    return Writers(exact_key)


def write_result(operation: WireOperation, request: Request, result: dict[str, Any]) -> WireResponse:
    """Serialises an operation's result as its service's protocol wants it."""
    model = operation.model
    if model.output_shape is not None and _protocol(model.service_model, request) == "json":
        with contextlib.suppress(NotPlain):
            return _write_json(model, result)
    return _serialise(model, request, result)


def _write_json(model: OperationModel, result: dict[str, Any]) -> WireResponse:
    service = model.service_model
    body = _writers(service.service_name).writer(model.output_shape)(result)
    headers = {"Content-Type": f"application/x-amz-json-{service.metadata.get('jsonVersion', '1.0')}"}
    return WireResponse(model.http.get("responseCode", 200), headers, json.dumps(body).encode())


def write_error(service: str, operation: WireOperation | None, request: Request, error: AwsError) -> WireResponse:
    """Serialises `error` in the service's error shape; the model's status for the code wins.

    But for an error whose class has a status of its own (Timestream's RejectedRecordsException). AccessDenied is none
    of these: services differ there.
    """
    model = operation.model if operation else OperationModel({}, get_service_model(service))
    for name, value in error.fields.items():
        setattr(error, name, value)
    if isinstance(error, AccessDenied) and error.code == AccessDenied.code:
        error.code = _code_of_denial(model.service_model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # moto warns of codes that no model holds; ours say what AWS would not
        response = _serialise(model, request, error)
    if response.body.endswith(b"</Error>") and error.fields:
        response.body = _with_more(response.body, error.fields)
    known = {shape.error_code for shape in get_service_model(service).error_shapes}
    own_status = type(error).status != AwsError.status and not isinstance(error, AccessDenied)
    if own_status or error.code not in known or response.status < 400:
        response.status = error.status
    return response


def _with_more(body: bytes, fields: dict[str, Any]) -> bytes:
    """S3 says more about some errors than its model has members for."""
    more = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in fields.items())
    return body.removesuffix(b"</Error>") + more.encode() + b"</Error>"


def _code_of_denial(service_model: Any) -> str:
    """Services that answer in XML say AccessDenied, SNS says AuthorizationError (their pages "Common errors")."""
    if service_model.service_name == "sns":
        return "AuthorizationError"
    return "AccessDenied" if service_model.metadata["protocol"] in ("query", "rest-xml", "ec2") else AccessDenied.code


def as_response(answer: tuple[Any, ...] | str) -> WireResponse:
    """What moto's Flask wrapper (moto.core.utils.convert_to_flask_response) makes of a method's answer."""
    status, headers, content = (200, {}, answer) if isinstance(answer, str) else answer
    body = content.encode() if isinstance(content, str) else bytes(content or b"")
    kept = {name: value for name, value in headers.items() if name.lower() != "status"}
    kept.setdefault("Content-Type", "text/html; charset=utf-8")  # Flask's default, which SDKs have seen so far
    return WireResponse(int(status), kept, body)


def _serialise(model: OperationModel, request: Request, result: object) -> WireResponse:
    service_model = model.service_model
    serialiser = get_serializer_class(service_model.service_name, _protocol(service_model, request))(model)
    wire = serialiser.serialize(result)
    body = wire["body"]
    return WireResponse(wire["status_code"], wire["headers"], body if isinstance(body, bytes) else body.encode())


def protocol_of(service: str, request: Request) -> str:
    """The wire protocol that a request of a service is written in."""
    return _protocol(get_service_model(service), request)


def _protocol(service_model: Any, request: Request) -> str:
    try:
        return determine_request_protocol(service_model, request.content_type)
    except NotImplementedError:
        return str(service_model.protocol)


def _aware_timestamp(value: Any) -> datetime:
    from botocore.utils import parse_timestamp

    parsed: datetime = parse_timestamp(value)
    return parsed
