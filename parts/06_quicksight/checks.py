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
        got="\n".join(f"{each.name}: reads {each.reads}, columns {each.columns}" for each in sets)
        or "no data set on the source",
        because="charts are drawn from data sets, and a data set reads one source",
        fix="aws_quicksight_data_set in terraform/quicksight.tf",
    )


@check("6.3", points=4, needs=data_set_holds_the_readings)
def charts_show_temperature_by_zone_and_by_room(lab):
    """A dashboard or analysis shows temperature over time, by zone and by room."""
    charts = lab.quicksight.charts()
    expect(
        all(any(chart.shows("time", "temperature", by) for chart in charts) for by in ("zone_id", "sensor_id")),
        expected="one chart of time, temperature and zone_id, and one of time, temperature and sensor_id",
        got="\n".join(f"{c.where}: {c.kind} of {', '.join(sorted(c.columns))}" for c in charts) or "no chart",
        because="a chart shows what its field wells hold; the colour of a line chart splits it",
        fix="aws_quicksight_dashboard in terraform/quicksight.tf",
    )
