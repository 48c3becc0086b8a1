"""Reads of Lambda functions in moto 5.2 (its control plane) as plain data. moto's own Invoke is never used.

moto 5.2.5 forgets changes of temporary storage and tracing, and breaks at an environment without variables.
"""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from moto.awslambda.models import LambdaAlias, LambdaBackend, LambdaFunction, lambda_backends

from labcloud.api import Scope
from labcloud.motobase import hooks
from labcloud.motobase.refusals import as_aws_errors


@dataclass(frozen=True)
class StoredFunction:
    """A function as the control plane knows it."""

    name: str
    arn: str
    version: str
    handler: str
    runtime: str
    timeout_s: int
    memory_mb: int
    environment: Mapping[str, str]
    role_arn: str
    code_sha256: str
    code_zip: bytes
    layers: tuple[bytes, ...]
    log_group: str
    account_id: str
    region: str
    policy: dict[str, Any] | None
    reserved_concurrency: int | None
    invoked_arn: str = ""
    """With the version or alias that was asked for."""
    qualifier: str = "$LATEST"
    """The version or alias that was asked for."""


def install() -> None:
    """Puts the hook in place."""
    if hooks.first_time(__name__):
        hooks.replace(LambdaFunction, "update_configuration", update_configuration)


def update_configuration(self: LambdaFunction, config_updates: dict[str, Any]) -> dict[str, Any]:
    """With temporary storage and tracing."""
    updates = dict(config_updates)
    if "Environment" in updates:
        updates["Environment"] = {"Variables": {}, **(updates["Environment"] or {})}
    if "EphemeralStorage" in updates:
        self.ephemeral_storage = updates["EphemeralStorage"]["Size"]
    if "TracingConfig" in updates:
        self.tracing_config = updates["TracingConfig"]
    answer: dict[str, Any] = hooks.stock(LambdaFunction, "update_configuration")(self, updates)
    return answer


def function_of(account_id: str, region: str, name_or_arn: str, qualifier: str | None = None) -> StoredFunction:
    """The function that a name or an ARN (with a version or alias) means. Raises AwsError ResourceNotFoundException."""
    backend = lambda_backends[account_id][region]
    name, asked = split_name(name_or_arn, qualifier)
    with as_aws_errors({"ResourceNotFoundException": 404}):
        version = _version_of_alias(backend, name, asked) if asked else None
        found = backend.get_function(name, version or asked)
    stored, plain = _stored(found, account_id, region), Scope(account_id, region).arn("lambda", f"function:{name}")
    if asked is None:
        return replace(stored, invoked_arn=plain)
    return replace(stored, invoked_arn=f"{plain}:{asked}", qualifier=asked)


def split_name(name_or_arn: str, qualifier: str | None = None) -> tuple[str, str | None]:
    """The function's name and the qualifier of name, name:qualifier, account:function:name or an ARN."""
    _, marker, rest = name_or_arn.rpartition("function:")
    name, _, inside = (rest if marker else name_or_arn).partition(":")
    return name, inside or qualifier or None


def function_names(account_id: str) -> Iterator[tuple[str, str]]:
    """(region, name) of every function of the account."""
    for region, backend in list(lambda_backends[account_id].items()):
        for function in backend.list_functions():
            yield region, function.function_name


def _stored(function: LambdaFunction, account_id: str, region: str) -> StoredFunction:
    return StoredFunction(
        name=function.function_name,
        arn=function.function_arn,
        version=str(function.version) if ":function:" in function.function_arn else "$LATEST",
        handler=function.handler or "",
        runtime=function.run_time or "",
        timeout_s=int(function.timeout or 3),
        memory_mb=int(function.memory_size or 128),
        environment=dict(function.environment_vars or {}),
        role_arn=function.role,
        code_sha256=function.code_sha_256,
        code_zip=function.code_bytes or b"",
        layers=_layer_zips(function, account_id, region),
        log_group=function.logs_group_name,
        account_id=account_id,
        region=region,
        policy=_policy(function),
        reserved_concurrency=lambda_backends[account_id][region]
        .get_function(function.function_name)
        .reserved_concurrency,
    )


def _version_of_alias(backend: LambdaBackend, name: str, alias_name: str) -> str | None:
    """The version behind an alias, by its weights where it has several; None: there is no such alias."""
    alias = next((alias for alias in _aliases(backend, name) if alias.name == alias_name), None)
    if alias is None:
        return None
    drawn = random.random()
    routing: dict[str, Any] = alias.routing_config or {}  # type: ignore[assignment]
    for version, weight in (routing.get("AdditionalVersionWeights") or {}).items():
        drawn -= weight
        if drawn < 0:
            return str(version)
    return str(alias.function_version)


def _aliases(backend: LambdaBackend, name: str) -> Iterable[LambdaAlias]:
    return backend.list_aliases(name)


def _policy(function: LambdaFunction) -> dict[str, Any] | None:
    statements = list(function.policy.statements)
    return {"Version": "2012-10-17", "Statement": statements} if statements else None


def _layer_zips(function: LambdaFunction, account_id: str, region: str) -> tuple[bytes, ...]:
    backend = lambda_backends[account_id][region]
    versions = (backend.layers_versions_by_arn(layer["Arn"]) for layer in function.layers)
    return tuple(version.code_bytes for version in versions if version is not None)


def tags_of(scope: Scope, arn: str) -> dict[str, str]:
    """A function's tags. Raises AwsError ResourceNotFoundException."""
    with as_aws_errors({"ResourceNotFoundException": 404}):
        found: dict[str, str] = lambda_backends[scope.account_id][scope.region].list_tags(arn)
    return found


def change_tags(scope: Scope, arn: str, put: Mapping[str, str], remove: Iterable[str]) -> None:
    """Puts and removes tags of a function. Raises AwsError ResourceNotFoundException."""
    backend = lambda_backends[scope.account_id][scope.region]
    with as_aws_errors({"ResourceNotFoundException": 404}):
        if put:
            backend.tag_resource(arn, dict(put))
        if keys := list(remove):
            backend.untag_resource(arn, keys)


def layer_size(account_id: str, region: str, arn: str) -> int:
    """The unzipped bytes of a layer version, 0 if there is none (CreateFunction says so itself)."""
    version = lambda_backends[account_id][region].layers_versions_by_arn(arn)
    if version is None:
        return 0
    with zipfile.ZipFile(io.BytesIO(version.code_bytes)) as archive:
        return sum(entry.file_size for entry in archive.infolist())
