"""Calls of the cloud's own API under a role, as AWS services make them; and botocore's models of services.

The call goes through the front door like anybody's, so the role's permissions decide.
"""

from __future__ import annotations

import functools
import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import ServiceModel, Shape
from moto.core.utils import get_service_model

from labcloud.api import Scope
from labcloud.errors import AwsError
from labcloud.motobase.constraints import complaint
from labcloud.motobase.iam import access_key, session_credentials

MOST_CLIENTS = 32
SESSION_S = 1800.0
LONGEST_ANSWER_S = {"lambda": 960, "stepfunctions": 960}
"""Services that answer when a program has ended."""


class ServiceCalls:
    """`endpoint_url` is this cloud's."""

    def __init__(self, endpoint_url: Callable[[], str]) -> None:
        self._endpoint_url = endpoint_url
        self._session = botocore.session.Session()
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._sessions: dict[tuple[str, str], tuple[str, float]] = {}

    def call(self, scope: Scope, role_arn: str, service: str, operation: str, parameters: Mapping[str, Any]) -> Any:
        """Calls an operation with a session of the role. Raises AwsError with the answer's code."""
        return self.call_as(scope, self._key_of(scope.account_id, role_arn), service, operation, parameters)

    def call_as(
        self, scope: Scope, access_key_id: str, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> Any:
        """Calls an operation as whom the key stands for with the key's own secret. Raises AwsError."""
        client = self._client(scope.region, access_key_id, service)
        shape = get_service_model(service).operation_model(operation).input_shape
        try:
            return client._make_api_call(operation, _with_texts(shape, parameters))
        except ClientError as error:
            said = error.response["Error"]
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
            raise AwsError(said.get("Message", ""), code=said["Code"], status=status) from error
        except BotoCoreError as error:
            raise AwsError(str(error), code="ValidationException") from error

    def _key_of(self, account_id: str, role_arn: str) -> str:
        """Of a session that is not old: a new one for each call would need a new client, which costs 50 calls."""
        place, now = (account_id, role_arn), time.monotonic()
        with self._lock:
            key, until = self._sessions.get(place, ("", 0.0))
        if now >= until:
            key = session_credentials(account_id, role_arn, "aws-service").access_key_id
            with self._lock:
                self._sessions[place] = key, now + SESSION_S
        return key

    def _client(self, region: str, access_key_id: str, service: str) -> Any:
        with self._lock:
            key = (region, access_key_id, service)
            if key not in self._clients:
                if len(self._clients) >= MOST_CLIENTS:
                    self._clients.clear()
                signed_by = access_key(access_key_id)
                self._clients[key] = self._session.create_client(
                    service,
                    region_name=region,
                    endpoint_url=self._endpoint_url(),
                    aws_access_key_id=access_key_id,
                    aws_secret_access_key=signed_by.secret or "any",
                    aws_session_token=signed_by.session_token,
                    config=Config(
                        retries={"max_attempts": 0},
                        connect_timeout=5,
                        read_timeout=LONGEST_ANSWER_S.get(service, 60),
                        s3={"addressing_style": "path"},
                    ),
                )
            return self._clients[key]


def request_id_of(error: AwsError) -> str:
    """The id of the request that `call` made, for those who tell of its failure."""
    cause = error.__cause__
    metadata = cause.response.get("ResponseMetadata", {}) if isinstance(cause, ClientError) else {}
    return str(metadata.get("RequestId") or uuid.uuid4())


def check_parameters(service: str, operation: str, parameters: Mapping[str, Any]) -> None:
    """Raises AwsError ValidationException for parameters outside of the model's constraints."""
    shape = get_service_model(service).operation_model(operation).input_shape
    if fault := complaint(shape, parameters):
        raise AwsError(fault, code="ValidationException")


def operation_of(services: tuple[str, ...], sdk_name: str, action: str) -> tuple[str, str] | None:
    """botocore's (service, operation) for an AWS SDK's names (eventbridge, putEvents); None if there is none."""
    service = _by_sdk_name(services).get(sdk_name.lower())
    if service is None:
        return None
    model: ServiceModel = get_service_model(service)
    found = {name.lower(): name for name in model.operation_names}.get(action.lower())
    return (service, found) if found else None


@functools.cache
def _by_sdk_name(services: tuple[str, ...]) -> Mapping[str, str]:
    return {get_service_model(name).service_id.hyphenize().replace("-", ""): name for name in services}


def _with_texts(shape: Shape | None, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Where the model wants bytes (Invoke's Payload), JSON is written as text."""
    blobs = {name for name, member in (shape.members if shape else {}).items() if member.type_name == "blob"}
    return {
        name: json.dumps(value) if name in blobs and not isinstance(value, (str, bytes)) else value
        for name, value in parameters.items()
    }
