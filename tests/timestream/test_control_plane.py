"""Databases, tables and tags as the API reference has them."""

from __future__ import annotations

import pytest

from labcloud.errors import AwsError
from tests.timestream.conftest import ACCOUNT, REGION, Lab

ARN = f"arn:aws:timestream:{REGION}:{ACCOUNT}:database/house"


def fails(lab: Lab, operation: str, **parameters: object) -> str:
    with pytest.raises(AwsError) as raised:
        lab.call(operation, **parameters)
    return str(raised.value)


def test_a_database_has_the_services_own_key_unless_told_otherwise(lab: Lab) -> None:
    database = lab.call("CreateDatabase", DatabaseName="house")["Database"]
    assert database["Arn"] == ARN
    assert database["KmsKeyId"] == f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/aws/timestream"
    updated = lab.call("UpdateDatabase", DatabaseName="house", KmsKeyId="1234abcd")["Database"]
    assert updated["KmsKeyId"] == f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd"
    assert lab.call("DescribeDatabase", DatabaseName="house")["Database"] == updated


def test_names_are_taken_once(lab: Lab) -> None:
    lab.make_table()
    assert fails(lab, "CreateDatabase", DatabaseName="house").startswith("ConflictException")
    assert fails(lab, "CreateTable", DatabaseName="house", TableName="readings").startswith("ConflictException")


def test_names_follow_the_pattern(lab: Lab) -> None:
    assert fails(lab, "CreateDatabase", DatabaseName="my house").startswith("ValidationException: Invalid name")
    assert fails(lab, "CreateDatabase", DatabaseName="ab").startswith("ValidationException: Invalid name")


def test_a_table_keeps_its_properties_until_they_are_updated(lab: Lab) -> None:
    lab.make_table()
    retention = {"MemoryStoreRetentionPeriodInHours": 1, "MagneticStoreRetentionPeriodInDays": 2}
    lab.call("UpdateTable", DatabaseName="house", TableName="readings", RetentionProperties=retention)
    table = lab.call("DescribeTable", DatabaseName="house", TableName="readings")["Table"]
    assert table["Arn"] == f"{ARN}/table/readings"
    assert table["TableStatus"] == "ACTIVE"
    assert table["RetentionProperties"] == retention
    assert table["MagneticStoreWriteProperties"] == {"EnableMagneticStoreWrites": False}
    assert table["Schema"] == {"CompositePartitionKey": [{"Type": "MEASURE"}]}


def test_a_table_without_retention_has_the_defaults(lab: Lab) -> None:
    lab.call("CreateDatabase", DatabaseName="house")
    table = lab.call("CreateTable", DatabaseName="house", TableName="plain")["Table"]
    assert table["RetentionProperties"] == {
        "MemoryStoreRetentionPeriodInHours": 6, "MagneticStoreRetentionPeriodInDays": 73000,
    }  # fmt: skip


@pytest.mark.parametrize(("hours", "days"), [(0, 1), (8767, 1), (1, 0), (1, 73001)])
def test_retention_has_bounds(lab: Lab, hours: int, days: int) -> None:
    lab.call("CreateDatabase", DatabaseName="house")
    retention = {"MemoryStoreRetentionPeriodInHours": hours, "MagneticStoreRetentionPeriodInDays": days}
    message = fails(lab, "CreateTable", DatabaseName="house", TableName="bad", RetentionProperties=retention)
    assert "must be between" in message


def test_a_database_with_tables_is_not_deleted(lab: Lab) -> None:
    lab.make_table()
    assert fails(lab, "DeleteDatabase", DatabaseName="house").startswith("ValidationException")
    lab.call("DeleteTable", DatabaseName="house", TableName="readings")
    lab.call("DeleteDatabase", DatabaseName="house")
    assert fails(lab, "DescribeDatabase", DatabaseName="house") == (
        "ResourceNotFoundException: The database house does not exist."
    )


def test_a_table_made_again_is_empty(lab: Lab) -> None:
    lab.make_table()
    lab.write(lab.record("1"))
    assert lab.rows("SELECT count(*) FROM house.readings") == [["1"]]
    lab.write(lab.record("2", ago_s=1))
    lab.call("DeleteTable", DatabaseName="house", TableName="readings")
    lab.call("CreateTable", DatabaseName="house", TableName="readings")
    assert lab.rows("SELECT count(*) FROM house.readings") == [["0"]]
    assert lab.query("SELECT * FROM house.readings") == (["VARCHAR", "TIMESTAMP"], [])


def test_listings_are_paged(lab: Lab) -> None:
    lab.call("CreateDatabase", DatabaseName="house")
    for number in range(5):
        lab.call("CreateTable", DatabaseName="house", TableName=f"table{number}")
    first = lab.call("ListTables", DatabaseName="house", MaxResults=3)
    second = lab.call("ListTables", DatabaseName="house", MaxResults=3, NextToken=first["NextToken"])
    names = [table["TableName"] for page in (first, second) for table in page["Tables"]]
    assert names == [f"table{number}" for number in range(5)]
    assert "NextToken" not in second
    assert [database["TableCount"] for database in lab.call("ListDatabases")["Databases"]] == [5]


def test_tags_of_databases_and_tables(lab: Lab) -> None:
    lab.make_table(Tags=[{"Key": "course", "Value": "iot"}])
    arn = f"{ARN}/table/readings"
    lab.call("TagResource", ResourceARN=arn, Tags=[{"Key": "part", "Value": "3"}])
    lab.call("UntagResource", ResourceARN=arn, TagKeys=["course"])
    assert lab.call("ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "part", "Value": "3"}]
    assert fails(lab, "ListTagsForResource", ResourceARN=f"{ARN}x").startswith("ResourceNotFoundException")


def test_a_partition_key_cannot_be_changed(lab: Lab) -> None:
    lab.make_table()
    key = {"Type": "DIMENSION", "Name": "sensor", "EnforcementInRecord": "OPTIONAL"}
    message = fails(
        lab, "UpdateTable", DatabaseName="house", TableName="readings", Schema={"CompositePartitionKey": [key]}
    )
    assert message == "ValidationException: The partition key of a table cannot be changed after its creation."


def test_endpoint_discovery_leads_back_to_this_cloud(lab: Lab) -> None:
    assert lab.call("DescribeEndpoints")["Endpoints"] == [
        {"Address": "http://127.0.0.1:4566", "CachePeriodInMinutes": 1440}
    ]
