"""The way of an AWS API request: signature → service → operation → permission → our service or moto → response."""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from typing import Protocol

from moto.core.request import Request

from labcloud.api import AccessKey, ApiRequest, Caller, Served
from labcloud.errors import AwsError, NotAuthentic, NotServed
from labcloud.gateway.identify import (
    LARGEST_BODIES,
    LARGEST_OTHER_BODY,
    Signature,
    candidate_services,
    read_signature,
)
from labcloud.gateway.refused import NEVER_DONE
from labcloud.gateway.signature import Moment, check_end, check_signature
from labcloud.gateway.unauthentic import in_words_of
from labcloud.gateway.unkept import unkept
from labcloud.motobase.backends import MotoBackends, unexpected
from labcloud.motobase.bodies import malformed, unzipped
from labcloud.motobase.constraints import misfit, require_members
from labcloud.motobase.wire import (
    UnknownOperation,
    WireOperation,
    WireResponse,
    is_known,
    parse_parameters,
    protocol_of,
    recognise,
    write_error,
    write_result,
)

log = logging.getLogger("labcloud.gateway")


class Callers(Protocol):
    """Knows who an access key belongs to, and its secret."""

    def access_key(self, access_key_id: str) -> AccessKey:
        """Raises NotAuthentic for a key that is not valid (any more)."""


class Authoriser(Protocol):
    """Decides whether a caller may do what a request asks. Raises AccessDenied."""

    def authorise(self, request: ApiRequest) -> None: ...


Keeping = Callable[[ApiRequest], AbstractContextManager[None]]
"""Around the work on a request: when it ends, what the request changed outlives the process."""


REFUSALS = {403: "AccessDeniedException", 413: "RequestEntityTooLargeException", 503: "ServiceUnavailable"}
S3_REFUSALS = {403: "AccessDenied", 413: "EntityTooLarge", 503: "SlowDown"}
"""Error codes by status, for requests that are not looked at."""


@dataclass
class Front:
    """Answers AWS API requests. `ours` says by a service's name what of it is ours; it is asked when a request comes."""

    callers: Callers
    authoriser: Authoriser
    moto: MotoBackends
    ours: Callable[[str], Served] = lambda service: Served()
    keeping: Keeping = lambda request: nullcontext()
    now: Callable[[], Moment] = lambda: Moment(time.time(), time.time())

    def answer(self, http: Request) -> WireResponse:
        """Answers one request; every failure is written in the error shape of the service that it was for."""
        service, operation, request = "sts", None, None
        try:
            signature = read_signature(http.headers, http.args)
            service = _likely_service(signature, http)
            caller = self._authenticate(signature, http)
            http = _unpacked(signature, http)
            service, operation = self._find_operation(signature, http)
            request = self._parse(service, operation, signature.region, caller, http)
            self.authoriser.authorise(request)
            _require_kept(request)
            ours = self.ours(service)
            if check := ours.checks.get(request.operation):
                check(request)
            with self.keeping(request):
                response = self._answer(request, operation, http)
                if ours.changed and response.status < 400 and changes_something(request.operation):
                    ours.changed(request)
            return response
        except _ServiceNotServed as error:
            log.warning("%s", error)
            return write_error(error.service if is_known(error.service) else service, None, http, error)
        except NotAuthentic as error:
            return write_error(service, operation, http, in_words_of(service, protocol_of(service, http), error))
        except AwsError as error:
            if error.status >= 500:
                log.warning("%s", error)
            return write_error(service, operation, http, error)
        except Exception as error:
            return write_error(service, operation, http, _blamed(service, operation, request, http, error))

    def refuse(self, http: Request, status: int, reason: str) -> WireResponse:
        """Writes why a request is not looked at."""
        service = "sts"
        with suppress(AwsError):
            service = _likely_service(read_signature(http.headers, http.args), http)
        code = REFUSALS.get(status, "InvalidRequest")
        if service == "s3":
            code = S3_REFUSALS.get(status, code)
        return write_error(service, None, http, AwsError(reason, code=code, status=status))

    def _find_operation(self, signature: Signature, http: Request) -> tuple[str, WireOperation]:
        candidates = candidate_services(signature.signing_name, http.path)
        if not candidates:
            raise _ServiceNotServed(
                signature.signing_name,
                f"The local cloud does not serve {signature.signing_name} ({http.method} {http.path}); "
                "`lab cloud coverage` lists what it serves.",
            )
        for service in candidates:
            try:
                return service, recognise(service, http)
            except UnknownOperation:
                continue
        asked = http.headers.get("X-Amz-Target") or http.values.get("Action") or f"{http.method} {http.path}"
        raise AwsError(f"{candidates[0]} has no operation {asked}", code="UnknownOperationException", status=404)

    def _authenticate(self, signature: Signature, http: Request) -> Caller:
        """Who has signed a request, if it was they and not too long ago. Raises NotAuthentic."""
        key = self.callers.access_key(signature.access_key_id)
        now = self.now()
        check_end(signature, http, now)
        check_signature(signature, http, key, now)
        return key.caller

    def _parse(self, service: str, operation: WireOperation, region: str, caller: Caller, http: Request) -> ApiRequest:
        parameters = parse_parameters(operation, http)
        require_members(operation.model.input_shape, parameters)
        return ApiRequest(
            service=service,
            operation=operation.name,
            parameters=parameters,
            region=region,
            caller=caller,
            headers=http.headers,
        )

    def served_by(self, service: str, operation: str) -> str | None:
        """Who answers an operation: "labcloud", "moto" or nobody."""
        ours = self.ours(service)
        if operation in ours.operations:
            return "labcloud"
        if operation in NEVER_DONE.get(service, ()) or not ours.rest_by_moto:
            return None
        return "moto" if self.moto.implements(service, operation) else None

    def _answer(self, request: ApiRequest, operation: WireOperation, http: Request) -> WireResponse:
        server = self.served_by(request.service, request.operation)
        if server == "labcloud":
            return write_result(operation, http, self.ours(request.service).operations[request.operation](request))
        if server == "moto":
            return self.moto.answer_parsed(request, http)
        raise _not_served(request)


class _ServiceNotServed(NotServed):
    """No operation of this service is served."""

    def __init__(self, service: str, message: str) -> None:
        super().__init__(message)
        self.service = service


def _require_kept(request: ApiRequest) -> None:
    """Raises NotServed for a request with a parameter that would be dropped."""
    if found := unkept(request.service, request.operation, request.parameters):
        raise NotServed(
            f"The local cloud does not serve {request.service} {request.operation} with this {found.where}: "
            f"{found.reason}; `lab cloud coverage` lists what it serves."
        )


def _likely_service(signature: Signature, http: Request) -> str:
    """Whose error shape an answer has before the operation is known."""
    return next(iter(candidate_services(signature.signing_name, http.path)), "sts")


def _unpacked(signature: Signature, http: Request) -> Request:
    """A request whose body was sent with gzip (botocore does so for long metrics), without it. S3 keeps what it gets."""
    if http.headers.get("Content-Encoding", "").lower() != "gzip" or signature.signing_name == "s3":
        return http
    body = unzipped(http.data, LARGEST_BODIES.get(signature.signing_name, LARGEST_OTHER_BODY))
    environ = {**http.environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    for key in ("HTTP_CONTENT_ENCODING", "werkzeug.request"):
        environ.pop(key, None)
    plain = type(http)(environ)
    plain.get_data(cache=True, parse_form_data=False)
    return plain


def _blamed(
    service: str, operation: WireOperation | None, request: ApiRequest | None, http: Request, error: Exception
) -> AwsError:
    """Why a backend crashed: because of a request that does not fit the service's model, or by a fault of ours."""
    name = operation.name if operation else f"{http.method} {http.path}"
    if isinstance(error, RecursionError):
        return malformed(name, "it is nested too deeply")
    if (
        operation is not None
        and request is not None
        and (fault := misfit(operation.model.input_shape, request.parameters))
    ):
        return AwsError(fault, code="ValidationException")
    log.exception("%s %s failed", service, name)
    return unexpected(service, name, error)


def _not_served(request: ApiRequest) -> NotServed:
    reason = NEVER_DONE.get(request.service, {}).get(request.operation)
    why = f": {reason}" if reason else ""
    return NotServed(
        f"The local cloud does not serve {request.service} {request.operation}{why}; "
        "`lab cloud coverage` lists what it serves."
    )


def changes_something(operation: str) -> bool:
    """Whether an operation's name says that it may change state (AWS names its reads Get, List, Describe ...)."""
    return not operation.startswith(
        ("Get", "List", "Describe", "Head", "Query", "Scan", "Select", "BatchGet", "Lookup")
    )
