"""Single reads of moto 5.2's S3, Secrets Manager and IoT registry, for IoT SQL's external functions."""

from __future__ import annotations

from typing import Any

from moto.iot.models import iot_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends

from labcloud.errors import AwsError
from labcloud.motobase.refusals import as_aws_errors


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


def bucket_policy(bucket: str, account_id: str) -> list[str]:
    """The policy document of a bucket, as a list of none or one."""
    found = s3_backends[account_id]["aws"].buckets.get(bucket)
    return [found.policy.decode()] if found is not None and found.policy else []


def secret_arn(account_id: str, region: str, secret_id: str) -> str:
    """The ARN of a secret that is given by its name or ARN. Raises AwsError ResourceNotFoundException."""
    with as_aws_errors():
        arn: str = secretsmanager_backends[account_id][region].describe_secret(secret_id).arn
    return arn


def read_secret(account_id: str, region: str, secret_id: str) -> dict[str, Any]:
    """The current version of a secret: SecretString or SecretBinary. Raises AwsError."""
    with as_aws_errors():
        return secretsmanager_backends[account_id][region].get_secret_value(secret_id, None, "AWSCURRENT")


def describe_thing(account_id: str, region: str, name: str) -> dict[str, Any]:
    """What DescribeThing answers. Raises AwsError ResourceNotFoundException."""
    with as_aws_errors():
        thing = iot_backends[account_id][region].describe_thing(name)
    answer: dict[str, Any] = thing.to_dict(include_default_client_id=True, include_thing_id=True)
    return answer


def groups_of_thing(account_id: str, region: str, name: str) -> dict[str, Any]:
    """What ListThingGroupsForThing answers. Raises AwsError ResourceNotFoundException."""
    with as_aws_errors():
        groups = iot_backends[account_id][region].list_thing_groups_for_thing(name)
    return {"thingGroups": groups}
