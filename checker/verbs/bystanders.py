"""Resources of somebody else, planted beside the lab's, with names that a careless script would catch."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from checker.target import Target
from checker.verbs.aws import aws_answers
from checker.verbs.inventory import Resource

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "iot.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
TAG = ("Lab", "smart-house-check")
"""On everything that may carry it, so that what an interrupted check left can be found on real AWS."""
UPPER, LOWER = [{"Key": TAG[0], "Value": TAG[1]}], dict([TAG])
DENY_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "iot:*", "Resource": "*"}]}


class Bystanders:
    """Plants resources of a neighbour and removes them again."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._removals: list[Callable[[], Any]] = []
        self.resources: set[Resource] = set()

    def plant(self) -> None:
        """A thing, an IoT policy, a certificate, a table, a role and log groups of a neighbour."""
        mark = uuid.uuid4().hex[:8]
        with aws_answers():
            self._plant_devices(mark)
            self._plant_others(mark)

    def _plant_devices(self, mark: str) -> None:
        iot = self._target.client("iot")
        thing, policy = f"house_of_a_neighbour_{mark}", f"iot_policy_of_a_neighbour_{mark}"
        iot.create_thing(thingName=thing)
        self._planted(Resource("IoT thing", thing), lambda: iot.delete_thing(thingName=thing))
        iot.create_policy(policyName=policy, policyDocument=json.dumps(DENY_ALL), tags=UPPER)
        self._planted(Resource("IoT policy", policy), lambda: iot.delete_policy(policyName=policy))
        certificate = iot.create_keys_and_certificate(setAsActive=False)["certificateId"]
        self._planted(
            Resource("IoT certificate", certificate), lambda: iot.delete_certificate(certificateId=certificate)
        )

    def _plant_others(self, mark: str) -> None:
        dynamodb, iam, logs = (self._target.client(service) for service in ("dynamodb", "iam", "logs"))
        table, role = f"Temperature_of_a_neighbour_{mark}", f"iot_role_of_a_neighbour_{mark}"
        dynamodb.create_table(
            TableName=table, BillingMode="PAY_PER_REQUEST", Tags=UPPER,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        )  # fmt: skip
        self._planted(Resource("DynamoDB table", table), lambda: self._delete_table(table))
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(TRUST), Tags=UPPER)
        self._planted(Resource("IAM role", role), lambda: iam.delete_role(RoleName=role))
        for name in (f"/aws/lambda/ac_control_lambda_of_a_neighbour_{mark}", f"/aws/lambda/somebody_else_{mark}"):
            logs.create_log_group(logGroupName=name, tags=LOWER)
            self._planted(Resource("log group", name), partial(logs.delete_log_group, logGroupName=name))

    def _delete_table(self, table: str) -> None:
        dynamodb = self._target.client("dynamodb")
        dynamodb.get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        dynamodb.delete_table(TableName=table)

    def _planted(self, resource: Resource, remove: Callable[[], Any]) -> None:
        self.resources.add(resource)
        self._removals.append(remove)

    def missing_from(self, found: set[Resource]) -> list[Resource]:
        """The planted resources that are not among `found`."""
        there = {(resource.kind, resource.name) for resource in found}
        return sorted(planted for planted in self.resources if (planted.kind, planted.name) not in there)

    def remove(self) -> None:
        """Removes what is still there."""
        for removal in reversed(self._removals):
            with contextlib.suppress(ClientError):
                removal()
        self._removals.clear()
