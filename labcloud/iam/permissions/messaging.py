"""SNS, SQS, Kinesis and Firehose. Source: their pages in the Service Authorization Reference."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from labcloud.iam.context import Value
from labcloud.iam.permissions.table import Needed, Request, Table

_STREAM = "stream/{StreamARN|StreamName}"


def _publish(request: Request) -> list[Needed]:
    target = request.text("TopicArn") or request.text("TargetArn") or "*"
    return [Needed("sns:Publish", target)]


def _of_subscription(request: Request) -> list[Needed]:
    """A subscription's ARN is its topic's with an id behind it."""
    topic = request.text("SubscriptionArn", "*").rpartition(":")[0] or "*"
    return [Needed(f"sns:{request.operation}", topic)]


def _sns_context(request: Request) -> Mapping[str, Value]:
    pairs = {"sns:Protocol": "Protocol", "sns:Endpoint": "Endpoint"}
    return {key: request.text(name) for key, name in pairs.items() if request.text(name)}


SNS = Table(
    prefix="sns",
    rows={
        "{TopicArn}": (
            "PublishBatch=Publish Subscribe GetTopicAttributes SetTopicAttributes DeleteTopic "
            "ListSubscriptionsByTopic AddPermission RemovePermission ConfirmSubscription"
        ),
        "{Name}": "CreateTopic",
        "{ResourceArn}": (
            "TagResource UntagResource ListTagsForResource GetDataProtectionPolicy PutDataProtectionPolicy"
        ),
        "*": "ListTopics ListSubscriptions CheckIfPhoneNumberIsOptedOut GetSMSAttributes SetSMSAttributes",
    },
    special={
        "Publish": _publish,
        **dict.fromkeys(("Unsubscribe", "GetSubscriptionAttributes", "SetSubscriptionAttributes"), _of_subscription),
    },
    tag_action="sns:TagResource",
    context=_sns_context,
)

SQS = Table(
    prefix="sqs",
    rows={
        "{QueueUrl:last}": (
            "SendMessage ReceiveMessage DeleteMessage ChangeMessageVisibility SendMessageBatch=SendMessage "
            "DeleteMessageBatch=DeleteMessage ChangeMessageVisibilityBatch=ChangeMessageVisibility "
            "GetQueueAttributes SetQueueAttributes DeleteQueue PurgeQueue AddPermission RemovePermission "
            "ListQueueTags TagQueue UntagQueue ListDeadLetterSourceQueues"
        ),
        "{QueueName}": "CreateQueue GetQueueUrl",
        "{SourceArn}": "StartMessageMoveTask ListMessageMoveTasks",
        "*": "ListQueues CancelMessageMoveTask",
    },
    tag_action="sqs:TagQueue",
)


def _records(request: Request) -> list[Needed]:
    """A shard iterator of the local cloud holds its stream's name."""
    stream = request.text("StreamARN")
    if not stream:
        try:
            text = base64.b64decode(request.text("ShardIterator")).decode()
        except (binascii.Error, UnicodeDecodeError):
            text = ""
        stream = request.arn("kinesis", f"stream/{text.partition(':')[0] or '*'}")
    return [Needed("kinesis:GetRecords", stream)]


KINESIS = Table(
    prefix="kinesis",
    rows={
        _STREAM: (
            "PutRecord PutRecords GetShardIterator CreateStream DescribeStream DescribeStreamSummary DeleteStream "
            "ListShards MergeShards SplitShard UpdateShardCount UpdateStreamMode AddTagsToStream "
            "RemoveTagsFromStream ListTagsForStream IncreaseStreamRetentionPeriod DecreaseStreamRetentionPeriod "
            "EnableEnhancedMonitoring DisableEnhancedMonitoring StartStreamEncryption StopStreamEncryption "
            "RegisterStreamConsumer ListStreamConsumers"
        ),
        "{ConsumerARN|StreamARN}": "SubscribeToShard DescribeStreamConsumer DeregisterStreamConsumer",
        "{ResourceARN}": (
            "TagResource UntagResource ListTagsForResource GetResourcePolicy PutResourcePolicy DeleteResourcePolicy"
        ),
        "*": "ListStreams DescribeLimits",
    },
    special={"GetRecords": _records},
    tag_action="kinesis:AddTagsToStream",
)

FIREHOSE = Table(
    prefix="firehose",
    rows={
        "deliverystream/{DeliveryStreamName}": (
            "PutRecord PutRecordBatch CreateDeliveryStream DescribeDeliveryStream UpdateDestination "
            "DeleteDeliveryStream TagDeliveryStream UntagDeliveryStream ListTagsForDeliveryStream "
            "StartDeliveryStreamEncryption StopDeliveryStreamEncryption"
        ),
        "*": "ListDeliveryStreams",
    },
    tag_action="firehose:TagDeliveryStream",
)
