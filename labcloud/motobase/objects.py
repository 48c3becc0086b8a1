"""Writes objects into moto 5.2's S3 in-process; bucket notifications go out as for any PutObject."""

from __future__ import annotations

from moto.s3.models import get_canned_acl, s3_backends

from labcloud.motobase import on_demand
from labcloud.motobase.refusals import as_aws_errors

_STATUSES = {"NoSuchBucket": 404, "AccessDenied": 403}


def put_object(
    account_id: str,
    bucket: str,
    key: str,
    body: bytes,
    *,
    canned_acl: str | None = None,
    content_type: str | None = None,
    content_encoding: str | None = None,
) -> None:
    """Stores an object. Raises AwsError NoSuchBucket."""
    on_demand.install_for("s3")
    backend = s3_backends[account_id]["aws"]
    with as_aws_errors(_STATUSES):
        stored = backend.put_object(bucket, key, body)
    metadata = {"Content-Type": content_type, "Content-Encoding": content_encoding}
    stored.set_metadata({name: value for name, value in metadata.items() if value})
    if canned_acl:
        stored.set_acl(get_canned_acl(canned_acl))


def has_bucket(account_id: str, bucket: str) -> bool:
    """Whether the bucket exists."""
    return bucket in s3_backends[account_id]["aws"].buckets
