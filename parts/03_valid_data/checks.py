"""Part 3: valid readings, below 40 °C, go to Timestream."""

from checker.checks import check, expect


@check("3.1", points=3)
def database_and_table_exist(lab):
    """The database iot holds the table temperaturesensor."""
    expect(
        lab.timestream.has_table(),
        expected=f"table {lab.name('temperaturesensor')} in database {lab.name('iot')}",
        got=lab.timestream.describe_tables,
        because="the rule of the next step needs a table to write into",
        fix="aws_timestreamwrite_database and aws_timestreamwrite_table in terraform/timestream.tf",
    )


@check("3.2", points=6, needs=database_and_table_exist)
def valid_reading_can_be_queried(lab):
    """A valid reading can be queried by its zone and time, with its three dimensions."""
    reading, elsewhere = lab.publish(21.37, sensor=2), lab.publish(22.5, sensor=3)
    written = lab.timestream.wait_for_readings(reading, elsewhere)
    answer = lab.timestream.rows_of(reading, where="zone_id = '1' AND time BETWEEN ago(15m) AND now()")
    refused = f"\nthe query by zone was refused: {answer.refusal}" if answer.refusal and written.of(reading) else ""
    dimensions, rows = {"sensor_id": "2", "temperature": "21.37", "zone_id": "1"}, answer.of(reading)
    expect(
        len(rows) == 1 and dimensions.items() <= rows[0].items() and not answer.of(elsewhere),
        expected="1 row of measure id with the dimensions sensor_id 2, temperature 21.37 and zone_id 1, and none of zone 2",
        got=written.describe(reading) + refused,
        because=lab.explain(reading, "timestream"),
        fix=lab.place_to_fix(
            reading,
            f"{lab.name('iot')}.{lab.name('temperaturesensor')}",
            rule="aws_iot_topic_rule with timestream in terraform/iot.tf",
            role="what iot_role may do with timestream, in terraform/iam.tf",
        ),
    )


@check("3.3", points=5, needs=valid_reading_can_be_queried)
def artefacts_never_reach_the_table(lab):
    """Readings of 40 °C and more never reach Timestream."""
    artefacts, later = [lab.publish(40), lab.publish(45.5)], lab.publish(21.38)
    lab.timestream.wait_for_readings(later)
    lab.settle()
    answer = lab.timestream.rows_of(*artefacts)
    rows = [row for artefact in artefacts for row in answer.of(artefact)]
    expect(
        not rows,
        expected="no row for the readings of 40 and 45.5",
        got="\n".join(answer.describe(artefact) for artefact in artefacts if answer.of(artefact)),
        because=lab.explain(artefacts[0], "timestream"),
        fix="the WHERE of the timestream rule in terraform/iot.tf: temperature < 40",
    )


@check("3.4", points=3, needs=valid_reading_can_be_queried)
def row_carries_the_time_of_its_message(lab):
    """A row carries the millisecond in which its message came."""
    first, second = lab.publish(21.39), lab.publish(21.41)
    answer = lab.timestream.wait_for_readings(first, second)
    found = [[row["time"] for row in answer.of(reading)] for reading in (first, second)]
    in_time = first.was_sent_at(found[0]) and second.was_sent_at(found[1])
    stamps = [stamp for stamp in lab.timestamps_of_rules() if stamp != "none"]
    expect(
        in_time and stamps and not all(time.endswith(".000000000") for times in found for time in times),
        expected=f"the milliseconds of {first.sent_at} and {second.sent_at}, from the timestamp of the action",
        got="; ".join(", ".join(times) or "no row" for times in found),
        because=f"the action's timestamp: {'; '.join(stamps) or 'none, so that Timestream takes the time of writing'}",
        fix='timestamp { unit = "MILLISECONDS", value = "$${timestamp()}" } of the action in terraform/iot.tf',
    )


@check("3.5", points=3, needs=valid_reading_can_be_queried)
def artefacts_still_go_to_dynamodb(lab):
    """Invalid readings still go to DynamoDB, and only there."""
    artefact = lab.publish(45)
    items = lab.dynamodb.wait_for_items(lab.name("Temperature"), artefact.id)
    expect(
        items,
        expected=f"1 item in {lab.name('Temperature')}",
        got="no item",
        because=lab.explain(artefact, "dynamoDBv2"),
        fix=lab.place_to_fix(
            artefact,
            lab.name("Temperature"),
            rule="the rule of part 2 in terraform/iot.tf",
            role="iot_role in terraform/iam.tf: two inline policies of a role need different names",
        ),
    )
