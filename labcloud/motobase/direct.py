"""A short way to moto 5.2.5's DynamoDB for the operations that programs send by the thousand.

moto's own methods run with parameters that were parsed once; what goes out is the same to the byte
(tests/motobase/test_direct.py). Whatever is unusual, errors too, is written by moto's whole machinery.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

from moto import settings
from moto.core.request import Request
from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores, get_service_model
from moto.dynamodb.responses import DynamoHandler
from moto.iam.models import mark_account_as_visited
from moto.utilities.utils import get_partition

from labcloud.api import ApiRequest
from labcloud.motobase import speed
from labcloud.motobase.json_write import Convert, NotPlain, Writers, moto_keys
from labcloud.motobase.wire import WireResponse, as_response

OPERATIONS = (
    "BatchGetItem",
    "BatchWriteItem",
    "DeleteItem",
    "GetItem",
    "PutItem",
    "Query",
    "Scan",
    "TransactGetItems",
    "TransactWriteItems",
    "UpdateItem",
)
"""They look at nothing but their parameters, the account and the region."""

_KNOWN_KEY = re.compile("[A-Z0-9]{20}")
"""A key of the form that moto looks up, to note when it was used last."""


class DirectDynamoDB:
    """Answers for `OPERATIONS`."""

    def __init__(self) -> None:
        speed.install_for_dynamodb()
        model = get_service_model("dynamodb")
        writers = Writers(moto_keys)
        self._methods: dict[str, tuple[str, Convert]] = {}
        for name in OPERATIONS:
            output = model.operation_model(name).output_shape
            assert output is not None
            self._methods[name] = camelcase_to_underscores(name), writers.writer(output)
        version = model.metadata.get("jsonVersion", "1.0")
        self._content_type = f"application/x-amz-json-{version}"

    def answer(self, request: ApiRequest, http: Request) -> WireResponse | None:
        """None: not this way."""
        if request.operation not in self._methods or not _is_usual(http.environ):
            return None
        name, write = self._methods[request.operation]
        handler = DynamoHandler()
        handler.current_account, handler.region = request.account_id, request.region
        handler.partition = get_partition(request.region)
        handler.uri_match = {}
        if _KNOWN_KEY.fullmatch(request.caller.access_key_id):
            mark_account_as_visited(request.account_id, request.caller.access_key_id, "dynamodb", request.region)
        handler.params = handler.body = dict(request.parameters)
        try:
            result = getattr(handler, name)()
        except Exception as error:
            return _by_moto(name, _raising(error), http)
        try:
            body = json.dumps(write(result.result)).encode()
        except NotPlain:
            return _by_moto(name, lambda: result, http)
        headers = {"Content-Type": self._content_type, "server": "amazon.com"}
        speed.request_id(headers)
        headers["x-amz-crc32"] = str(binascii.crc32(body))
        return WireResponse(200, headers, body)


def _is_usual(environ: Mapping[str, Any]) -> bool:
    """Whether moto would read nothing else from the request: another account or region, a packed body."""
    return not (
        "HTTP_X_MOTO_ACCOUNT_ID" in environ
        or "HTTP_CONTENT_ENCODING" in environ
        or "region/" in environ.get("HTTP_USER_AGENT", "")
        or ".amazonaws.com" in environ.get("HTTP_HOST", "")
        or DynamoHandler.RESPONSE_KEY_PATH_TO_TRANSFORMER
        or settings.PRETTIFY_RESPONSES
    )


def _raising(error: Exception) -> Any:
    def fail() -> ActionResult:
        raise error

    return fail


def _by_moto(name: str, method: Any, http: Request) -> WireResponse:
    """What moto makes of a method's result or error."""
    handler = DynamoHandler()
    handler.setup_class(http, http.raw_url, dict(http.headers))
    setattr(handler, name, method)
    return as_response(handler.call_action())
