"""Single reads of moto 5.2's S3, Secrets Manager and IoT registry, for IoT SQL's external functions."""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import ServiceException
from moto.iot.models import iot_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends

from labcloud.errors import AwsError


def read_object(account_id: str, bucket: str, key: str) -> bytes:
    """An S3 object's bytes. Raises AwsError NoSuchBucket or NoSuchKey."""
    backend = s3_backends[account_id]["aws"]
    if bucket not in backend.buckets:
        raise AwsError("The specified bucket does not exist", code="NoSuchBucket", status=404)
    found = backend.get_object(bucket, key)
    if found is None:
        raise AwsError("The specified key does not exist.", code="NoSuchKey", status=404)
    value: bytes = found.value
    return value


def read_secret(account_id: str, region: str, secret_id: str) -> dict[str, Any]:
    """The current version of a secret: SecretString or SecretBinary. Raises AwsError."""
    try:
        return secretsmanager_backends[account_id][region].get_secret_value(secret_id, None, "AWSCURRENT")
    except ServiceException as error:
        raise AwsError(str(error.message), code=error.code) from error


def describe_thing(account_id: str, region: str, name: str) -> dict[str, Any]:
    """What DescribeThing answers. Raises AwsError ResourceNotFoundException."""
    try:
        thing = iot_backends[account_id][region].describe_thing(name)
    except ServiceException as error:
        raise AwsError(str(error.message), code="ResourceNotFoundException", status=404) from error
    answer: dict[str, Any] = thing.to_dict(include_default_client_id=True, include_thing_id=True)
    return answer


def groups_of_thing(account_id: str, region: str, name: str) -> dict[str, Any]:
    """What ListThingGroupsForThing answers."""
    groups = iot_backends[account_id][region].list_thing_groups_for_thing(name)
    return {"thingGroups": groups}
