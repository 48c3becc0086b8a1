"""Short ways to write policies in the tests of this folder."""

from __future__ import annotations

from typing import Any

from labcloud.iam import parse_policy
from labcloud.iam.policy import Policy

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/iot_role"
TABLE = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/Temperature"
OTHER_TABLE = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/Other"


def document(*statements: dict[str, Any], version: str = "2012-10-17") -> dict[str, Any]:
    return {"Version": version, "Statement": list(statements)}


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def policy(*statements: dict[str, Any]) -> Policy:
    return parse_policy(document(*statements))


def trust(*services: str, **more: Any) -> dict[str, Any]:
    return document({"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sts:AssumeRole", **more})
