"""UNLOAD writes a query's rows to S3 as the developer guide says: files, partitions, manifest and metadata."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from labcloud.errors import AwsError
from labcloud.timestream.unload import LARGEST_FILE
from tests.timestream.conftest import Lab

VALUES = "SELECT * FROM (VALUES (1, 'a', 'hot'), (2, 'b', 'cold'), (3, NULL, 'hot')) AS t(number, word, kind)"


def unload(lab: Lab, select: str, options: str = "", to: str = "s3://lake/house") -> list[str]:
    """The one row of the answer."""
    written = f" WITH ({options})" if options else ""
    (row,) = lab.rows(f"UNLOAD ({select}) TO '{to}'{written}")
    return row


def files(lab: Lab, ending: str) -> dict[str, bytes]:
    return {key: body for key, body in lab.objects.items() if key.endswith(ending)}


def only(lab: Lab, ending: str) -> bytes:
    (body,) = files(lab, ending).values()
    return body


def test_the_answer_counts_the_rows_and_names_metadata_and_manifest(lab: Lab) -> None:
    answer = lab.call("Query", QueryString=f"UNLOAD ({VALUES}) TO 's3://lake/house/'")
    assert [column["Name"] for column in answer["ColumnInfo"]] == ["rows", "metadataFile", "manifestFile"]
    assert [column["Type"]["ScalarType"] for column in answer["ColumnInfo"]] == ["BIGINT", "VARCHAR", "VARCHAR"]
    (rows, metadata, manifest) = (datum["ScalarValue"] for datum in answer["Rows"][0]["Data"])
    assert rows == "3"
    assert metadata.startswith(f"s3://lake/house/{answer['QueryId']}_")
    assert metadata.endswith("_metadata.json")
    assert manifest == metadata.replace("_metadata", "_manifest")


def test_csv_is_packed_and_without_a_header_unless_told_otherwise(lab: Lab) -> None:
    unload(lab, VALUES)
    (key,) = files(lab, ".gz")
    assert key.startswith("lake/house/results/")
    assert gzip.decompress(lab.objects[key]).decode() == "1,a,hot\n2,b,cold\n3,,hot\n"
    unload(lab, VALUES, "include_header='true', compression='none', field_delimiter='|'", "s3://lake/plain")
    assert only(lab, ".csv").decode() == "number|word|kind\n1|a|hot\n2|b|cold\n3||hot\n"


def test_values_are_escaped_as_the_guide_shows(lab: Lab) -> None:
    select = r"""SELECT 'Time,stream', 'Time"stream', 'Time\stream', ARRAY[23, 24, 25], TRUE, 1.5,
        CAST(ROW(23.0, 'hello') AS ROW(x DOUBLE, y VARCHAR)), TIMESTAMP '1970-01-01 00:00:00.000000010'"""
    unload(lab, select, "compression='NONE'")
    assert only(lab, ".csv").decode() == (
        r'"Time,stream",Time\"stream,Time\\stream,"[23,24,25]",true,1.5,"{\"x\":23.0,\"y\":\"hello\"}",'
        "1970-01-01 00:00:00.000000010\n"
    )


def test_a_time_series_is_a_list_of_points(lab: Lab) -> None:
    lab.make_table()
    lab.write(lab.record("100.0"))
    select = "SELECT CREATE_TIME_SERIES(time, measure_value::double) AS series FROM house.readings"
    unload(lab, select, "compression='NONE', escaped_by='^'")
    assert only(lab, ".csv").decode() == ('"[{^"time^":^"2022-06-17 17:44:43.000000000Z^",^"value^":100.0}]"\n')


def test_partitions_are_folders_and_their_columns_are_not_in_the_files(lab: Lab) -> None:
    unload(lab, VALUES, "partitioned_by = ARRAY['kind'], compression='NONE'")
    found = {key.split("/")[3]: body.decode() for key, body in files(lab, ".csv").items()}
    assert found == {"kind=hot": "1,a\n3,\n", "kind=cold": "2,b\n"}


def test_the_manifest_lists_the_files_and_the_metadata_the_columns(lab: Lab) -> None:
    unload(lab, VALUES, "partitioned_by = ARRAY[kind]")
    manifest = json.loads(only(lab, "_manifest.json"))
    listed = {each["url"]: each["file_metadata"] for each in manifest["result_files"]}
    assert {url.removeprefix("s3://"): each["content_length_in_bytes"] for url, each in listed.items()} == {
        key: len(body) for key, body in files(lab, ".gz").items()
    }
    assert sorted(each["row_count"] for each in listed.values()) == [1, 2]
    assert manifest["query_metadata"] == {
        "content_length_in_bytes": sum(each["content_length_in_bytes"] for each in listed.values()),
        "total_row_count": 3,
        "result_format": "CSV",
        "result_version": "Amazon Timestream version 1.0.0",
    }
    metadata = json.loads(only(lab, "_metadata.json"))
    assert metadata["ColumnInfo"][0] == {"Name": "number", "Type": {"ScalarType": "INTEGER"}}
    assert metadata["Author"] == {"Name": "Amazon Timestream", "MetadataFileVersion": "1.0"}


def test_parquet_keeps_the_types(lab: Lab, tmp_path: Path) -> None:
    lab.make_table()
    lab.write(lab.record("100.0"), lab.record("50.0", sensor="s2"))
    select = """SELECT sensor, time, measure_value::double AS value, ARRAY[1, 2] AS list, date(time) AS day,
        2h AS span, sensor = 's1' AS is_first FROM house.readings ORDER BY sensor"""
    unload(lab, select, "format='PARQUET'")
    file = tmp_path / "rows.parquet"
    file.write_bytes(only(lab, ".parquet"))
    rows = duckdb.sql(
        f"SELECT sensor, CAST(time AS VARCHAR), value, list, CAST(day AS VARCHAR), is_first FROM '{file}'"
    )
    assert rows.fetchall() == [
        ("s1", "2022-06-17 17:44:43", 100.0, [1, 2], "2022-06-17", True),
        ("s2", "2022-06-17 17:44:43", 50.0, [1, 2], "2022-06-17", False),
    ]


def test_nothing_found_is_an_empty_result(lab: Lab) -> None:
    assert unload(lab, f"{VALUES} WHERE number > 5")[0] == "0"
    assert json.loads(only(lab, "_manifest.json"))["result_files"] == []


def test_a_file_that_grows_too_large_is_followed_by_another(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labcloud.timestream.unload.LARGEST_FILE", 1000)
    rows = unload(lab, "SELECT n FROM UNNEST(sequence(1, 5000)) AS t(n)", "compression='NONE'")
    assert rows[0] == "5000"
    parts = files(lab, ".csv").values()
    assert len(parts) > 3
    assert sorted(line for part in parts for line in part.decode().split()) == sorted(str(n) for n in range(1, 5001))
    assert LARGEST_FILE > 1_000_000


def test_encryption_goes_to_s3(lab: Lab) -> None:
    unload(lab, VALUES, "encryption='SSE_KMS', kms_key='alias/lake'")
    assert {(each["ServerSideEncryption"], each["SSEKMSKeyId"]) for each in lab.puts} == {("aws:kms", "alias/lake")}


REFUSED = {
    "no S3 location": ("SELECT 1", "", "lake/house", "TO takes 's3://bucket/folder'"),
    "no folder": ("SELECT 1", "", "s3://lake", "TO takes 's3://bucket/folder'"),
    "an unknown option": ("SELECT 1", "formats='CSV'", "", "'formats' is no option of UNLOAD"),
    "an option twice": ("SELECT 1", "format='CSV', format='CSV'", "", "format is given twice"),
    "another format": ("SELECT 1", "format='ORC'", "", "format must be CSV or PARQUET"),
    "another compression": ("SELECT 1", "compression='ZSTD'", "", "compression must be GZIP or NONE"),
    "a long delimiter": ("SELECT 1", "field_delimiter='||'", "", "field_delimiter must be a single ASCII character"),
    "one character for two": ("SELECT 1", "escaped_by=','", "", "must differ from each other"),
    "a small file": ("SELECT 1", "max_file_size='1MB'", "", "max_file_size must be between 16MB and 78GB"),
    "a key without encryption": ("SELECT 1", "kms_key='x'", "", "kms_key needs encryption = 'SSE_KMS'"),
    "a partition that is no column": ("SELECT 1 AS a", "partitioned_by=ARRAY['b']", "", "Column 'b' does not exist"),
    "a partition that is not last": (
        "SELECT 1 AS a, 2 AS b", "partitioned_by=ARRAY['a']", "", "must be the last columns of the query",
    ),
    "partitions only": ("SELECT 1 AS a", "partitioned_by=ARRAY['a']", "", "at least one column that is no partition"),
    "a time": ("SELECT current_time AS a", "", "", "UNLOAD does not support the type time of column 'a'"),
    "an unknown type": ("SELECT NULL AS a", "", "", "UNLOAD does not support the type unknown of column 'a'"),
    "columns of one name": ("SELECT 1 AS a, 2 AS a", "", "", "Column 'a' is there twice"),
    "a partition beyond ASCII": ("SELECT 1 AS a, 'ü' AS b", "partitioned_by=ARRAY['b']", "", "only ASCII characters"),
    "many partitions": (
        "SELECT 1 AS a, n FROM UNNEST(sequence(1, 101)) AS t(n)", "partitioned_by=ARRAY['n']", "",
        "more than 100 partitions",
    ),
    "a listing": ("SHOW DATABASES", "", "", "expected SELECT"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_unload_does_not_take_is_refused(lab: Lab, case: tuple[str, str, str, str]) -> None:
    select, options, to, message = case
    with pytest.raises(AwsError, match=message) as refused:
        unload(lab, select, options, to or "s3://lake/house")
    assert refused.value.code == "ValidationException"
    assert files(lab, "_manifest.json") == {}


def test_what_s3_refuses_is_told(lab: Lab) -> None:
    lab.s3_refuses = AwsError("The specified bucket does not exist", code="NoSuchBucket", status=404)
    with pytest.raises(AwsError, match="UNLOAD cannot write to s3://lake/house: The specified bucket does not exist"):
        unload(lab, VALUES)


def test_an_unload_is_not_repeated_for_the_same_client_token(lab: Lab) -> None:
    given: dict[str, Any] = {"QueryString": f"UNLOAD ({VALUES}) TO 's3://lake/house'", "ClientToken": "t" * 32}
    assert lab.call("Query", **given) == lab.call("Query", **given)
    assert len(files(lab, ".gz")) == 1
