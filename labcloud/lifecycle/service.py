"""The operations on lifecycle configurations, and the midnights at which they are carried out.

Source: S3 API Reference, PutBucketLifecycleConfiguration, GetBucketLifecycleConfiguration, DeleteBucketLifecycle.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from labcloud.api import ApiRequest, Check, Operation
from labcloud.errors import AwsError
from labcloud.lifecycle.fates import VARIES, fate, is_abandoned
from labcloud.lifecycle.rules import DAY_S, read_rules
from labcloud.motobase import lifecycle as buckets

log = logging.getLogger("labcloud.s3")

UPLOADING = ("UploadPart", "UploadPartCopy", "CompleteMultipartUpload")
USUAL_MINIMUM = "all_storage_classes_128K"


class Clock(Protocol):
    """The lab clock, as far as it is needed here."""

    def now(self) -> float: ...

    def call_at(self, when_s: float, callback: Callable[[], None]) -> Any: ...


class Lifecycle:
    """Looks at the buckets that have rules at each midnight (UTC) of the lab clock. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._timer: Any = None
        self.operations: Mapping[str, Operation] = {
            "PutBucketLifecycleConfiguration": self.put,
            "GetBucketLifecycleConfiguration": self.get,
            "DeleteBucketLifecycle": self.delete,
        }
        self.checks: Mapping[str, Check] = dict.fromkeys(UPLOADING, _check_upload)

    def put(self, request: ApiRequest) -> dict[str, Any]:
        """The new configuration takes the place of the old one; rules without a name get one."""
        given = request.parameters
        bucket = buckets.bucket_named(request.account_id, given["Bucket"])
        minimum = given.get("TransitionDefaultMinimumObjectSize") or USUAL_MINIMUM
        if minimum not in (USUAL_MINIMUM, VARIES):
            raise AwsError(f"Invalid TransitionDefaultMinimumObjectSize found: {minimum}", code="InvalidRequest")
        configuration = given.get("LifecycleConfiguration") or {}
        read_rules(configuration)
        rules = [{**rule, "ID": rule.get("ID") or secrets.token_urlsafe(36)} for rule in configuration["Rules"]]
        buckets.set_configuration(bucket, {"Rules": rules, "TransitionDefaultMinimumObjectSize": minimum})
        self.reconcile()
        return {"TransitionDefaultMinimumObjectSize": minimum}

    def get(self, request: ApiRequest) -> dict[str, Any]:
        bucket = buckets.bucket_named(request.account_id, request.parameters["Bucket"])
        configuration = buckets.configuration_of(bucket)
        if configuration is None:
            raise AwsError(
                "The lifecycle configuration does not exist",
                code="NoSuchLifecycleConfiguration",
                status=404,
                BucketName=bucket.name,
            )
        return configuration

    def delete(self, request: ApiRequest) -> dict[str, Any]:
        buckets.set_configuration(buckets.bucket_named(request.account_id, request.parameters["Bucket"]), None)
        return {}

    def reconcile(self) -> None:
        """There may be rules from now on: the next midnight is looked at."""
        with self._lock:
            if self._timer is None and next(buckets.configured_buckets(), None) is not None:
                midnight = (self._clock.now() // DAY_S + 1) * DAY_S
                self._timer = self._clock.call_at(midnight, self._tick)

    def close(self) -> None:
        """Nothing more goes."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()

    def _tick(self) -> None:
        now_s = self._clock.now()
        for account_id, bucket, configuration in list(buckets.configured_buckets()):
            try:
                _look_at(account_id, bucket, configuration, now_s)
            except Exception:  # one bucket's trouble must not keep the others' objects
                log.exception("the lifecycle of bucket %s could not be carried out", bucket.name)
        with self._lock:
            self._timer = None
        self.reconcile()


def _check_upload(request: ApiRequest) -> None:
    """It may have been given up."""
    given = request.parameters
    buckets.check_upload(request.account_id, given["Bucket"], given["Key"], given["UploadId"])


def _look_at(account_id: str, bucket: Any, configuration: Mapping[str, Any], now_s: float) -> None:
    rules = read_rules(configuration)
    minimum = configuration["TransitionDefaultMinimumObjectSize"]
    for stored, version in list(buckets.versions_of(account_id, bucket)):
        if found := fate(rules, version, now_s, minimum):
            buckets.carry_out(account_id, bucket, stored, version, found)
    for upload_id, key, started_s in list(buckets.uploads_of(bucket)):
        if started_s is not None and is_abandoned(rules, key, started_s, now_s):
            buckets.give_up(bucket, upload_id)
