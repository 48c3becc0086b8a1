"""Lifecycle configurations kept in moto 5.2.5's buckets, and what they do to objects there.

moto 5.2.5 keeps configurations (without some of their parts) and never acts on them. Ours stand beside moto's, as the
API's own members.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from typing import Any

from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey, s3_backends

from labcloud.errors import AwsError
from labcloud.lifecycle.fates import Expire, Fate
from labcloud.lifecycle.rules import Version
from labcloud.motobase import on_demand
from labcloud.motobase.s3 import STARTED, send_event

KEPT = "lab_lifecycle"
"""The attribute of a bucket that holds its configuration."""

Configuration = dict[str, Any]
Deleted, MarkerCreated, Moved = (
    "s3:LifecycleExpiration:Delete",
    "s3:LifecycleExpiration:DeleteMarkerCreated",
    "s3:LifecycleTransition",
)


def bucket_named(account_id: str, name: str) -> FakeBucket:
    """Raises AwsError NoSuchBucket."""
    on_demand.install_for("s3")
    bucket = s3_backends[account_id]["aws"].buckets.get(name)
    if bucket is None:
        raise AwsError("The specified bucket does not exist", code="NoSuchBucket", status=404, BucketName=name)
    return bucket


def configuration_of(bucket: FakeBucket) -> Configuration | None:
    return getattr(bucket, KEPT, None)


def set_configuration(bucket: FakeBucket, configuration: Configuration | None) -> None:
    setattr(bucket, KEPT, configuration)


def configured_buckets() -> Iterator[tuple[str, FakeBucket, Configuration]]:
    """(account, bucket, configuration) of all buckets that have one."""
    for account_id, partitions in list(s3_backends.items()):
        for bucket in list(partitions["aws"].buckets.values()):
            configuration = configuration_of(bucket)
            if configuration is not None:
                yield account_id, bucket, configuration


def versions_of(account_id: str, bucket: FakeBucket) -> Iterator[tuple[Any, Version]]:
    """Every version and delete marker, each with what rules look at."""
    tagger = s3_backends[account_id]["aws"].tagger
    for name, versions in list(bucket.keys._iterlists()):
        successor_s: float | None = None
        for newer, stored in enumerate(reversed(list(versions))):
            created_s = _epoch(stored.last_modified)
            is_marker = isinstance(stored, FakeDeleteMarker)
            yield (
                stored,
                Version(
                    key=name,
                    size=0 if is_marker else stored.size,
                    created_s=created_s,
                    storage_class="STANDARD" if is_marker else stored.storage_class,
                    tags={} if is_marker else tagger.get_tag_dict_for_resource(stored.arn),
                    noncurrent_since_s=successor_s,
                    newer_noncurrent=max(newer - 1, 0),
                    is_marker=is_marker,
                    is_alone=len(versions) == 1,
                ),
            )
            successor_s = created_s


def carry_out(account_id: str, bucket: FakeBucket, stored: Any, version: Version, fate: Fate) -> None:
    """Expires or moves one version, and tells whoever listens. A version under a lock stays."""
    if not isinstance(fate, Expire):
        stored.set_storage_class(fate.storage_class)
        bucket.keys.setlist(version.key, bucket.keys.getlist(version.key))
        send_event(account_id, Moved, bucket, stored)
    elif version.noncurrent_since_s is None and not version.is_marker and bucket.versioning_status is not None:
        _put_marker(bucket, stored)
        send_event(account_id, MarkerCreated, bucket, stored)
    elif version.is_marker or not stored.is_locked(governance_bypass=False):
        _remove(bucket, version.key, stored)
        send_event(account_id, Deleted, bucket, stored)
        if not version.is_marker:
            stored.dispose()


def uploads_of(bucket: FakeBucket) -> Iterator[tuple[str, str, float | None]]:
    """(id, key, when it began) of every upload that is not complete; None: nobody knows any more."""
    for upload in list(bucket.multiparts.values()):
        yield upload.id, upload.key_name, getattr(upload, STARTED, None)


def check_upload(account_id: str, bucket_name: str, key: str, upload_id: str) -> None:
    """moto 5.2.5 breaks at an upload that is over. Raises AwsError NoSuchUpload; one that was completed may be again."""
    bucket = bucket_named(account_id, bucket_name)
    completed = getattr(bucket.keys.get(key), "multipart", None)
    if upload_id not in bucket.multiparts and getattr(completed, "id", None) != upload_id:
        raise AwsError(
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
            "completed.",
            code="NoSuchUpload",
            status=404,
            UploadId=upload_id,
        )


def give_up(bucket: FakeBucket, upload_id: str) -> None:
    """Ends an upload and frees its parts."""
    upload = bucket.multiparts.pop(upload_id, None)
    for part in upload.parts.values() if upload is not None else ():
        part.dispose()


def _put_marker(bucket: FakeBucket, stored: FakeKey) -> None:
    """Where versioning is suspended the marker takes the place of the version without an id."""
    marker = FakeDeleteMarker(key=stored)
    versions = list(bucket.keys.getlist(stored.name))
    if bucket.versioning_status == "Suspended":
        marker._version_id = "null"
        versions = [each for each in versions if str(each.version_id) != "null"]
    bucket.keys.setlist(stored.name, [*versions, marker])


def _remove(bucket: FakeBucket, name: str, stored: Any) -> None:
    remaining = [each for each in bucket.keys.getlist(name) or () if each is not stored]
    bucket.keys.setlist(name, remaining)
    if not remaining:
        bucket.keys.pop(name)


def _epoch(moment: Any) -> float:
    """moto's times are UTC without saying so."""
    return calendar.timegm(moment.utctimetuple()) + moment.microsecond / 1e6
