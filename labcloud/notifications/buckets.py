"""Bucket notifications: brings an object's event to a function, queue or topic whose policy lets S3 do so.

Source: S3 User Guide, "Amazon S3 Event Notifications". A configuration whose target does not let S3 in is refused.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from labcloud.api import ApiRequest, Scope
from labcloud.errors import AwsError
from labcloud.motobase import queues, topics
from labcloud.notifications.messages import ObjectEvent, render_object_event
from labcloud.notifications.permissions import require_permission

log = logging.getLogger("labcloud.s3")

SERVICE = "s3.amazonaws.com"
TARGETS = {
    "LambdaFunctionConfigurations": "LambdaFunctionArn",
    "QueueConfigurations": "QueueArn",
    "TopicConfigurations": "TopicArn",
}

Invoke = Callable[[Scope, str, bytes, str, str], None]
"""invoke(scope, function ARN, payload, service, source ARN); raises AwsError."""

RequireInvoke = Callable[[Scope, str, str, str], Any]
"""require_invoke(scope, function ARN, service, source ARN); raises AwsError."""


class BucketNotifications:
    """Tells the targets of a bucket's notification configuration."""

    def __init__(self, now: Callable[[], float], invoke: Invoke, require_invoke: RequireInvoke) -> None:
        self._now = now
        self._invoke = invoke
        self._require_invoke = require_invoke

    def tell(self, event: ObjectEvent, configuration_id: str, target_arn: str) -> None:
        """Brings an event to one target. A failure is logged: it never fails the request that caused the event."""
        body = json.dumps(render_object_event(event, configuration_id, self._now()))
        bucket_arn = f"arn:aws:s3:::{event.bucket}"
        try:
            scope, service = _place_of(target_arn)
            self._require(target_arn, bucket_arn, event.account_id)
            if service == "lambda":
                self._invoke(scope, target_arn, body.encode(), SERVICE, bucket_arn)
            elif service == "sqs":
                queues.send_message(scope.account_id, scope.region, target_arn, body)
            else:
                subject = "Amazon S3 Notification"
                topics.publish(scope.account_id, scope.region, target_arn, body, subject=subject)
        except AwsError as error:
            log.warning("bucket %s: %s was not told of %s: %s", event.bucket, target_arn, event.key, error)

    def check_configuration(self, request: ApiRequest) -> None:
        """PutBucketNotificationConfiguration: every target must exist and let S3 in. Raises AwsError InvalidArgument."""
        asked = request.parameters
        if asked.get("SkipDestinationValidation"):
            return
        bucket_arn = f"arn:aws:s3:::{asked['Bucket']}"
        for member, arn_member in TARGETS.items():
            for entry in (asked.get("NotificationConfiguration") or {}).get(member) or []:
                try:
                    self._require(entry[arn_member], bucket_arn, request.account_id)
                except AwsError as error:
                    log.warning("bucket %s: %s cannot be told: %s", asked["Bucket"], entry[arn_member], error)
                    text = f"Unable to validate the following destination configurations ({error.message})"
                    raise AwsError(text, code="InvalidArgument", status=400) from error

    def _require(self, target_arn: str, bucket_arn: str, account_id: str) -> None:
        scope, service = _place_of(target_arn)
        if service == "lambda":
            self._require_invoke(scope, target_arn, SERVICE, bucket_arn)
            return
        policies = {"sqs": (queues.policy_of, "sqs:SendMessage"), "sns": (topics.policy_of, "sns:Publish")}
        policy_of, action = policies[service]
        document = policy_of(scope.account_id, scope.region, target_arn)
        require_permission(document, SERVICE, action, target_arn, bucket_arn, account_id)


def _place_of(arn: str) -> tuple[Scope, str]:
    parts = arn.split(":")
    if len(parts) < 6 or parts[2] not in ("lambda", "sqs", "sns"):
        raise AwsError(f"The ARN could not be parsed: {arn}", code="InvalidArgument")
    return Scope(parts[4], parts[3]), parts[2]
