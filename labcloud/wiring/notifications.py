"""What S3 and SNS tell others: functions, queues, topics, delivery streams and receivers outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from labcloud.api import Served
from labcloud.links import Links
from labcloud.notifications import BucketNotifications, FanOut

if TYPE_CHECKING:
    from labcloud.cloud import Cloud


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


def make_links(cloud: Cloud) -> Links:
    return Links(cloud.destinations, cloud.fan_out.signer)


def serve(cloud: Cloud) -> Mapping[str, Served]:
    return {"s3": Served(checks={"PutBucketNotificationConfiguration": cloud.buckets.check_configuration})}
