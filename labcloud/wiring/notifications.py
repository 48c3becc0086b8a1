"""What S3 and SNS tell others: functions, queues, topics, delivery streams and receivers outside."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from labcloud.api import ApiRequest, Served
from labcloud.errors import AwsError
from labcloud.lifecycle import Lifecycle
from labcloud.links import Links
from labcloud.notifications import BucketNotifications, FanOut

if TYPE_CHECKING:
    from labcloud.cloud import Cloud

BUCKET_NAME = re.compile(r"(?!xn--|sthree-)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?<!-s3alias)")
ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")


def make_buckets(cloud: Cloud) -> BucketNotifications:
    return BucketNotifications(
        cloud.clock.now,
        lambda *call: cloud.functions.invoke_by_service(*call),
        lambda *asked: cloud.functions.require_permission(*asked),
    )


def make_fan_out(cloud: Cloud) -> FanOut:
    return FanOut(
        cloud.clock,
        lambda: cloud.endpoint_url,
        lambda *call: cloud.functions.invoke_by_service(*call),
        lambda *records: cloud.firehose.put(*records),
        cloud.roles,
        cloud.web,
    )


def make_lifecycle(cloud: Cloud) -> Lifecycle:
    return Lifecycle(cloud.clock)


def make_links(cloud: Cloud) -> Links:
    return Links(cloud.destinations, cloud.fan_out.signer)


def serve(cloud: Cloud) -> Mapping[str, Served]:
    checks = {
        "CreateBucket": check_bucket_name,
        "PutBucketNotificationConfiguration": cloud.buckets.check_configuration,
        **cloud.lifecycle.checks,
    }
    return {"s3": Served(cloud.lifecycle.operations, checks=checks)}


def check_bucket_name(request: ApiRequest) -> None:
    """Source: S3 User Guide, "General purpose bucket naming rules". Raises AwsError InvalidBucketName."""
    name = str(request.parameters.get("Bucket", ""))
    if not BUCKET_NAME.fullmatch(name) or ADDRESS.fullmatch(name):
        raise AwsError("The specified bucket is not valid.", code="InvalidBucketName", BucketName=name)
