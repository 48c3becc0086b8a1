"""A whole cloud in this process, with the verbs that end-to-end tests need. One at a time: moto's state is global."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from moto.core.base_backend import BackendDict

from labcloud.cloud import Cloud, Settings
from tests.support import wait_until

ACCOUNT = "123456789012"
REGION = "eu-west-1"


class Lab:
    """A started cloud and boto3 clients for it."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.clients: dict[str, Any] = {}

    def __getattr__(self, service: str) -> Any:
        """The boto3 client of a service; `_` stands for `-`, and `lambda_` for lambda."""
        name = service.rstrip("_").replace("_", "-")
        if name not in self.clients:
            self.clients[name] = boto3.client(
                name,
                endpoint_url=self.cloud.endpoint_url,
                region_name=REGION,
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
            )
        return self.clients[name]

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"

    def role(self, name: str, service: str, *allowed: tuple[str, str]) -> str:
        """A role that a service may assume, with (action, resource) pairs allowed; called again, it is replaced."""
        trust = _policy({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"})
        try:
            self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        except self.iam.exceptions.EntityAlreadyExistsException:
            self.iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
        statements = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in allowed]
        if statements:
            self.iam.put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=_policy(*statements))
        return f"arn:aws:iam::{ACCOUNT}:role/{name}"

    def rule(self, name: str, *actions: dict[str, Any], sql: str = "SELECT * FROM 't/#'", error: Any = None) -> None:
        """A topic rule."""
        payload: dict[str, Any] = {"sql": sql, "actions": list(actions), "awsIotSqlVersion": "2016-03-23"}
        if error:
            payload["errorAction"] = error
        self.iot.create_topic_rule(ruleName=name, topicRulePayload=payload)

    def publish(self, topic: str, payload: Any) -> list[str]:
        """Publishes, waits for everything that follows, gives the trace's texts."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.iot_data.publish(topic=topic, payload=body, qos=1)
        assert self.cloud.settle()
        found = self.cloud.trace.latest(topic=topic)
        return [step["text"] for step in found[-1]["steps"]] if found else []

    def function(self, name: str, code: str) -> str:
        """A Python function whose handler is `handle`; its role may write logs."""
        role = self.role(f"{name}_role", "lambda.amazonaws.com", ("logs:*", "*"))
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("code.py", code)
        made = self.lambda_.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Role=role,
            Handler="code.handle",
            Code={"ZipFile": packed.getvalue()},
        )
        return str(made["FunctionArn"])

    def lines_of(self, group: str, *, at_least: int = 1) -> list[str]:
        """The messages of a log group, once there are enough."""

        def read() -> list[str] | None:
            try:
                events = self.logs.filter_log_events(logGroupName=group)["events"]
            except self.logs.exceptions.ResourceNotFoundException:
                return None
            return [event["message"] for event in events] if len(events) >= at_least else None

        return wait_until(read, within_s=15, because=f"{at_least} lines in {group}") or []

    def objects_in(self, bucket: str) -> dict[str, bytes]:
        """Every object of a bucket."""
        listed = self.s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        return {entry["Key"]: self.s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read() for entry in listed}


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@contextmanager
def running_lab(settings: Settings | None = None) -> Iterator[Lab]:
    """Starts a cloud on an empty moto and stops it."""

    BackendDict.reset()
    cloud = Cloud(settings)
    cloud.start()
    try:
        yield Lab(cloud)
    finally:
        cloud.stop()
