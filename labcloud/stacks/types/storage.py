"""S3, Firehose, CloudWatch Logs. Source: CloudFormation, AWS::S3::*, AWS::KinesisFirehose::*, AWS::Logs::*."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from labcloud.stacks.types.base import Api, Made, Properties, ResourceType, words

NOTIFICATIONS = {
    "LambdaConfigurations": ("LambdaFunctionConfigurations", "Function", "LambdaFunctionArn"),
    "QueueConfigurations": ("QueueConfigurations", "Queue", "QueueArn"),
    "TopicConfigurations": ("TopicConfigurations", "Topic", "TopicArn"),
}
"""A template's list → the API's list, and the member with the target on both sides."""


def create_bucket(api: Api, name: str, properties: Properties) -> Made:
    """AWS::S3::Bucket."""
    region = api.scope.region
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    api("s3", "CreateBucket", Bucket=name, **place)
    return _configure_bucket(api, name, properties)


def update_bucket(api: Api, made: Made, before: Properties, now: Properties) -> Made:
    return _configure_bucket(api, made.physical_id, now)


def delete_bucket(api: Api, made: Made, properties: Properties) -> None:
    api("s3", "DeleteBucket", Bucket=made.physical_id)


def _configure_bucket(api: Api, name: str, properties: Properties) -> Made:
    if versioning := properties.get("VersioningConfiguration"):
        api("s3", "PutBucketVersioning", Bucket=name, VersioningConfiguration=versioning)
    if tags := properties.get("Tags"):
        api("s3", "PutBucketTagging", Bucket=name, Tagging={"TagSet": tags})
    if block := properties.get("PublicAccessBlockConfiguration"):
        api("s3", "PutPublicAccessBlock", Bucket=name, PublicAccessBlockConfiguration=block)
    if "NotificationConfiguration" in properties:
        configuration = _notifications(properties["NotificationConfiguration"])
        api("s3", "PutBucketNotificationConfiguration", Bucket=name, NotificationConfiguration=configuration)
    domain = f"{name}.s3.amazonaws.com"
    regional = f"{name}.s3.{api.scope.region}.amazonaws.com"
    return Made(name, {"Arn": f"arn:aws:s3:::{name}", "DomainName": domain, "RegionalDomainName": regional})


def _notifications(written: Mapping[str, Any]) -> dict[str, Any]:
    configuration: dict[str, Any] = {}
    for section, (target, member, arn) in NOTIFICATIONS.items():
        entries = []
        for entry in written.get(section) or ():
            made: dict[str, Any] = {arn: entry[member], "Events": [entry["Event"]]}
            rules = ((entry.get("Filter") or {}).get("S3Key") or {}).get("Rules")
            if rules:
                made["Filter"] = {"Key": {"FilterRules": rules}}
            entries.append(made)
        if entries:
            configuration[target] = entries
    if (written.get("EventBridgeConfiguration") or {}).get("EventBridgeEnabled"):
        configuration["EventBridgeConfiguration"] = {}
    return configuration


def create_bucket_policy(api: Api, name: str, properties: Properties) -> Made:
    """AWS::S3::BucketPolicy."""
    api("s3", "PutBucketPolicy", Bucket=properties["Bucket"], Policy=json.dumps(properties["PolicyDocument"]))
    return Made(properties["Bucket"])


def update_bucket_policy(api: Api, made: Made, before: Properties, now: Properties) -> Made:
    return create_bucket_policy(api, "", now)


def delete_bucket_policy(api: Api, made: Made, properties: Properties) -> None:
    api("s3", "DeleteBucketPolicy", Bucket=properties["Bucket"])


def create_delivery_stream(api: Api, name: str, properties: Properties) -> Made:
    """AWS::KinesisFirehose::DeliveryStream, to S3."""
    arn = api("firehose", "CreateDeliveryStream", **{**properties, "DeliveryStreamName": name})["DeliveryStreamARN"]
    return Made(name, {"Arn": arn})


def update_delivery_stream(api: Api, made: Made, before: Properties, now: Properties) -> Made:
    described = api("firehose", "DescribeDeliveryStream", DeliveryStreamName=made.physical_id)
    found = described["DeliveryStreamDescription"]
    changed = {
        f"{name.removesuffix('Configuration')}Update": now[name]
        for name in ("S3DestinationConfiguration", "ExtendedS3DestinationConfiguration")
        if name in now
    }
    api(
        "firehose",
        "UpdateDestination",
        DeliveryStreamName=made.physical_id,
        CurrentDeliveryStreamVersionId=found["VersionId"],
        DestinationId=found["Destinations"][0]["DestinationId"],
        **changed,
    )
    return made


def delete_delivery_stream(api: Api, made: Made, properties: Properties) -> None:
    api("firehose", "DeleteDeliveryStream", DeliveryStreamName=made.physical_id)


def create_log_group(api: Api, name: str, properties: Properties) -> Made:
    """AWS::Logs::LogGroup."""
    api("logs", "CreateLogGroup", logGroupName=name)
    _retain(api, name, properties)
    return Made(name, {"Arn": f"{api.scope.arn('logs', f'log-group:{name}')}:*"})


def update_log_group(api: Api, made: Made, before: Properties, now: Properties) -> Made:
    _retain(api, made.physical_id, now)
    return made


def delete_log_group(api: Api, made: Made, properties: Properties) -> None:
    api("logs", "DeleteLogGroup", logGroupName=made.physical_id)


def _retain(api: Api, name: str, properties: Properties) -> None:
    if days := properties.get("RetentionInDays"):
        api("logs", "PutRetentionPolicy", logGroupName=name, retentionInDays=int(days))
    else:
        api("logs", "DeleteRetentionPolicy", logGroupName=name)


def create_log_stream(api: Api, name: str, properties: Properties) -> Made:
    """AWS::Logs::LogStream."""
    api("logs", "CreateLogStream", logGroupName=properties["LogGroupName"], logStreamName=name)
    return Made(name)


def delete_log_stream(api: Api, made: Made, properties: Properties) -> None:
    api("logs", "DeleteLogStream", logGroupName=properties["LogGroupName"], logStreamName=made.physical_id)


_BUCKET = words("VersioningConfiguration Tags PublicAccessBlockConfiguration NotificationConfiguration")
_DESTINATION = words("S3DestinationConfiguration ExtendedS3DestinationConfiguration")
STORAGE: Mapping[str, ResourceType] = {
    "AWS::S3::Bucket": ResourceType(
        create_bucket, delete_bucket, _BUCKET | words("BucketName"), "BucketName", update_bucket, _BUCKET, lower=True
    ),
    "AWS::S3::BucketPolicy": ResourceType(
        create_bucket_policy,
        delete_bucket_policy,
        words("Bucket PolicyDocument"),
        None,
        update_bucket_policy,
        words("PolicyDocument"),
    ),
    "AWS::KinesisFirehose::DeliveryStream": ResourceType(
        create_delivery_stream,
        delete_delivery_stream,
        _DESTINATION | words("DeliveryStreamName DeliveryStreamType Tags"),
        "DeliveryStreamName",
        update_delivery_stream,
        _DESTINATION,
    ),
    "AWS::Logs::LogGroup": ResourceType(
        create_log_group,
        delete_log_group,
        words("LogGroupName RetentionInDays"),
        "LogGroupName",
        update_log_group,
        words("RetentionInDays"),
    ),
    "AWS::Logs::LogStream": ResourceType(
        create_log_stream, delete_log_stream, words("LogGroupName LogStreamName"), "LogStreamName"
    ),
}
