"""Query over stored records: the course's queries, SHOW and DESCRIBE, pages, tokens, and what a query cannot reach."""

from __future__ import annotations

from typing import Any

import pytest

from labcloud.errors import AwsError
from labcloud.timestream import tables_of
from labcloud.timestream.run import Running, execution_error
from tests.timestream.conftest import ACCOUNT, REGION, Lab


@pytest.fixture
def lab(lab: Lab) -> Lab:
    """Two sensors, a reading each 10 s for 100 s: 20.0, 20.5, … backwards in time."""
    lab.make_table()
    lab.write(*[lab.record(20 + i / 2, ago_s=10 * i, sensor=f"s{i % 2}") for i in range(10)])
    return lab


def fails(lab: Lab, **parameters: Any) -> str:
    with pytest.raises(AwsError) as raised:
        lab.call("Query", **parameters)
    return str(raised.value)


def test_the_last_minute_of_a_measure(lab: Lab) -> None:
    rows = lab.rows(
        'SELECT time, measure_value::double AS temperature FROM "house"."readings" '
        "WHERE time BETWEEN ago(30s) AND now() AND measure_name = 'temperature' ORDER BY time DESC LIMIT 2"
    )
    assert rows == [["2022-06-17 17:44:43.000000000", "20.0"], ["2022-06-17 17:44:33.000000000", "20.5"]]


def test_averages_by_sensor_and_minute(lab: Lab) -> None:
    types, rows = lab.query(
        "SELECT sensor, bin(time, 1m) AS minute, avg(measure_value::double) AS mean, min(measure_value::double), "
        "max(measure_value::double), count(*) FROM house.readings GROUP BY sensor, bin(time, 1m) ORDER BY 1, minute"
    )
    assert types == ["VARCHAR", "TIMESTAMP", "DOUBLE", "DOUBLE", "DOUBLE", "BIGINT"]
    assert rows == [
        ["s0", "2022-06-17 17:43:00.000000000", "23.5", "23.0", "24.0", "2"],
        ["s0", "2022-06-17 17:44:00.000000000", "21.0", "20.0", "22.0", "3"],
        ["s1", "2022-06-17 17:43:00.000000000", "23.5", "22.5", "24.5", "3"],
        ["s1", "2022-06-17 17:44:00.000000000", "21.0", "20.5", "21.5", "2"],
    ]


def test_a_dimension_is_text_until_it_is_cast(lab: Lab) -> None:
    lab.write(lab.record("1", sensor="7.5", ago_s=200))
    assert lab.rows("SELECT CAST(sensor AS double) FROM house.readings WHERE sensor = '7.5'") == [["7.5"]]
    assert "cannot be applied to varchar, double" in fails(
        lab, QueryString="SELECT 1 FROM house.readings WHERE sensor > 7.5"
    )


def test_column_names_are_case_sensitive(lab: Lab) -> None:
    assert fails(lab, QueryString="SELECT Sensor FROM house.readings") == (
        "ValidationException: line 1:8: Column 'Sensor' does not exist"
    )


def test_show_and_describe(lab: Lab) -> None:
    assert lab.rows("SHOW DATABASES") == [["house"]]
    assert lab.rows("SHOW DATABASES LIKE 'x%'") == []
    assert lab.rows("SHOW TABLES FROM house") == [["readings"]]
    assert lab.rows('SHOW MEASURES FROM "house"."readings"') == [["temperature", "double", "[(sensor, varchar)]"]]
    assert lab.rows("DESCRIBE house.readings") == [
        ["sensor", "varchar", "DIMENSION"],
        ["measure_name", "varchar", "MEASURE_NAME"],
        ["time", "timestamp", "TIMESTAMP"],
        ["measure_value::double", "double", "MEASURE_VALUE"],
    ]
    names = [column["Name"] for column in lab.call("Query", QueryString="DESCRIBE house.readings")["ColumnInfo"]]
    assert names == ["Column", "Type", "Timestream attribute type"]


def test_the_response_names_columns_and_status(lab: Lab) -> None:
    response = lab.call("Query", QueryString="SELECT 1 AS one, 2")
    assert response["ColumnInfo"] == [
        {"Name": "one", "Type": {"ScalarType": "INTEGER"}},
        {"Name": "_col1", "Type": {"ScalarType": "INTEGER"}},
    ]
    assert response["QueryStatus"]["ProgressPercentage"] == 100.0
    assert response["QueryId"].isalnum()


SQL = "SELECT measure_value::double FROM house.readings ORDER BY time"


def page(lab: Lab, token: str | None = None, **more: Any) -> tuple[list[str], str | None]:
    given = {"NextToken": token} if token else {}
    response = lab.call("Query", QueryString=SQL, MaxRows=4, **given, **more)
    return [row["Data"][0]["ScalarValue"] for row in response["Rows"]], response.get("NextToken")


def test_pages_follow_each_other_to_the_end(lab: Lab) -> None:
    first, token = page(lab)
    second, token = page(lab, token)
    third, token = page(lab, token)
    assert [len(first), len(second), len(third), token] == [4, 4, 2, None]
    assert first + second + third == [str(24.5 - i / 2) for i in range(10)]


def test_a_token_gives_the_same_page_five_times(lab: Lab) -> None:
    _, token = page(lab)
    assert len({tuple(page(lab, token)[0]) for _ in range(5)}) == 1
    assert fails(lab, QueryString=SQL, NextToken=token) == "ValidationException: Invalid pagination token."


def test_a_newer_token_ends_the_older_one(lab: Lab) -> None:
    _, old = page(lab)
    _, new = page(lab, old)
    page(lab, new)
    assert "Invalid pagination token" in fails(lab, QueryString=SQL, NextToken=old)


def test_a_token_ends_after_an_hour(lab: Lab) -> None:
    _, token = page(lab)
    lab.clock.advance(3601)
    assert "Invalid pagination token" in fails(lab, QueryString=SQL, NextToken=token)


def test_a_token_is_for_its_query_and_its_caller(lab: Lab) -> None:
    _, token = page(lab)
    assert "Invalid pagination token" in fails(lab, QueryString="SELECT 1", NextToken=token)
    assert "Invalid pagination token" in fails(lab, QueryString=SQL, NextToken=token, caller="arn:aws:iam::1:user/x")
    assert "Invalid pagination token" in fails(lab, QueryString=SQL, NextToken="no token")


def test_a_page_is_at_most_a_megabyte(lab: Lab) -> None:
    rows = []
    sql, token = "SELECT repeat(1, 10000) FROM UNNEST(sequence(1, 20)) AS u(x)", {}
    pages = 0
    while True:
        response = lab.call("Query", QueryString=sql, **token)
        rows += response["Rows"]
        pages += 1
        if "NextToken" not in response:
            break
        token = {"NextToken": response["NextToken"]}
    assert (len(rows), pages) == (20, 4)
    text = "lpad('x', 1000000, 'y')"
    big = fails(lab, QueryString=f"SELECT {text}, {text}")
    assert big == (
        "ValidationException: Query aborted as max page response size has been exceeded by the output result row"
    )


def test_a_cancelled_query_has_no_more_pages(lab: Lab) -> None:
    response = lab.call("Query", QueryString=SQL, MaxRows=1)
    assert "was cancelled" in lab.call("CancelQuery", QueryId=response["QueryId"])["CancellationMessage"]
    assert "Invalid pagination token" in fails(lab, QueryString=SQL, NextToken=response["NextToken"])


def test_a_repeated_client_token_gets_the_first_answer(lab: Lab) -> None:
    given = {"QueryString": "SELECT count(*) FROM house.readings", "ClientToken": "t" * 32}
    first = lab.call("Query", **given)
    lab.write(lab.record(ago_s=300))
    assert lab.call("Query", **given) == first
    lab.clock.advance(301)
    assert lab.call("Query", **given) != first


def test_prepare_query_tells_columns_without_running(lab: Lab) -> None:
    prepared = lab.call("PrepareQuery", QueryString="SELECT sensor AS s, 1 / 0 AS x FROM house.readings")
    assert prepared["Columns"] == [
        {"Name": "s", "Type": {"ScalarType": "VARCHAR"}},
        {"Name": "x", "Type": {"ScalarType": "INTEGER"}},
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        'SELECT * FROM "/etc/passwd"',
        "SELECT getenv('HOME')",
        "SELECT current_setting('memory_limit')",
        "SELECT * FROM glob('*')",
        "SELECT * FROM duckdb_tables()",
        'SELECT * FROM "information_schema"."tables"',
        "SELECT * FROM t1",
        "SELECT query('SELECT 1')",
        "SELECT ts_fail('x')",
        "SELECT series FROM house.readings",
        "COPY house.readings TO '/tmp/x'",
        "ATTACH '/tmp/x.db'",
        "PRAGMA database_list",
        "INSTALL httpfs",
        "SET memory_limit = '1TB'",
        "SELECT 1; ATTACH 'x'",
        "CREATE TABLE x (y int)",
        "UNLOAD (SELECT 1) TO 's3://x' WITH (format = 'CSV')",
    ],
)
def test_nothing_of_the_machine_or_of_duckdb_is_in_reach(lab: Lab, sql: str) -> None:
    assert fails(lab, QueryString=sql).startswith("ValidationException")


def test_texts_and_names_are_never_read_as_sql(lab: Lab) -> None:
    evil = "x'); DROP TABLE t1; --"
    lab.write(lab.record("1", ago_s=500, sensor=evil, Dimensions=[{"Name": "a\"b'", "Value": evil}]))
    assert lab.rows(f'SELECT "a""b\'" FROM house.readings WHERE "a""b\'" = {sql_text(evil)}') == [[evil]]
    assert lab.rows(f'SELECT {sql_text(evil)} AS "{evil}"') == [[evil]]


def sql_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def test_a_broken_text_or_an_endless_one_is_refused(lab: Lab) -> None:
    assert "not valid Unicode" in fails(lab, QueryString="SELECT '\ud800'")
    assert "longer than 262144 bytes" in fails(lab, QueryString="SELECT '" + "x" * 262_144 + "'")


def test_deep_nesting_is_refused_and_does_not_crash(lab: Lab) -> None:
    for sql in (
        "SELECT " + "(" * 5000 + "1",
        "SELECT " + "-" * 1 + " - " * 5000 + "1",
        "SELECT " + "NOT " * 5000 + "true",
    ):
        assert fails(lab, QueryString=sql).startswith("ValidationException")


def test_long_chains_are_no_deep_nesting(lab: Lab) -> None:
    chain = " OR ".join(f"sensor = 's{i}'" for i in range(2000))
    assert lab.rows(f"SELECT count(*) FROM house.readings WHERE {chain}") == [["10"]]
    assert tables_of(f"SELECT count(*) FROM house.readings WHERE {chain}") == [("house", "readings")]
    assert fails(lab, QueryString="SELECT " + " + ".join("1" * 5000)).startswith("ValidationException")


def test_a_query_that_takes_too_long_is_ended(lab: Lab) -> None:
    store = lab.timestream.store_of(ACCOUNT, REGION)
    endless = "SELECT count(*) FROM range(1000000000) AS a, range(1000000000) AS b WHERE a.range * b.range % 7 = 3"
    with pytest.raises(AwsError) as raised:
        Running(store.engine.cursor_for(endless), endless, deadline_s=0.05)
    assert str(raised.value) == "QueryExecutionException: The query was cancelled or took longer than 0.05 s."


def test_an_error_of_duckdb_is_one_sentence() -> None:
    import duckdb

    error = execution_error(duckdb.BinderException("Binder Error: something is odd\n\nLINE 1: ..."), 1)
    assert str(error) == "ValidationException: something is odd"


def test_the_tables_of_a_query_are_all_it_reads() -> None:
    sql = 'WITH x AS (SELECT * FROM a.b) SELECT * FROM x JOIN "c"."d" ON 1 = 1 WHERE 1 IN (SELECT 1 FROM a.b, e.f)'
    assert tables_of(sql) == [("a", "b"), ("c", "d"), ("e", "f")]
    assert tables_of("SELECT 1") == []
    assert tables_of("DESCRIBE a.b") == [("a", "b")]
