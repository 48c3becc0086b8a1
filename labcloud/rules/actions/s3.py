"""Action s3: the result becomes an object; a key without a template is overwritten by each message.

Source: AWS IoT Core Developer Guide, "S3". With a canned ACL S3 asks for s3:PutObjectAcl too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labcloud.api import Scope
from labcloud.errors import AwsError
from labcloud.rules.actions.base import Action, ActionFailed, Result
from labcloud.rules.deliveries import Need, Origin, Ports

CANNED_ACLS = (
    *("private", "public-read", "public-read-write", "aws-exec-read", "authenticated-read"),
    *("bucket-owner-read", "bucket-owner-full-control", "log-delivery-write"),
)


@dataclass(frozen=True)
class PutObject:
    """Stores the result as an object (action s3)."""

    bucket: str
    key: str
    body: bytes
    canned_acl: str | None
    failed_action = "S3Action"

    @property
    def resource(self) -> str:
        return self.bucket

    @property
    def summary(self) -> str:
        return f"PutObject s3://{self.bucket}/{self.key}"

    def needs(self, scope: Scope) -> list[Need]:
        arn = f"arn:aws:s3:::{self.bucket}/{self.key}"
        put = Need("s3:PutObject", arn)
        return [put, Need("s3:PutObjectAcl", arn, {"s3:x-amz-acl": self.canned_acl})] if self.canned_acl else [put]

    def send(self, origin: Origin, ports: Ports) -> None:
        try:
            ports.put_object(origin.scope, self.bucket, self.key, self.body, self.canned_acl)
        except AwsError as error:
            raise ObjectNotPut(
                f"Failed to put S3 object. The error received was {error.message} (Service: Amazon S3; "
                f"Status Code: {error.status}; Error Code: {error.code}). Message arrived on: {origin.topic}, "
                f'Action: s3, Bucket: {self.bucket}, Key: "{self.key}"',
                code=error.code,
                status=error.status,
            ) from error


class ObjectNotPut(AwsError):
    """S3 refused; the text is the one that the guide shows ("Error handling")."""

    def __str__(self) -> str:
        return self.message


def plan(parameters: Mapping[str, Any], result: Result, scope: Scope) -> PutObject:
    """One object."""
    if not parameters["key"]:
        raise ActionFailed("The S3 action's key is empty.")
    return PutObject(parameters["bucketName"], parameters["key"], result.payload, parameters.get("cannedAcl"))


ACTION = Action(
    plan,
    PutObject.failed_action,
    required=("roleArn", "bucketName", "key"),
    literal=("roleArn", "cannedAcl"),
    known=("roleArn", "bucketName", "key", "cannedAcl"),
    choices={"cannedAcl": CANNED_ACLS},
)
