"""Queries over the lake: formats, partitions, types, functions, results, refusals."""

from __future__ import annotations

import json
import resource
from pathlib import Path
from typing import Any

import boto3
import duckdb
import pytest
from botocore.exceptions import ClientError

from labcloud.athena.apart import Apart
from labcloud.athena.errors import QueryFailed
from tests.athena.conftest import Lake
from tests.running import running_lab

JSON_SERDE = "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'"
READINGS = f"""
CREATE EXTERNAL TABLE readings (
  sensor_id string, temperature double, battery int, at timestamp, ok boolean,
  room struct<name:string,floor:int>, tags array<string>
) PARTITIONED BY (year string, month string)
{JSON_SERDE} LOCATION 's3://lake/readings/'
"""


@pytest.fixture
def readings(lake: Lake) -> Lake:
    lake.run(READINGS)
    hot = {"sensor_id": "s1", "Temperature": 31.5, "battery": 3, "at": "2026-01-31 08:00:00", "ok": True}
    lake.put("readings/year=2026/month=01/a.json.gz", {**hot, "room": {"name": "hall", "Floor": 1}, "tags": ["a", "b"]})
    lake.put("readings/year=2026/month=02/b.json", {"sensor_id": "s2", "temperature": 20, "battery": 2})
    lake.put("readings/year=2026/month=02/_SUCCESS", "not json")
    lake.run("MSCK REPAIR TABLE readings")
    return lake


def test_rows_come_from_json_lines_packed_and_plain(readings: Lake) -> None:
    rows = readings.rows("SELECT sensor_id, temperature, month FROM readings ORDER BY sensor_id")
    assert rows == [["s1", "31.5", "01"], ["s2", "20.0", "02"]]


def test_nested_values_and_nulls_have_athena_s_texts(readings: Lake) -> None:
    [first, second] = readings.rows("SELECT at, ok, room, room.floor, tags, tags[1] FROM readings ORDER BY sensor_id")
    assert first == ["2026-01-31 08:00:00.000", "true", "{name=hall, floor=1}", "1", "[a, b]", "a"]
    assert second == [None] * 6


def test_only_matching_partitions_are_read(readings: Lake) -> None:
    everything = readings.run("SELECT * FROM readings")["Statistics"]["DataScannedInBytes"]
    part = readings.run("SELECT * FROM readings WHERE year = '2026' AND month IN ('02')")["Statistics"]
    assert 0 < part["DataScannedInBytes"] < everything
    assert readings.rows("SHOW PARTITIONS readings") == [["year=2026/month=01"], ["year=2026/month=02"]]


def test_results_are_a_csv_in_the_output_location(readings: Lake) -> None:
    execution = readings.run("SELECT sensor_id AS id, ok, 'a \"b\"' AS t FROM readings ORDER BY 1")
    location = execution["ResultConfiguration"]["OutputLocation"]
    assert location == f"s3://results/athena/{execution['QueryExecutionId']}.csv"
    body = readings.lab.s3.get_object(Bucket="results", Key=location.removeprefix("s3://results/"))["Body"].read()
    assert body == b'"id","ok","t"\n"s1","true","a ""b"""\n"s2",,"a ""b"""\n'


def test_columns_have_types_and_pages_have_tokens(readings: Lake) -> None:
    query_id = readings.run("SELECT sensor_id, temperature, battery, count(*) FROM readings GROUP BY 1, 2, 3")[
        "QueryExecutionId"
    ]
    first = readings.lab.athena.get_query_results(QueryExecutionId=query_id, MaxResults=2)
    columns = first["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert [(c["Name"], c["Type"]) for c in columns] == [
        ("sensor_id", "varchar"),
        ("temperature", "double"),
        ("battery", "integer"),
        ("_col3", "bigint"),
    ]
    assert first["ResultSet"]["Rows"][0]["Data"][0] == {"VarCharValue": "sensor_id"}
    second = readings.lab.athena.get_query_results(QueryExecutionId=query_id, NextToken=first["NextToken"])
    assert len(second["ResultSet"]["Rows"]) == 1
    assert "NextToken" not in second


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("3 / 2", "1"),
        ("-3 / 2", "-1"),
        ("3 / 2.0e0", "1.5"),
        ("battery / 2", "1"),
        ("sum(battery)", "5"),
        ("avg(temperature)", "25.75"),
        ("count_if(ok)", "1"),
        ("max_by(sensor_id, temperature)", "s1"),
        ("date_trunc('hour', timestamp '2026-01-31 08:30:00')", "2026-01-31 08:00:00.000"),
        ("date_parse('2026-01-31 08:30', '%Y-%m-%d %H:%i')", "2026-01-31 08:30:00.000"),
        ("date_format(timestamp '2026-01-31 08:30:00', '%Y/%m')", "2026/01"),
        ("date_diff('minute', timestamp '2026-01-31 08:30:00', timestamp '2026-01-31 09:00:00')", "30"),
        ("from_iso8601_timestamp('2026-01-31T08:30:00Z')", "2026-01-31 08:30:00.000 UTC"),
        ("from_unixtime(0)", "1970-01-01 00:00:00.000 UTC"),
        ("json_extract_scalar('{\"a\": {\"b\": 1}}', '$.a.b')", "1"),
        ("cast('12' AS integer)", "12"),
        ("try_cast('x' AS integer)", None),
        ("regexp_like('room1', '^room\\d$')", "true"),
        ("split('a/b', '/')[2]", "b"),
        ("element_at(map(ARRAY['a'], ARRAY[1]), 'a')", "1"),
        ("cardinality(ARRAY[1, 2])", "2"),
        ("1.0e10", "1.0E10"),
        ("1e-4", "1.0E-4"),
        ("date '2026-01-31' + interval '1' day", "2026-02-01"),
        ("approx_distinct('a')", "1"),
        ("if(1 > 2, 'a', 'b')", "b"),
        ("concat('a', 'b') || 'c'", "abc"),
    ],
)
def test_expression_is_trino_s(expression: str, expected: str | None, module_lake: Lake) -> None:
    source = " FROM readings" if any(name in expression for name in ("battery", "temperature", "ok)")) else ""
    limit = " WHERE sensor_id = 's1'" if expression == "battery / 2" else ""
    assert module_lake.rows(f"SELECT {expression}{source}{limit}") == [[expected]]


@pytest.fixture(scope="module")
def module_lake() -> Any:
    with running_lab() as lab:
        lake = Lake(lab)
        lake.run(READINGS.replace("PARTITIONED BY (year string, month string)", ""))
        lake.put("readings/a.json", {"sensor_id": "s1", "temperature": 31.5, "battery": 3, "ok": True})
        lake.put("readings/b.json", {"sensor_id": "s2", "temperature": 20, "battery": 2})
        yield lake


def test_joins_windows_unions_and_with(module_lake: Lake) -> None:
    sql = """
        WITH hot AS (SELECT sensor_id, temperature FROM readings WHERE temperature > 30)
        SELECT r.sensor_id, h.temperature, row_number() OVER (ORDER BY r.sensor_id) AS n
        FROM readings r LEFT JOIN hot h ON h.sensor_id = r.sensor_id
        UNION ALL SELECT 'x', 1.5, 9 ORDER BY 3
    """
    assert module_lake.rows(sql) == [["s1", "31.5", "1"], ["s2", None, "2"], ["x", "1.5", "9"]]


def test_array_is_unnested(module_lake: Lake) -> None:
    assert module_lake.rows("SELECT x FROM (SELECT ARRAY[1, 2] AS a) t CROSS JOIN UNNEST(t.a) AS u(x)") == [
        ["1"],
        ["2"],
    ]


def test_execution_parameters_fill_placeholders(module_lake: Lake) -> None:
    sql = "SELECT sensor_id FROM readings WHERE temperature > ?"
    assert module_lake.rows(sql, ExecutionParameters=["30"]) == [["s1"]]
    with pytest.raises(ClientError, match="Incorrect number of parameters: expected 1 but found 0"):
        module_lake.start(sql)


def test_current_time_is_the_lab_clock_s(module_lake: Lake) -> None:
    before = module_lake.rows("SELECT current_date")
    module_lake.lab.cloud.clock.advance(86_400 * 2)
    assert module_lake.rows("SELECT current_date") > before


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT * FROM missing", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.house.missing' does not exist"),
        ("SELECT * FROM nowhere.t", "SCHEMA_NOT_FOUND: line 1:15: Schema 'nowhere' does not exist"),
        ("SELECT humidity FROM readings", "COLUMN_NOT_FOUND: line 1:8: Column 'humidity' cannot be resolved"),
        ("SELECT no_such(1)", "FUNCTION_NOT_FOUND: Function 'no_such' not registered"),
        ("SELECT * FROM read_csv('/etc/passwd')", "NOT_SUPPORTED: The local cloud does not serve table functions"),
        ("SELECT getenv('HOME')", "FUNCTION_NOT_FOUND: Function 'getenv' not registered"),
        ("SELECT read_text('/etc/passwd')", "FUNCTION_NOT_FOUND"),
        ('SELECT * FROM "/etc/passwd"', "TABLE_NOT_FOUND"),
        ("SELECT current_setting('x')", "FUNCTION_NOT_FOUND"),
        ("SELECT cast('x' AS integer)", "INVALID_CAST_ARGUMENT: Could not convert string 'x' to INT32"),
    ],
)
def test_query_that_cannot_run_fails_with_the_reason(module_lake: Lake, sql: str, reason: str) -> None:
    assert reason in module_lake.failure(sql)


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("SELEC 1", "line 1:"),
        ("SELECT FROM WHERE", "line 1:"),
        ("SELECT 1; SELECT 2", "Only one sql statement is allowed"),
        ("INSERT INTO readings VALUES (1)", "Queries of this type are not supported"),
        ("DELETE FROM readings", "Queries of this type are not supported"),
        (
            "CREATE TABLE x AS SELECT 1",
            "Queries of this type are not supported: the local cloud does not serve CREATE TABLE X",
        ),
        ("COPY readings TO '/tmp/x'", "Queries of this type are not supported"),
        ("ATTACH '/tmp/x'", "mismatched input"),
        ("PRAGMA database_list", "Queries of this type are not supported"),
        ("CREATE EXTERNAL TABLE t (a int) STORED AS PARQUET", "missing 'LOCATION'"),
        ("CREATE EXTERNAL TABLE t (a integr) LOCATION 's3://lake/'", "'integr' is not a column type"),
    ],
)
def test_query_that_does_not_start_says_why(module_lake: Lake, sql: str, sentence: str) -> None:
    with pytest.raises(ClientError) as refused:
        module_lake.start(sql)
    assert refused.value.response["Error"]["Code"] == "InvalidRequestException"
    assert sentence in refused.value.response["Error"]["Message"]


def test_output_location_is_needed_and_the_work_group_s_wins(module_lake: Lake) -> None:
    api = module_lake.lab.athena
    with pytest.raises(ClientError, match="No output location provided"):
        api.start_query_execution(QueryString="SELECT 1")
    with pytest.raises(ClientError, match="Unable to verify/create output bucket none"):
        module_lake.start("SELECT 1", ResultConfiguration={"OutputLocation": "s3://none/"})
    api.create_work_group(Name="lab", Configuration={"ResultConfiguration": {"OutputLocation": "s3://results/group/"}})
    execution = module_lake.run("SELECT 1", WorkGroup="lab")
    assert execution["ResultConfiguration"]["OutputLocation"].startswith("s3://results/group/")
    assert api.list_query_executions(WorkGroup="lab")["QueryExecutionIds"] == [execution["QueryExecutionId"]]


def test_value_that_a_column_cannot_hold_is_bad_data(lake: Lake) -> None:
    lake.run(f"CREATE EXTERNAL TABLE t (n int, s string) {JSON_SERDE} LOCATION 's3://lake/t/'")
    lake.put("t/a.json", {"n": "many", "s": {"a": 1}})
    assert "HIVE_BAD_DATA: Error parsing field value 'many' for field 0" in lake.failure("SELECT n FROM t")
    lake.put("t/a.json", "{broken")
    assert "HIVE_CURSOR_ERROR: Row is not a valid JSON Object" in lake.failure("SELECT n FROM t")
    lake.put("t/a.json", {"n": "7", "s": {"a": 1}})
    assert lake.rows("SELECT n, s FROM t") == [["7", '{"a":1}']]


def test_csv_is_read_with_its_header_and_quotes(lake: Lake) -> None:
    lake.run(
        "CREATE EXTERNAL TABLE plain (a string, n int) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' "
        "LOCATION 's3://lake/plain/' TBLPROPERTIES ('skip.header.line.count'='1')"
    )
    lake.put("plain/a.csv", "a,n", "x,1", "y,many")
    assert lake.rows("SELECT * FROM plain ORDER BY a") == [["x", "1"], ["y", None]]
    lake.run(
        "CREATE EXTERNAL TABLE quoted (a string, n string) ROW FORMAT SERDE "
        "'org.apache.hadoop.hive.serde2.OpenCSVSerde' LOCATION 's3://lake/quoted/'"
    )
    lake.put("quoted/a.csv", '"x, y","1"')
    assert lake.rows("SELECT a, cast(n AS integer) + 1 FROM quoted") == [["x, y", "2"]]


def test_parquet_is_read_by_the_columns_names(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    duckdb.execute(f"COPY (SELECT 's1' AS Sensor_Id, 31.5::DOUBLE AS temperature, 1 AS other) TO '{path}'")
    lake.lab.s3.put_object(Bucket="lake", Key="parquet/a.parquet", Body=path.read_bytes())
    lake.run(
        "CREATE EXTERNAL TABLE p (temperature double, sensor_id string, missing int) STORED AS PARQUET "
        "LOCATION 's3://lake/parquet/'"
    )
    assert lake.rows("SELECT * FROM p") == [["31.5", "s1", None]]


def test_partitions_are_projected(lake: Lake) -> None:
    lake.run(
        f"CREATE EXTERNAL TABLE logs (m string) PARTITIONED BY (day string, hour int, site string) {JSON_SERDE} "
        "LOCATION 's3://lake/logs/' TBLPROPERTIES ('projection.enabled'='true', "
        "'projection.day.type'='date', 'projection.day.format'='yyyy/MM/dd', 'projection.day.range'='2026/01/01,2026/01/03', "
        "'projection.hour.type'='integer', 'projection.hour.range'='0,23', 'projection.hour.digits'='2', "
        "'projection.site.type'='injected', 'storage.location.template'='s3://lake/logs/${site}/${day}/${hour}')"
    )
    lake.put("logs/a/2026/01/02/07/x.json", {"m": "found"})
    lake.put("logs/b/2026/01/02/07/x.json", {"m": "other"})
    assert lake.rows("SELECT m, day, hour FROM logs WHERE site = 'a'") == [["found", "2026/01/02", "7"]]
    assert lake.rows("SELECT m FROM logs WHERE site = 'a' AND day > '2026/01/02'") == []
    assert "CONSTRAINT_VIOLATION: For the injected projected partition column site" in lake.failure(
        "SELECT m FROM logs"
    )


def test_partitions_are_added_and_dropped(readings: Lake) -> None:
    readings.put("elsewhere/x.json", {"sensor_id": "s9"})
    readings.run(
        "ALTER TABLE readings ADD IF NOT EXISTS PARTITION (year='2025', month='12') LOCATION 's3://lake/elsewhere/'"
    )
    assert readings.rows("SELECT sensor_id FROM readings WHERE year = '2025'") == [["s9"]]
    readings.run("ALTER TABLE readings DROP PARTITION (year='2025', month='12')")
    assert readings.rows("SELECT count(*) FROM readings") == [["2"]]


def test_tables_are_shown_described_and_dropped(readings: Lake) -> None:
    assert readings.rows("SHOW TABLES") == [["readings"]]
    assert readings.rows("SHOW TABLES IN house") == [["readings"]]
    assert ["house"] in readings.rows("SHOW DATABASES")
    assert readings.rows("DESCRIBE readings")[0][0].split() == ["sensor_id", "string"]
    assert "is not empty" in readings.failure("DROP DATABASE house")
    readings.run("DROP TABLE readings")
    readings.run("DROP TABLE IF EXISTS readings")
    readings.run("DROP DATABASE house CASCADE")
    assert readings.lab.glue.get_databases()["DatabaseList"] == []


def test_role_without_permission_sees_no_object(readings: Lake) -> None:
    lab = readings.lab
    allowed = [("athena:*", "*"), ("glue:*", "*"), ("s3:PutObject", "*"), ("s3:ListBucket", "*")]
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    role = lab.role("analyst", "athena.amazonaws.com", *allowed)
    lab.iam.update_assume_role_policy(
        RoleName="analyst", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    keys = lab.sts.assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    client = boto3.client(
        "athena",
        endpoint_url=lab.cloud.endpoint_url,
        region_name="eu-west-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    execution = readings.finished(readings.start("SELECT * FROM readings", client))
    assert "PERMISSION_DENIED" in execution["Status"]["StateChangeReason"]
    assert "s3:GetObject" in execution["Status"]["StateChangeReason"]


def test_stopped_query_is_cancelled(module_lake: Lake) -> None:
    numbers = "(SELECT * FROM UNNEST(sequence(1, 3000)) AS t(n))"
    query_id = module_lake.start(f"SELECT count(*) FROM {numbers} a, {numbers} b, {numbers} c, {numbers} d")
    module_lake.lab.athena.stop_query_execution(QueryExecutionId=query_id)
    assert module_lake.finished(query_id)["Status"]["State"] == "CANCELLED"


NUMBERS = "(SELECT * FROM UNNEST(sequence(1, 3000)) AS t(n))"


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT sum(length(repeat(cast(n AS varchar), 25000000))) FROM {NUMBERS} a",
        f"SELECT array_agg(repeat('x', 100000) || cast(a.n AS varchar)) FROM {NUMBERS} a, {NUMBERS} b",
        "SELECT sequence(1, 1000000000)",
        f"SELECT max(x) FROM (SELECT {' || '.join(['repeat(cast(n AS varchar), 300000)'] * 30)} AS x FROM {NUMBERS} a) s",
    ],
    ids=["repeat", "array_agg", "sequence", "concat"],
)
def test_query_that_makes_much_of_little_fails_and_the_cloud_goes_on(module_lake: Lake, sql: str) -> None:
    failure = module_lake.failure(sql)

    assert failure.startswith(("EXCEEDED_LOCAL_LIMIT", "EXCEEDED_TIME_LIMIT", "GENERIC_USER_ERROR")), failure
    assert module_lake.rows("SELECT 1") == [["1"]]
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 1_500_000  # KB, of the largest process there was


def test_stars_that_double_their_columns_end_at_the_deadline(tmp_path: Path) -> None:
    columns = "WITH a0 AS (SELECT 1 AS x, 2 AS y), " + ", ".join(
        f"a{n} AS (SELECT l.*, r.* FROM a{n - 1} l, a{n - 1} r)" for n in range(1, 22)
    )
    asked = {"sql": f"{columns} SELECT * FROM a21", "parameters": [], "tables": [], "database": "x", "now_s": 0}
    apart = Apart(within_s=4)

    with pytest.raises(QueryFailed, match="EXCEEDED_"):
        apart.ask("translate", **asked)
        apart.ask("run", path=str(tmp_path / "result"))
    apart.close()


def test_query_has_a_deadline() -> None:
    apart = Apart(within_s=0.1)
    with pytest.raises(QueryFailed, match="EXCEEDED_TIME_LIMIT: Query exceeded the maximum run time of 0.1 s here"):
        apart.ask("translate", sql="SELECT 1", parameters=[], tables=[], database="x", now_s=0)
    apart.close()


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"type": "integer", "range": "0,1000000000000"}, "EXCEEDED_LOCAL_LIMIT: the projection makes more than"),
        ({"type": "integer", "range": "0,9", "digits": "1000000000"}, "digits are at most 64"),
        ({"type": "integer", "range": "0,9", "interval": "0"}, "interval is at least 1"),
        (
            {"type": "date", "format": "yyyy", "range": "1000,9000", "interval": "1", "interval.unit": "SECONDS"},
            "has more than 1000000 intervals",
        ),
        ({"type": "date", "format": "yyyy", "range": "1000,9000", "interval": "0"}, "interval is at least 1"),
    ],
    ids=["values", "digits", "no step", "seconds", "no interval"],
)
def test_projection_without_end_is_refused(module_lake: Lake, properties: dict[str, str], reason: str) -> None:
    listed = ", ".join(f"'projection.k.{name}'='{value}'" for name, value in properties.items())
    module_lake.run("DROP TABLE IF EXISTS endless")
    module_lake.run(
        f"CREATE EXTERNAL TABLE endless (m string) PARTITIONED BY (k string) {JSON_SERDE} LOCATION 's3://lake/endless/' "
        f"TBLPROPERTIES ('projection.enabled'='true', {listed})"
    )

    assert reason in module_lake.failure("SELECT * FROM endless")


def test_a_fault_of_the_querys_process_is_no_limit() -> None:
    apart = Apart()
    with pytest.raises(RuntimeError, match="IndexError"):
        apart.ask("choose", number=7, keys=[], partitions=[])
    apart.close()
