"""DynamoDB, Timestream, Glue. Source: CloudFormation, AWS::DynamoDB::Table, AWS::Timestream::*, AWS::Glue::*."""

from __future__ import annotations

from collections.abc import Mapping

from labcloud.stacks.types.base import Api, Made, Properties, ResourceType, without, words


def create_table(api: Api, name: str, properties: Properties) -> Made:
    """AWS::DynamoDB::Table."""
    given = without(properties, "TableName", "TimeToLiveSpecification", "StreamSpecification")
    if view := properties.get("StreamSpecification"):
        given["StreamSpecification"] = {"StreamEnabled": True, **view}
    made = api("dynamodb", "CreateTable", TableName=name, **given)["TableDescription"]
    if ttl := properties.get("TimeToLiveSpecification"):
        api("dynamodb", "UpdateTimeToLive", TableName=name, TimeToLiveSpecification=ttl)
    attributes = {"Arn": made["TableArn"]}
    if "LatestStreamArn" in made:
        attributes["StreamArn"] = made["LatestStreamArn"]
    return Made(name, attributes)


def delete_table(api: Api, made: Made, properties: Properties) -> None:
    api("dynamodb", "DeleteTable", TableName=made.physical_id)


def create_timestream_database(api: Api, name: str, properties: Properties) -> Made:
    """AWS::Timestream::Database."""
    made = api("timestream-write", "CreateDatabase", DatabaseName=name)["Database"]
    return Made(name, {"Arn": made["Arn"]})


def delete_timestream_database(api: Api, made: Made, properties: Properties) -> None:
    api("timestream-write", "DeleteDatabase", DatabaseName=made.physical_id)


def create_timestream_table(api: Api, name: str, properties: Properties) -> Made:
    """AWS::Timestream::Table."""
    given = {**without(properties, "TableName"), **_retention(properties)}
    made = api("timestream-write", "CreateTable", TableName=name, **given)["Table"]
    return Made(f"{properties['DatabaseName']}|{name}", {"Arn": made["Arn"], "Name": name})


def update_timestream_table(api: Api, made: Made, before: Properties, now: Properties) -> Made:
    names = {"DatabaseName": now["DatabaseName"], "TableName": made.physical_id.partition("|")[2]}
    api("timestream-write", "UpdateTable", **names, **_retention(now))
    return made


def delete_timestream_table(api: Api, made: Made, properties: Properties) -> None:
    database, _, name = made.physical_id.partition("|")
    api("timestream-write", "DeleteTable", DatabaseName=database, TableName=name)


def _retention(properties: Properties) -> Properties:
    """Templates may write the numbers as texts."""
    given = properties.get("RetentionProperties")
    return {"RetentionProperties": {key: int(value) for key, value in given.items()}} if given else {}


def create_glue_database(api: Api, name: str, properties: Properties) -> Made:
    """AWS::Glue::Database."""
    written = properties["DatabaseInput"]
    name = written.get("Name", name.lower())
    api("glue", "CreateDatabase", DatabaseInput={**written, "Name": name})
    return Made(name)


def delete_glue_database(api: Api, made: Made, properties: Properties) -> None:
    api("glue", "DeleteDatabase", Name=made.physical_id)


def create_glue_table(api: Api, name: str, properties: Properties) -> Made:
    """AWS::Glue::Table."""
    written = properties["TableInput"]
    name = written.get("Name", name.lower())
    api("glue", "CreateTable", DatabaseName=properties["DatabaseName"], TableInput={**written, "Name": name})
    return Made(name)


def update_glue_table(api: Api, made: Made, before: Properties, now: Properties) -> Made:
    written = {**now["TableInput"], "Name": made.physical_id}
    api("glue", "UpdateTable", DatabaseName=now["DatabaseName"], TableInput=written)
    return made


def delete_glue_table(api: Api, made: Made, properties: Properties) -> None:
    api("glue", "DeleteTable", DatabaseName=properties["DatabaseName"], Name=made.physical_id)


DATA: Mapping[str, ResourceType] = {
    "AWS::DynamoDB::Table": ResourceType(
        create_table,
        delete_table,
        words(
            "TableName KeySchema AttributeDefinitions BillingMode ProvisionedThroughput GlobalSecondaryIndexes "
            "LocalSecondaryIndexes StreamSpecification TimeToLiveSpecification Tags"
        ),
        "TableName",
    ),
    "AWS::Timestream::Database": ResourceType(
        create_timestream_database, delete_timestream_database, words("DatabaseName"), "DatabaseName"
    ),
    "AWS::Timestream::Table": ResourceType(
        create_timestream_table,
        delete_timestream_table,
        words("DatabaseName TableName RetentionProperties MagneticStoreWriteProperties"),
        "TableName",
        update_timestream_table,
        words("RetentionProperties"),
    ),
    "AWS::Glue::Database": ResourceType(create_glue_database, delete_glue_database, words("CatalogId DatabaseInput")),
    "AWS::Glue::Table": ResourceType(
        create_glue_table,
        delete_glue_table,
        words("CatalogId DatabaseName TableInput"),
        None,
        update_glue_table,
        words("TableInput"),
    ),
}
