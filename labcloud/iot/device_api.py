"""What a device asks over HTTPS with its certificate: the data plane, and credentials of a role through its alias.

IoT policies decide, not IAM. Sources: Developer Guide, "HTTPS", "Authorizing direct calls to AWS services".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from moto.core.request import Request

from labcloud.api import ApiRequest, Caller
from labcloud.errors import AwsError
from labcloud.iam.requests import permissions_of
from labcloud.iot.data import IotData
from labcloud.iot.registry import Registry
from labcloud.motobase import iot_reads
from labcloud.motobase.iam import session_credentials
from labcloud.motobase.wire import (
    UnknownOperation,
    WireOperation,
    WireResponse,
    parse_parameters,
    recognise,
    write_error,
    write_result,
)
from labcloud.mqtt.ports import Context, Principal, Refusal

SERVICE = "iot-data"
CREDENTIALS_PATH = re.compile(r"/role-aliases/(?P<alias>[\w=,@-]{1,128})/credentials")
CREDENTIALS_SERVICE = "credentials.iot.amazonaws.com"
THING_HEADER = "x-amzn-iot-thingname"

WhyNotAssumed = Callable[[str, str, Mapping[str, Any]], str | None]
"""why(role_arn, service, context): None if the service may assume the role, else the reason."""
Keeping = Callable[[ApiRequest], AbstractContextManager[None]]


class DeviceApi:
    """Answers one request at a time, in any thread but the broker's."""

    def __init__(self, data: IotData, registry: Registry, why_not_assumed: WhyNotAssumed, keeping: Keeping) -> None:
        self._data = data
        self._registry = registry
        self._why_not_assumed = why_not_assumed
        self._keeping = keeping

    def answer(self, http: Request, certificate: bytes, source_ip: str) -> WireResponse:
        """The request of whoever has shown this certificate (DER)."""
        operation: WireOperation | None = None
        try:
            principal = self._registry.principal_of(certificate)
            if isinstance(principal, Refusal):
                raise _forbidden(principal.reason)
            if found := CREDENTIALS_PATH.fullmatch(http.path):
                return self._credentials(http, principal, found["alias"], source_ip)
            operation = recognise(SERVICE, http)
            return write_result(operation, http, self._do(operation, http, principal, source_ip))
        except UnknownOperation as unknown:
            text = f"{unknown}: devices have POST /topics/…, /things/…/shadow, /retainedMessage, /role-aliases/…"
            return write_error(SERVICE, None, http, AwsError(text, code="ResourceNotFoundException", status=404))
        except AwsError as error:
            return write_error(SERVICE, operation, http, error)

    def _do(self, operation: WireOperation, http: Request, principal: Principal, source_ip: str) -> dict[str, Any]:
        if operation.name not in self._data.operations:
            raise AwsError(f"{operation.name} is not served", code="NotImplementedException", status=501)
        caller = Caller(principal.account_id, principal.arn)
        parameters = parse_parameters(operation, http)
        request = ApiRequest(SERVICE, operation.name, parameters, principal.region, caller, http.headers)
        for need in permissions_of(SERVICE, operation.name, parameters, principal.region, principal.account_id):
            self._require(principal, need.action, need.resource, Context("", source_ip))
        with self._keeping(request):
            if operation.name == "Publish":
                return self._data.publish(request, principal, source_ip)
            return self._data.operations[operation.name](request)

    def _credentials(self, http: Request, principal: Principal, name: str, source_ip: str) -> WireResponse:
        """A session of the alias's role, if policy, thing name and the role's trust allow it."""
        thing = http.headers.get(THING_HEADER)
        if thing is not None and thing not in principal.thing_names:
            raise _forbidden(f"the certificate is not attached to thing {thing!r}")
        arn = f"arn:aws:iot:{principal.region}:{principal.account_id}:rolealias/{name}"
        self._require(principal, "iot:AssumeRoleWithCertificate", arn, Context("", source_ip, thing))
        alias = iot_reads.role_alias(principal.account_id, principal.region, name)
        if alias is None:
            raise AwsError(f"Role alias {name} does not exist", code="ResourceNotFoundException", status=404)
        if reason := self._why_not_assumed(alias.role_arn, CREDENTIALS_SERVICE, {}):
            raise _forbidden(reason)
        caller = Caller(principal.account_id, principal.arn)
        with self._keeping(ApiRequest("sts", "AssumeRole", {}, principal.region, caller)):
            minted = session_credentials(principal.account_id, alias.role_arn, principal.id, alias.duration_s)
        credentials = {
            "accessKeyId": minted.access_key_id,
            "secretAccessKey": minted.secret_access_key,
            "sessionToken": minted.session_token,
            "expiration": minted.expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        body = json.dumps({"credentials": credentials}).encode()
        return WireResponse(200, {"Content-Type": "application/json"}, body)

    def _require(self, principal: Principal, action: str, resource_arn: str, context: Context) -> None:
        decision = self._registry.decide(principal, action, resource_arn, context)
        if not decision.allowed:
            raise _forbidden(decision.reason)


def _forbidden(reason: str) -> AwsError:
    """AWS says only "Forbidden"; here the reason stands behind it."""
    return AwsError(f"Forbidden: {reason}", code="ForbiddenException", status=403)
