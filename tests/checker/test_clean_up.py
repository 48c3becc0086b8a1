"""What checks leave on real AWS: nothing. moto plays the account in this process, so no cloud is started."""

from __future__ import annotations

import re
from types import SimpleNamespace

import boto3
import pytest
from moto import mock_aws

from checker.curriculum.parts import STARTER
from checker.deployment import Deployment
from checker.target import MqttAddress, Target
from checker.verbs import Lab, inventory
from checker.verbs.bystanders import TAG, Bystanders
from checker.verbs.inventory import list_resources

REGION = "eu-west-1"


@pytest.fixture
def account(monkeypatch):
    """An AWS account that the target `aws` leads to."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CONFIG_FILE": "/none",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        yield Target("aws", REGION, MqttAddress(None, 8883, None), {"AWS_REGION": REGION})


def table_with(account: Target, name: str, *ids: str, key: str = "id") -> None:
    account.client("dynamodb").create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
    )  # fmt: skip
    for each in ids:
        account.client("dynamodb").put_item(TableName=name, Item={key: {"S": each}})


def ids_in(account: Target, name: str, key: str = "id") -> list[str]:
    return sorted(item[key]["S"] for item in account.client("dynamodb").scan(TableName=name)["Items"])


@pytest.mark.parametrize("prefix", ["", "ann_"])
def test_the_items_of_the_checks_own_readings_are_deleted_and_no_others(account, workspace, prefix):
    table_with(account, f"{prefix}Temperature", "ours-1", "ours-2", "the house's")
    table_with(account, "Temperature_of_ben", "ours-1")
    lab = Lab(Deployment(workspace, account, _outputs={"prefix": prefix}))
    lab._sent = ["ours-1", "ours-2", "never-stored"]

    lab.close()

    assert ids_in(account, f"{prefix}Temperature") == ["the house's"]
    assert ids_in(account, "Temperature_of_ben") == ["ours-1"]


def test_a_table_with_another_key_keeps_what_it_has(account, workspace):
    table_with(account, "Temperature", "ours", key="reading")
    lab = Lab(Deployment(workspace, account, _outputs={}))
    lab._sent = ["ours"]

    lab.close()

    assert ids_in(account, "Temperature", key="reading") == ["ours"]


def test_on_the_local_cloud_the_items_stay_to_be_looked_at(workspace):
    local = Target("local", REGION, MqttAddress(None, 8883, None), {}, control=SimpleNamespace())
    lab = Lab(Deployment(workspace, local, _outputs={}))
    lab._sent = ["ours"]

    lab.close()

    assert lab._sent == ["ours"]


def test_the_neighbours_things_are_tagged_and_all_go_again(account, monkeypatch):
    monkeypatch.setattr(inventory, "QUICKSIGHT_LISTINGS", ())  # moto has none of them
    own = boto3.client("dynamodb", region_name=REGION)
    own.create_table(
        TableName="Temperature", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )  # fmt: skip
    neighbours = Bystanders(account)

    neighbours.plant()
    planted = {resource for resource in list_resources(account) if "neighbour" in resource.name}
    (table,) = [resource.name for resource in planted if resource.kind == "DynamoDB table"]
    arn = own.describe_table(TableName=table)["Table"]["TableArn"]

    assert len(neighbours.resources) == 7
    assert neighbours.missing_from(list_resources(account)) == []
    assert own.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": TAG[0], "Value": TAG[1]}]
    neighbours.remove()
    assert [str(resource) for resource in list_resources(account)] == ["DynamoDB table Temperature"]


def test_what_terraform_makes_is_tagged_by_its_provider():
    provider = (STARTER / "terraform/providers.tf").read_text(encoding="utf-8")

    assert re.search(r'default_tags \{\s*tags = \{\s*Lab = "smart-house"', provider)
