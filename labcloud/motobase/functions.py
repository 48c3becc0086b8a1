"""Reads of Lambda functions in moto 5.2 (its control plane) as plain data. moto's own Invoke is never used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from moto.awslambda.models import LambdaFunction, lambda_backends
from moto.core.exceptions import ServiceException

from labcloud.errors import AwsError


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


def function_of(account_id: str, region: str, name_or_arn: str, qualifier: str | None = None) -> StoredFunction:
    """The function that a name or an ARN (with a version or alias) means. Raises AwsError ResourceNotFoundException."""
    try:
        found = lambda_backends[account_id][region].get_function(name_or_arn, qualifier)
    except ServiceException as error:
        raise AwsError(str(error.message), code="ResourceNotFoundException", status=404) from error
    return _stored(found, account_id, region)


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
        reserved_concurrency=function.reserved_concurrency,
    )


def _policy(function: LambdaFunction) -> dict[str, Any] | None:
    statements = list(function.policy.statements)
    return {"Version": "2012-10-17", "Statement": statements} if statements else None


def _layer_zips(function: LambdaFunction, account_id: str, region: str) -> tuple[bytes, ...]:
    backend = lambda_backends[account_id][region]
    versions = (backend.layers_versions_by_arn(layer["Arn"]) for layer in function.layers)
    return tuple(version.code_bytes for version in versions if version is not None)
