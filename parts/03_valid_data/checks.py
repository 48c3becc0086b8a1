"""Part 3: valid readings, below 40 °C, go to Timestream."""

from checker.checks import check, expect


@check("3.1", points=3)
def database_and_table_exist(lab):
    """The database iot holds the table temperaturesensor."""
    expect(
        lab.timestream.has_database() and lab.timestream.has_table(),
        expected=f"table {lab.name('temperaturesensor')} in database {lab.name('iot')}",
        got="no such table in the database" if lab.timestream.has_database() else "no such database",
        because="the rule of the next step needs a table to write into",
        fix="aws_timestreamwrite_database and aws_timestreamwrite_table in terraform/timestream.tf",
    )


@check("3.2", points=6, needs=database_and_table_exist)
def valid_reading_can_be_queried(lab):
    """A valid reading can be queried by its zone and time, with its three dimensions."""
    reading, elsewhere = lab.publish(21.37, sensor=1), lab.publish(22.5, sensor=3)
    written = lab.timestream.wait_for_readings(reading, elsewhere).of(reading)
    answer = lab.timestream.rows_of(reading, where="zone_id = '1' AND time BETWEEN ago(15m) AND now()")
    dimensions, rows = {"sensor_id": "1", "temperature": "21.37", "zone_id": "1"}, answer.of(reading)
    expect(
        len(rows) == 1 and dimensions.items() <= rows[0].items() and not answer.of(elsewhere),
        expected=f"1 row of measure id with the dimensions {dimensions}, and none of zone 2",
        got=answer.refusal or (f"the row {written}" if written else "no row"),
        because=lab.explain(reading),
        fix="the timestream action of the rule in terraform/iot.tf; timestream permissions in terraform/iam.tf",
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
        got=f"{len(rows)} row(s): {rows}",
        because=lab.explain(artefacts[0]),
        fix="the WHERE of the timestream rule in terraform/iot.tf: temperature < 40",
    )


@check("3.4", points=3, needs=valid_reading_can_be_queried)
def row_carries_the_time_of_its_message(lab):
    """A row carries the millisecond in which its message came."""
    first, second = lab.publish(21.39), lab.publish(21.41)
    answer = lab.timestream.wait_for_readings(first, second)
    found = [[row["time"] for row in answer.of(reading)] for reading in (first, second)]
    expect(
        first.was_sent_at(found[0]) and second.was_sent_at(found[1]),
        expected=f"times within 1 s of {first.sent_at} and {second.sent_at}",
        got=f"{found[0]} and {found[1]}",
        because="without the doubled dollar Terraform fills in the template itself, once; the unit must be MILLISECONDS",
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
        because=lab.explain(artefact),
        fix="the rule of part 2 in terraform/iot.tf; two inline policies of a role need different names",
    )
