"""The JSON that subscribers and functions get. Pure.

Sources: S3 User Guide, "Event message structure"; SNS Developer Guide, "Parsing Amazon SNS message formats".
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

Sign = Callable[[Mapping[str, str]], Mapping[str, str]]
"""From the signed members of a message to its Signature, SignatureVersion and SigningCertURL."""

S3 = "s3.amazonaws.com"
TRANSITION = "s3:LifecycleTransition"
DETAIL_TYPES = {
    "s3:ObjectCreated": "Object Created",
    "s3:ObjectRemoved": "Object Deleted",
    "s3:LifecycleExpiration": "Object Deleted",
    TRANSITION: "Object Storage Class Changed",
    "s3:ObjectRestore:Post": "Object Restore Initiated",
    "s3:ObjectRestore:Completed": "Object Restore Completed",
    "s3:ObjectTagging:Put": "Object Tags Added",
    "s3:ObjectTagging:Delete": "Object Tags Deleted",
}
"""By an event's name, or its family; those that this cloud has."""
REASONS = {"Put": "PutObject", "Post": "POST Object", "Copy": "CopyObject"}


@dataclass(frozen=True)
class ObjectEvent:
    """Something happened to an object; `name` is for example s3:ObjectCreated:Put."""

    account_id: str
    region: str
    bucket: str
    name: str
    key: str
    size: int
    etag: str
    version_id: str | None
    storage_class: str = "STANDARD"
    """The one that it has now."""

    @property
    def is_of_lifecycle(self) -> bool:
        """Whether S3 did it by the bucket's rules, not somebody by a request."""
        return self.name.startswith("s3:Lifecycle")


@dataclass(frozen=True)
class Subscriber:
    """One subscription of a topic."""

    arn: str
    topic_arn: str
    protocol: str
    endpoint: str
    raw: bool = False
    dead_letter_queue: str | None = None
    role_arn: str = ""


@dataclass(frozen=True)
class TopicMessage:
    """What was published, as one subscriber gets it. Binary attributes are bytes."""

    message_id: str
    text: str
    subject: str | None = None
    attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    group_id: str | None = None
    deduplication_id: str | None = None


def iso_time(now_s: float) -> str:
    """2025-06-15T15:06:40.000Z"""
    return datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def render_object_event(event: ObjectEvent, configuration_id: str, now_s: float) -> dict[str, Any]:
    """The event of a bucket notification. What Lifecycle did has S3 itself as its author."""
    described: dict[str, Any] = {"key": quote_plus(event.key, safe="/")}
    if event.name.startswith(("s3:ObjectCreated", TRANSITION)):
        described |= {"size": event.size, "eTag": event.etag}
    if event.version_id not in (None, "null"):
        described["versionId"] = event.version_id
    described["sequencer"] = f"{int(now_s * 1e6):018X}"
    record: dict[str, Any] = {
        "eventVersion": "2.3" if event.is_of_lifecycle else "2.1",
        "eventSource": "aws:s3",
        "awsRegion": event.region,
        "eventTime": iso_time(now_s),
        "eventName": event.name.removeprefix("s3:"),
        "userIdentity": {"principalId": S3 if event.is_of_lifecycle else f"AWS:{event.account_id}"},
        "requestParameters": {"sourceIPAddress": S3 if event.is_of_lifecycle else "127.0.0.1"},
        "responseElements": {"x-amz-request-id": uuid.uuid4().hex[:16].upper(), "x-amz-id-2": uuid.uuid4().hex},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration_id,
            "bucket": {
                "name": event.bucket,
                "ownerIdentity": {"principalId": event.account_id},
                "arn": f"arn:aws:s3:::{event.bucket}",
            },
            "object": described,
        },
    }
    if event.name == TRANSITION:
        moved = {"destinationStorageClass": event.storage_class}
        record["lifecycleEventData"] = {"transitionEventData": moved}
    return {"Records": [record]}


def render_bus_event(event: ObjectEvent, now_s: float) -> dict[str, Any]:
    """The same event as EventBridge gets it. Source: S3 User Guide, "EventBridge event message structure"."""
    family, _, kind = event.name.removeprefix("s3:").partition(":")
    described: dict[str, Any] = {"key": event.key, "etag": event.etag}
    if "Removed" not in family and "Expiration" not in family:
        described["size"] = event.size
    if event.version_id not in (None, "null"):
        described["version-id"] = event.version_id
    described["sequencer"] = f"{int(now_s * 1e6):018X}"
    detail: dict[str, Any] = {
        "version": "0",
        "bucket": {"name": event.bucket},
        "object": described,
        "request-id": uuid.uuid4().hex[:16].upper(),
        "requester": S3 if event.is_of_lifecycle else event.account_id,
    }
    if not event.is_of_lifecycle:
        detail["source-ip-address"] = "127.0.0.1"
    if family == "ObjectCreated":
        detail["reason"] = REASONS.get(kind, kind)
    elif family in ("ObjectRemoved", "LifecycleExpiration"):
        detail["reason"] = "Lifecycle Expiration" if event.is_of_lifecycle else "DeleteObject"
        detail["deletion-type"] = "Permanently Deleted" if kind == "Delete" else "Delete Marker Created"
    elif event.name == TRANSITION:
        detail["destination-storage-class"] = event.storage_class
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": DETAIL_TYPES.get(event.name) or DETAIL_TYPES[f"s3:{family}"],
        "source": "aws.s3",
        "account": event.account_id,
        "time": datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": event.region,
        "resources": [f"arn:aws:s3:::{event.bucket}"],
        "detail": detail,
    }


def render_notification(
    message: TopicMessage, subscriber: Subscriber, now_s: float, endpoint_url: str, sign: Sign
) -> dict[str, Any]:
    """The envelope of a topic's message for queues and HTTP subscribers."""
    signed = {"Message": message.text, "MessageId": message.message_id}
    if message.subject:
        signed["Subject"] = message.subject
    signed |= {"Timestamp": iso_time(now_s), "TopicArn": subscriber.topic_arn, "Type": "Notification"}
    envelope: dict[str, Any] = {"Type": "Notification", "MessageId": message.message_id}
    envelope["TopicArn"] = subscriber.topic_arn
    if message.subject:
        envelope["Subject"] = message.subject
    envelope |= {"Message": message.text, "Timestamp": signed["Timestamp"], **sign(signed)}
    envelope["UnsubscribeURL"] = f"{endpoint_url}/?Action=Unsubscribe&SubscriptionArn={subscriber.arn}"
    if message.attributes:
        envelope["MessageAttributes"] = {name: _attribute(value) for name, value in message.attributes.items()}
    return envelope


def render_function_event(envelope: Mapping[str, Any], subscriber: Subscriber) -> dict[str, Any]:
    """The event of a function that is subscribed; some members are spelled otherwise than in the envelope."""
    respelled = {"SigningCertURL": "SigningCertUrl", "UnsubscribeURL": "UnsubscribeUrl"}
    content = {respelled.get(name, name): value for name, value in envelope.items()}
    content = {"Subject": None, "MessageAttributes": {}, **content}
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscriber.arn,
        "Sns": content,
    }
    return {"Records": [record]}


def render_confirmation(
    subscriber: Subscriber, token: str, now_s: float, endpoint_url: str, sign: Sign
) -> dict[str, Any]:
    """What an HTTP endpoint gets when it is subscribed: it opens SubscribeURL or calls ConfirmSubscription."""
    text = (
        f"You have chosen to subscribe to the topic {subscriber.topic_arn}.\n"
        "To confirm the subscription, visit the SubscribeURL included in this message."
    )
    url = f"{endpoint_url}/?Action=ConfirmSubscription&TopicArn={subscriber.topic_arn}&Token={token}"
    signed = {
        "Message": text,
        "MessageId": str(uuid.uuid4()),
        "SubscribeURL": url,
        "Timestamp": iso_time(now_s),
        "Token": token,
        "TopicArn": subscriber.topic_arn,
        "Type": "SubscriptionConfirmation",
    }
    return {**signed, **sign(signed)}


def render_json(envelope: Mapping[str, Any]) -> str:
    """Laid out as SNS lays its messages out."""
    return json.dumps(envelope, indent=2, separators=(",", " : "), ensure_ascii=False)


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    content = value["Value"]
    text = base64.b64encode(content).decode() if isinstance(content, bytes) else content
    return {"Type": value["Type"], "Value": text}
