"""Part 2: artefacts, readings of 40 °C and more, go to DynamoDB."""

from checker.checks import as_json, check, expect

TABLE = "Temperature"


@check("2.1", points=2)
def table_is_keyed_by_id(lab):
    """The table Temperature has the hash key id, a string."""
    table = lab.dynamodb.table(lab.name(TABLE))
    expect(
        table is not None and table.key == "hash key id (S)",
        expected=f"a table {lab.name(TABLE)} with hash key id (S)",
        got=lab.dynamodb.describe(lab.name(TABLE)),
        because="the id of a reading is unique, so every reading becomes one item",
        fix="aws_dynamodb_table in terraform/dynamodb.tf",
    )


@check("2.2", points=4, needs=table_is_keyed_by_id)
def hot_reading_is_stored(lab):
    """A reading of 45 °C is stored with all its columns."""
    reading = lab.publish(45)
    items = lab.dynamodb.wait_for_items(lab.name(TABLE), reading.id)
    expect(
        reading.is_stored_as(items),
        expected=f"1 item: {as_json(reading.content)}",
        got="\n".join(f"the item {as_json(item)}" for item in items) or "no item",
        because=lab.explain(reading, "dynamoDBv2"),
        fix=lab.place_to_fix(
            reading,
            lab.name(TABLE),
            rule="aws_iot_topic_rule with dynamodbv2 in terraform/iot.tf",
            role="iot_role in terraform/iam.tf",
        ),
    )


@check("2.3", points=2, needs=hot_reading_is_stored)
def reading_of_exactly_40_is_stored(lab):
    """A reading of exactly 40 °C is invalid, too, and is stored."""
    reading = lab.publish(40)
    items = lab.dynamodb.wait_for_items(lab.name(TABLE), reading.id)
    expect(
        items,
        expected="1 item with the temperature 40",
        got="no item",
        because=lab.explain(reading, "dynamoDBv2"),
        fix="the WHERE of the rule in terraform/iot.tf: 40 or more is invalid",
    )


@check("2.4", points=2, needs=hot_reading_is_stored)
def valid_reading_is_not_stored(lab):
    """A reading of 39.9 °C is valid and is not stored here."""
    reading, later = lab.publish(39.9), lab.publish(45)
    lab.dynamodb.wait_for_items(lab.name(TABLE), later.id)
    lab.settle()
    items = lab.dynamodb.items(lab.name(TABLE), reading.id)
    expect(
        not items,
        expected=f"no item with the id {reading.id}",
        got="\n".join(f"the item {as_json(item)}" for item in items),
        because=lab.explain(reading, "dynamoDBv2"),
        fix="the WHERE of the rule in terraform/iot.tf: temperature >= 40",
    )


@check("2.5", points=2, needs=hot_reading_is_stored)
def reading_on_another_topic_is_not_stored(lab):
    """A reading on sensor/humidity/temp_1 is not stored: the rule listens to temperatures only."""
    reading, later = lab.publish_elsewhere(45, "sensor/humidity/temp_1"), lab.publish(45)
    lab.dynamodb.wait_for_items(lab.name(TABLE), later.id)
    lab.settle()
    items = lab.dynamodb.items(lab.name(TABLE), reading.id)
    expect(
        not items,
        expected=f"no item with the id {reading.id}",
        got="\n".join(f"the item {as_json(item)}" for item in items),
        because=lab.explain(reading, "dynamoDBv2"),
        fix="the FROM of the rule in terraform/iot.tf: 'sensor/temperature/+'",
    )


@check("2.6", points=3, needs=table_is_keyed_by_id)
def role_of_the_rule_may_write(lab):
    """The rule's role is trusted by AWS IoT and may put items into this table."""
    table = lab.dynamodb.table(lab.name(TABLE))
    roles = lab.roles_of_rules_into("dynamoDBv2", tableName=table.name)
    expect(
        any(role.trusts("iot.amazonaws.com") and role.allows("dynamodb:PutItem", table.arn) for role in roles),
        expected=f"a rule whose role is trusted by iot.amazonaws.com and may dynamodb:PutItem on {table.arn}",
        got="\n".join(f"role {r.name}: trusted by {r.trusted}; allows {r.granted('dynamodb')}" for r in roles)
        or "the role does not exist",
        because="AWS IoT writes with the rule's role and can do only what this role may do",
        fix="aws_iam_role iot_role and its aws_iam_role_policy in terraform/iam.tf",
    )
