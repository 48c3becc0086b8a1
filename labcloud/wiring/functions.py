"""Lambda: moto keeps the functions; they run in processes, fed by callers, services and event sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from labcloud.api import ApiRequest, Served
from labcloud.awslambda import Credentials, FunctionConfig, LambdaRuntime
from labcloud.awslambda.checks import FunctionChecks, check_permission
from labcloud.awslambda.destinations import DestinationSender
from labcloud.awslambda.event_invoke import EventInvokeConfigs
from labcloud.awslambda.logs import LogWriter
from labcloud.awslambda.package import unzipped_size
from labcloud.awslambda.service import Functions
from labcloud.awslambda.sources import EventSourceMappings, Pollers
from labcloud.errors import AwsError
from labcloud.events import pattern_of
from labcloud.motobase.functions import function_of, layer_size, split_name
from labcloud.motobase.iam import session_credentials
from labcloud.motobase.lookups import read_object
from labcloud.shell.process import LocalLauncher
from labcloud.wiring.permissions import allow

if TYPE_CHECKING:
    from labcloud.cloud import Cloud

LAMBDA = "lambda.amazonaws.com"


def make_runtime(cloud: Cloud) -> LambdaRuntime:
    def why_not_logged(config: FunctionConfig, action: str, resource: str) -> str | None:
        try:
            role_arn = function_of(config.account_id, config.region, config.arn).role_arn
        except AwsError as error:
            return str(error)
        decision, reason = cloud.roles.decide(role_arn, LAMBDA, action, resource, {})
        return None if decision is not None and decision.allowed else reason

    writer = LogWriter(why_not_logged)
    launcher = cloud.settings.launcher or LocalLauncher
    return LambdaRuntime(cloud.clock, lambda: cloud.endpoint_url, writer.write, launcher=launcher)


def make_functions(cloud: Cloud) -> Functions:
    functions = Functions(cloud.runtime, _credentials)
    ask = allow(cloud.roles, LAMBDA)
    sender = DestinationSender(cloud.outlets, lambda *asked: ask(*asked, {}), cloud.clock.now)
    functions.extend(cloud.invoke_configs, sender.send, cloud.event_sources.operations)
    functions.pending = cloud.joint.invocations if cloud.joint else None
    return functions


def make_invoke_configs(cloud: Cloud) -> EventInvokeConfigs:
    return EventInvokeConfigs(cloud.clock.now, lambda *asked: _may_call(cloud, *asked))


def make_pollers(cloud: Cloud) -> Pollers:
    return Pollers(cloud.clock, lambda *call: cloud.functions.call(*call), pattern_of, cloud.outlets)


def make_event_sources(cloud: Cloud) -> EventSourceMappings:
    return EventSourceMappings(cloud.clock.now, lambda *asked: _may_call(cloud, *asked), pattern_of, cloud.pollers)


def serve(cloud: Cloud) -> Mapping[str, Served]:
    checks = FunctionChecks(
        lambda role: cloud.roles.why_not_assumed(role, LAMBDA, {}), read_object, layer_size, _sizes_of
    )
    refused = {
        "AddPermission": _check_permission,
        "CreateFunction": checks.create_function,
        "UpdateFunctionCode": checks.update_function_code,
        "UpdateFunctionConfiguration": checks.update_function_configuration,
        "PublishLayerVersion": checks.publish_layer_version,
    }
    return {
        "lambda": Served(cloud.functions.operations, checks=refused, changed=lambda request: _changed(cloud, request))
    }


def _changed(cloud: Cloud, request: ApiRequest) -> None:
    if request.operation == "CreateFunction":
        cloud.runtime.prepare()
    elif request.operation in ("DeleteFunction", "UpdateFunctionCode", "UpdateFunctionConfiguration"):
        name = str(request.parameters["FunctionName"]).split(":")[-1]
        cloud.runtime.retire(request.scope.arn("lambda", f"function:{name}"))
    if request.operation == "DeleteFunction":
        name, qualifier = split_name(request.parameters["FunctionName"], request.parameters.get("Qualifier"))
        if qualifier is None:
            cloud.invoke_configs.forget(request.scope, name)


def _may_call(cloud: Cloud, role_arn: str, action: str, resource: str) -> bool:
    decision, _ = cloud.roles.decide(role_arn, LAMBDA, action, resource, {})
    return decision is not None and decision.allowed


def _credentials(account_id: str, role_arn: str, session_name: str) -> Credentials:
    minted = session_credentials(account_id, role_arn, session_name)
    return Credentials(
        minted.access_key_id, minted.secret_access_key, minted.session_token, minted.expiration.timestamp()
    )


def _sizes_of(request: ApiRequest) -> tuple[int, int]:
    function = function_of(request.account_id, request.region, str(request.parameters.get("FunctionName", "")))
    return unzipped_size(function.code_zip), sum(map(unzipped_size, function.layers))


def _check_permission(request: ApiRequest) -> None:
    asked = request.parameters
    name, qualifier = str(asked.get("FunctionName", "")), asked.get("Qualifier")
    check_permission(request, function_of(request.account_id, request.region, name, qualifier).policy)
