"""Part 6: what the house did, as pictures."""

from checker.checks import check, expect


@check("6.1", points=3)
def data_source_reads_timestream(lab):
    """A QuickSight data source of type TIMESTREAM exists."""
    sources = lab.quicksight.data_sources()
    expect(
        any(source.kind == "TIMESTREAM" for source in sources),
        expected="a data source of type TIMESTREAM",
        got=", ".join(f"{source.name} ({source.kind})" for source in sources) or "no data source",
        because=lab.script_problems or "Terraform's provider cannot make this source; the script does",
        fix="bin/create_quicksight_source.py",
    )


@check("6.2", points=3, needs=data_source_reads_timestream)
def data_set_holds_the_readings(lab):
    """A data set reads the table of valid readings through this source."""
    sets, table = lab.data_sets_on_timestream(), lab.name("temperaturesensor")
    columns = {"time", "zone_id", "sensor_id", "temperature"}
    expect(
        any(any(table in text for text in each.reads) and columns <= set(each.columns) for each in sets),
        expected=f"a data set on {table} with the columns {', '.join(sorted(columns))}",
        got="\n".join(each.describe(columns) for each in sets) or "no data set on the source",
        because="charts are drawn from data sets: what a data set does not hold, no chart shows",
        fix="aws_quicksight_data_set in terraform/quicksight.tf",
    )
    reading = lab.publish(21.75, sensor=2)
    shown = {each.name: lab.temperatures_in(each, reading) for each in sets if each.queries}
    expect(
        not shown or any(map(reading.is_shown_as, shown.values())),
        expected="21.75 as the temperature of sensor 2 in zone 1 after a reading of 21.75",
        got="\n".join(f"{name}: {', '.join(sorted(values)) or 'no temperature'}" for name, values in shown.items()),
        because="a row of Timestream holds one measure: the query chooses the rows and the column of the temperature",
        fix="the query of aws_quicksight_data_set in terraform/quicksight.tf",
    )


@check("6.3", points=4, needs=data_set_holds_the_readings)
def charts_show_temperature_by_zone_and_by_room(lab):
    """A dashboard or analysis shows temperature over time, by zone and by room."""
    charts = lab.quicksight.charts()
    expect(
        all(any(chart.shows("temperature", by) for chart in charts) for by in ("zone_id", "sensor_id")),
        expected="one chart of the mean temperature over time by zone_id, and one by sensor_id",
        got="\n".join(chart.description for chart in charts) or "no chart",
        because="a chart shows what its field wells hold: time on the axis, the mean as value, the colour splits it",
        fix="aws_quicksight_dashboard in terraform/quicksight.tf",
    )
