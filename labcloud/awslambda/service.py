"""Lambda's Invoke, for API callers and for services: finds the function, decides, runs it, keeps its log."""

from __future__ import annotations

import base64
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, Protocol

from labcloud.api import ApiRequest, Operation, Scope
from labcloud.awslambda.event_invoke import EventInvokeConfig, EventInvokeConfigs
from labcloud.awslambda.events import EventOutcome
from labcloud.awslambda.model import Credentials, FunctionConfig, InvokeResult
from labcloud.awslambda.runtime import LambdaRuntime
from labcloud.errors import AccessDenied, AwsError
from labcloud.iam import invoke_allowed
from labcloud.motobase.functions import StoredFunction, function_of

log = logging.getLogger("labcloud.lambda")

CredentialsOf = Callable[[str, str, str], Credentials]
"""credentials_of(account id, role ARN, session name)"""
SendRecord = Callable[[str, EventInvokeConfig, EventOutcome], None]
"""send_record(role ARN, configuration, how the invocation ended)"""


class Pending(Protocol):
    """Remembers asynchronous invocations until they are over, over the end of the process too."""

    def begin(self, scope: Scope, function_arn: str, payload: bytes) -> str: ...

    def done(self, name: str) -> None: ...


class Functions:
    """The service `lambda`: moto keeps the functions, `runtime` runs them."""

    name = "lambda"

    def __init__(self, runtime: LambdaRuntime, credentials_of: CredentialsOf) -> None:
        self._runtime = runtime
        self._credentials_of = credentials_of
        self._configs: EventInvokeConfigs | None = None
        self._send_record: SendRecord | None = None
        self.pending: Pending | None = None
        self.operations: dict[str, Operation] = {"Invoke": self.invoke}

    def extend(self, configs: EventInvokeConfigs, send_record: SendRecord, operations: Mapping[str, Operation]) -> None:
        """Asynchronous invocations obey `configs` and tell `send_record` how they ended; further operations."""
        self._configs, self._send_record = configs, send_record
        self.operations.update({**configs.operations, **operations})

    def invoke(self, request: ApiRequest) -> dict[str, Any]:
        """Invoke, synchronously (RequestResponse), asynchronously (Event) or not at all (DryRun)."""
        asked = request.parameters
        function = function_of(request.account_id, request.region, asked["FunctionName"], asked.get("Qualifier"))
        config = self.config_of(function)
        payload = asked.get("Payload") or b"{}"
        kind = asked.get("InvocationType") or "RequestResponse"
        if kind == "DryRun":
            return {"StatusCode": 204, "Payload": b""}
        if kind == "Event":
            self._submit(request.scope, function.invoked_arn, payload)
            return {"StatusCode": 202, "Payload": b""}
        result = self._runtime.invoke(config, payload, client_context=asked.get("ClientContext"))
        return _answer(result, tail=asked.get("LogType") == "Tail")

    def invoke_by_service(
        self, scope: Scope, function_arn: str, payload: bytes, service: str, source_arn: str, *, wait: bool = False
    ) -> None:
        """An asynchronous invocation by an AWS service, if the function's resource policy allows it.

        With `wait` it returns when the first attempt is over. Raises AwsError: no such function, not allowed.
        """
        self.require_permission(scope, function_arn, service, source_arn)
        self._submit(scope, function_arn, payload, wait=wait)

    def call_by_service(
        self, scope: Scope, function_arn: str, payload: bytes, source_arn: str, within_s: float
    ) -> InvokeResult:
        """A synchronous invocation by AWS IoT (SQL function aws_lambda). Raises AwsError.

        TimeoutError: it has not ended within so many seconds of real time. The function goes on, as on AWS.
        """
        config = self.config_of(self.require_permission(scope, function_arn, "iot.amazonaws.com", source_arn))
        answer: Future[InvokeResult] = Future()

        def invoke() -> None:
            try:
                answer.set_result(self._runtime.invoke(config, payload))
            except Exception as error:  # it is raised where the answer is waited for
                answer.set_exception(error)

        threading.Thread(target=invoke, name=f"aws_lambda {config.name}", daemon=True).start()
        return answer.result(within_s)

    def call(self, scope: Scope, function_arn: str, payload: bytes) -> InvokeResult:
        """A synchronous invocation for a caller whose role was asked already. Raises AwsError."""
        return self._runtime.invoke(self._current(scope, function_arn), payload)

    def start(self, scope: Scope, function_arn: str, payload: bytes, *, wait: bool = False) -> None:
        """An asynchronous invocation for a caller who was asked for permission already. Raises AwsError."""
        self._submit(scope, function_arn, payload, wait=wait)

    def require_permission(self, scope: Scope, function_arn: str, service: str, source_arn: str) -> StoredFunction:
        """Raises AwsError unless the function's resource policy lets the service invoke it for the source."""
        function = function_of(scope.account_id, scope.region, function_arn)
        decision = invoke_allowed(function.policy, service, source_arn, scope.account_id, function_arn=function_arn)
        if not decision.allowed:
            raise AccessDenied(decision.reason)
        return function

    def _submit(self, scope: Scope, function_arn: str, payload: bytes, *, wait: bool = False) -> None:
        function = function_of(scope.account_id, scope.region, function_arn)
        options: dict[str, Any] = {}
        if self._configs is not None:
            config = self._configs.of(scope, function.name, function.qualifier)
            if config.retries is not None:
                options["retries"] = config.retries
            if config.max_age_s is not None:
                options["max_age_s"] = float(config.max_age_s)

        over = self._remember(scope, function_arn, payload)

        def done(outcome: EventOutcome) -> None:
            if self._configs is not None and self._send_record is not None:
                latest = self._configs.of(scope, function.name, function.qualifier)
                self._send_record(function.role_arn, latest, outcome)
            over()

        try:
            self._runtime.invoke_async(lambda: self._current(scope, function_arn), payload, done, wait=wait, **options)
        except AwsError:
            over()
            raise

    def _remember(self, scope: Scope, function_arn: str, payload: bytes) -> Callable[[], None]:
        """Returns what is to be called when the invocation is over."""
        pending = self.pending
        if pending is None:
            return lambda: None
        name = pending.begin(scope, function_arn, payload)
        return lambda: pending.done(name)

    def _current(self, scope: Scope, function_arn: str) -> FunctionConfig:
        return self.config_of(function_of(scope.account_id, scope.region, function_arn))

    def config_of(self, function: StoredFunction) -> FunctionConfig:
        """The executor's view of a stored function. Raises AwsError for a runtime that cannot run here."""
        if not function.code_zip:
            raise AwsError(f"Function {function.name} has no code.", code="InvalidParameterValueException")
        return FunctionConfig(
            name=function.name,
            arn=function.arn,
            version=function.version,
            handler=function.handler,
            runtime=function.runtime,
            timeout_s=function.timeout_s,
            memory_mb=function.memory_mb,
            environment=function.environment,
            code_sha256=function.code_sha256,
            code_zip=function.code_zip,
            role_credentials=lambda: self._credentials_of(function.account_id, function.role_arn, function.name),
            layers=function.layers,
            log_group=function.log_group,
            region=function.region,
            account_id=function.account_id,
            reserved_concurrency=function.reserved_concurrency,
            invoked_arn=function.invoked_arn,
        )


def _answer(result: InvokeResult, *, tail: bool) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "StatusCode": result.status,
        "Payload": result.payload,
        "ExecutedVersion": result.executed_version,
    }
    if result.function_error:
        answer["FunctionError"] = result.function_error
    if tail:
        answer["LogResult"] = base64.b64encode(result.log_tail).decode()
    return answer
