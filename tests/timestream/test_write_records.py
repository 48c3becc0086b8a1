"""WriteRecords: versions, windows, types, limits. Source: developer guide, "Writes", and API reference, WriteRecords."""

from __future__ import annotations

from typing import Any

import pytest

from labcloud.timestream import RejectedRecordsException
from labcloud.timestream.errors import ResourceNotFoundException, ValidationException
from tests.timestream.conftest import ACCOUNT, REGION, Lab

HOUR = 3600
SAME_VERSION = (
    "A record already exists with the same time, dimensions, measure name, and record version. A higher record version "
    "must be specified in order to update the measure value. Specifying record version is supported by the latest SDKs."
)


@pytest.fixture
def lab(lab: Lab) -> Lab:
    lab.make_table()
    return lab


def rejected(lab: Lab, *records: dict[str, Any]) -> list[dict[str, Any]]:
    with pytest.raises(RejectedRecordsException) as raised:
        lab.write(*records)
    assert raised.value.status == 419
    assert raised.value.message == "One or more records have been rejected. See RejectedRecords for details."
    return raised.value.fields["RejectedRecords"]  # type: ignore[return-value]


def values(lab: Lab) -> list[str]:
    return [row[0] for row in lab.rows('SELECT measure_value::double FROM "house"."readings" ORDER BY time, sensor')]


def test_a_record_is_a_row_with_its_dimensions_measure_and_time(lab: Lab) -> None:
    assert lab.write(lab.record("21.5")) == {"Total": 1, "MemoryStore": 1, "MagneticStore": 0}
    types, rows = lab.query('SELECT * FROM "house"."readings"')
    assert types == ["VARCHAR", "VARCHAR", "TIMESTAMP", "DOUBLE"]
    assert rows == [["s1", "temperature", "2022-06-17 17:44:43.000000000", "21.5"]]


def test_the_same_record_twice_has_no_effect(lab: Lab) -> None:
    lab.write(lab.record("21.5"))
    assert lab.write(lab.record("21.5"))["Total"] == 1
    assert values(lab) == ["21.5"]


@pytest.mark.parametrize("flushed", [False, True], ids=["still pending", "already in DuckDB"])
def test_another_value_needs_a_higher_version(lab: Lab, flushed: bool) -> None:
    lab.write(lab.record("21.5"))
    if flushed:
        assert values(lab) == ["21.5"]
    assert rejected(lab, lab.record("22.5")) == [{"RecordIndex": 0, "Reason": SAME_VERSION, "ExistingVersion": 1}]
    lab.write(lab.record("22.5", Version=5))
    assert values(lab) == ["22.5"]
    assert rejected(lab, lab.record("23.5", Version=4)) == [
        {
            "RecordIndex": 0,
            "Reason": "The record version 4 is lower than the existing version 5. "
            "A higher version is required to update the measure value.",
            "ExistingVersion": 5,
        }
    ]


@pytest.mark.parametrize("flushed", [False, True], ids=["still pending", "already in DuckDB"])
def test_the_same_value_with_a_higher_version_raises_the_version(lab: Lab, flushed: bool) -> None:
    lab.write(lab.record("21.5"))
    if flushed:
        assert values(lab) == ["21.5"]
    lab.write(lab.record("21.5", Version=7))
    if flushed:
        assert values(lab) == ["21.5"]
    assert rejected(lab, lab.record("22.5", Version=6))[0]["ExistingVersion"] == 7


def test_the_same_identity_twice_in_one_call_goes_by_order(lab: Lab) -> None:
    reasons = rejected(lab, lab.record("1"), lab.record("2"), lab.record("3", Version=2), lab.record("1"))
    assert [each["RecordIndex"] for each in reasons] == [1, 3]
    assert values(lab) == ["3.0"]


def test_the_good_records_of_a_rejected_call_are_written(lab: Lab) -> None:
    reasons = rejected(lab, lab.record("1", ago_s=3), lab.record("2", ago_s=25 * HOUR), lab.record("3", ago_s=1))
    assert [each["RecordIndex"] for each in reasons] == [1]
    assert values(lab) == ["1.0", "3.0"]


def test_a_time_before_the_memory_store_is_rejected(lab: Lab) -> None:
    assert rejected(lab, lab.record(ago_s=24 * HOUR + 1)) == [
        {
            "RecordIndex": 0,
            "Reason": "The record timestamp is outside the time range [2022-06-16T17:44:43.000Z, "
            "2022-06-17T17:59:43.000Z) of the memory store.",
        }
    ]
    assert lab.write(lab.record(ago_s=24 * HOUR))["MemoryStore"] == 1


def test_a_time_more_than_15_minutes_ahead_is_rejected(lab: Lab) -> None:
    assert lab.write(lab.record(ago_s=-14 * 60))["Total"] == 1
    assert "outside the time range" in rejected(lab, lab.record(ago_s=-15 * 60))[0]["Reason"]


def test_late_records_go_to_the_magnetic_store_where_it_is_enabled(lab: Lab) -> None:
    lab.call(
        "UpdateTable", DatabaseName="house", TableName="readings",
        MagneticStoreWriteProperties={"EnableMagneticStoreWrites": True},
    )  # fmt: skip
    counts = lab.write(lab.record(ago_s=1), lab.record(ago_s=48 * HOUR))
    assert counts == {"Total": 2, "MemoryStore": 1, "MagneticStore": 1}
    reason = rejected(lab, lab.record(ago_s=9 * 24 * HOUR))[0]["Reason"]
    assert reason.startswith("The record timestamp is outside the time range [2022-06-09T17:44:43.000Z, ")
    assert reason.endswith(" of the data ingestion window.")


def test_retention_ends_by_the_clock(lab: Lab) -> None:
    lab.write(lab.record("1"))
    lab.clock.advance(8 * 24 * HOUR - 1)
    assert values(lab) == ["1.0"]
    lab.clock.advance(2)
    assert values(lab) == []


def test_a_measure_keeps_the_type_of_its_first_record(lab: Lab) -> None:
    lab.write(lab.record("20", ago_s=9, MeasureValueType="BIGINT"))
    reasons = rejected(lab, lab.record("21.37"))
    assert reasons[0]["Reason"] == (
        "The measure value type DOUBLE of measure temperature conflicts with the type BIGINT "
        "that it already has in the table."
    )
    assert lab.rows("SELECT measure_value::bigint FROM house.readings") == [["20"]]


def test_one_column_for_each_type_of_single_measures(lab: Lab) -> None:
    lab.write(
        lab.record("20", MeasureName="n", MeasureValueType="BIGINT"),
        lab.record("on", MeasureName="state", MeasureValueType="VARCHAR"),
        lab.record("TRUE", MeasureName="open", MeasureValueType="BOOLEAN"),
        lab.record("2.5"),
    )
    types, rows = lab.query("SELECT * FROM house.readings ORDER BY measure_name")
    assert types == ["VARCHAR", "VARCHAR", "TIMESTAMP", "BIGINT", "VARCHAR", "BOOLEAN", "DOUBLE"]
    assert [row[3:] for row in rows] == [
        ["20", "NULL", "NULL", "NULL"],
        ["NULL", "NULL", "true", "NULL"],
        ["NULL", "on", "NULL", "NULL"],
        ["NULL", "NULL", "NULL", "2.5"],
    ]


def test_a_multi_record_has_a_column_for_each_value(lab: Lab) -> None:
    record = lab.record()
    del record["MeasureValue"]
    record |= {
        "MeasureName": "climate", "MeasureValueType": "MULTI",
        "MeasureValues": [
            {"Name": "temperature", "Value": "21.5", "Type": "DOUBLE"},
            {"Name": "people", "Value": "3", "Type": "BIGINT"},
            {"Name": "seen", "Value": record["Time"], "Type": "TIMESTAMP"},
        ],
    }  # fmt: skip
    lab.write(record)
    types, rows = lab.query("SELECT temperature, people, seen FROM house.readings")
    assert (types, rows) == (["DOUBLE", "BIGINT", "TIMESTAMP"], [["21.5", "3", "2022-06-17 17:44:43.000000000"]])
    other = [{"Name": "people", "Value": "3.5", "Type": "DOUBLE"}]
    reason = rejected(lab, {**record, "Version": 2, "MeasureValues": other})[0]["Reason"]
    assert reason == "The measure people of type DOUBLE conflicts with the BIGINT measure of that name in the table."
    lab.write({**record, "Version": 3, "MeasureValues": [{"Name": "people", "Value": "4", "Type": "BIGINT"}]})
    assert lab.rows("SELECT temperature, people FROM house.readings") == [["NULL", "4"]]


@pytest.mark.parametrize(
    ("unit", "time", "shown"),
    [
        ("SECONDS", "1655487883", "2022-06-17 17:44:43.000000000"),
        ("MILLISECONDS", "1655487883001", "2022-06-17 17:44:43.001000000"),
        ("MICROSECONDS", "1655487883000001", "2022-06-17 17:44:43.000001000"),
        ("NANOSECONDS", "1655487883000000001", "2022-06-17 17:44:43.000000001"),
    ],
)
def test_times_are_exact_to_the_nanosecond(lab: Lab, unit: str, time: str, shown: str) -> None:
    lab.write(lab.record(Time=time, TimeUnit=unit))
    assert lab.rows("SELECT time FROM house.readings") == [[shown]]


def test_common_attributes_are_merged_into_each_record(lab: Lab) -> None:
    common = {
        "Dimensions": [{"Name": "house", "Value": "h1"}], "MeasureName": "temperature", "MeasureValueType": "DOUBLE",
        "Time": "1655487883", "TimeUnit": "SECONDS",
    }  # fmt: skip
    records = [
        {"Dimensions": [{"Name": "sensor", "Value": f"s{i}"}], "MeasureValue": str(i), "Time": f"165548788{i}"}
        for i in (1, 2)
    ]
    assert lab.write(*records, CommonAttributes=common)["Total"] == 2
    assert lab.rows("SELECT house, sensor, time FROM house.readings ORDER BY time") == [
        ["h1", "s1", "2022-06-17 17:44:41.000000000"],
        ["h1", "s2", "2022-06-17 17:44:42.000000000"],
    ]


def test_missing_dimensions_are_null_and_a_series_of_their_own(lab: Lab) -> None:
    lab.write(lab.record("1"), lab.record("2", Dimensions=[{"Name": "room", "Value": "r1"}]))
    lab.write(lab.record("1"))
    assert lab.rows("SELECT sensor, room FROM house.readings ORDER BY 1") == [["s1", "NULL"], ["NULL", "r1"]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Dimensions": []}, "At least one dimension is required for a record."),
        ({"Time": "yesterday"}, "Invalid time for record."),
        ({"Time": "-1"}, "Invalid time for record."),
        ({"Time": "9223372036854775"}, "Invalid time for record."),
        ({"Version": 0}, "Invalid version for record"),
        ({"MeasureName": ""}, "Measure name is required for a record."),
        ({"MeasureName": "ts_x"}, "Invalid measure name: ts_x."),
        ({"MeasureValue": "warm"}, "Invalid measure value: 'warm' is not a DOUBLE."),
        ({"MeasureValue": "2.5", "MeasureValueType": "BIGINT"}, "Invalid measure value: '2.5' is not a BIGINT."),
        ({"MeasureValueType": "TIMESTAMP"}, "TIMESTAMP is an invalid measure value type"),
        ({"Dimensions": [{"Name": "a:b", "Value": "x"}]}, "Invalid dimension name: a:b."),
        ({"Dimensions": [{"Name": "time", "Value": "x"}]}, "Invalid dimension name: time."),
        ({"MeasureValueType": "MULTI"}, "MeasureValues is required"),
        ({"Dimensions": [{"Name": "d", "Value": "\ud800"}]}, "A text of the record is not valid Unicode."),
        ({"MeasureName": "\ud800"}, "A text of the record is not valid Unicode."),
    ],
)  # fmt: skip
def test_a_malformed_record_fails_the_whole_call(lab: Lab, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationException) as raised:
        lab.write(lab.record("1", ago_s=1), {**lab.record(), **change})
    assert raised.value.message.startswith(message)
    assert lab.rows("SELECT count(*) FROM house.readings") == [["0"]]


def test_a_dimension_in_the_record_and_in_the_common_attributes_fails_the_call(lab: Lab) -> None:
    with pytest.raises(ValidationException, match="Duplicate dimension name"):
        lab.write(lab.record(), CommonAttributes={"Dimensions": [{"Name": "sensor", "Value": "s2"}]})


def test_a_call_takes_at_most_100_records(lab: Lab) -> None:
    with pytest.raises(ValidationException, match="Member must have length less than or equal to 100"):
        lab.write(*[lab.record(ago_s=i) for i in range(101)])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Dimensions": [{"Name": f"d{i}", "Value": "x"} for i in range(129)]}, "more than 128 dimensions"),
        ({"Dimensions": [{"Name": "d" * 61, "Value": "x"}]}, "longer than 60 bytes"),
        ({"Dimensions": [{"Name": "d", "Value": "x" * 2048}]}, "larger than 2048 bytes"),
    ],
)
def test_records_over_the_limits_are_rejected(lab: Lab, change: dict[str, Any], reason: str) -> None:
    assert reason in rejected(lab, {**lab.record(), **change})[0]["Reason"]


def test_a_required_partition_key_must_be_in_each_record(lab: Lab) -> None:
    key = {"Type": "DIMENSION", "Name": "house", "EnforcementInRecord": "REQUIRED"}
    lab.call("CreateTable", DatabaseName="house", TableName="keyed", Schema={"CompositePartitionKey": [key]})
    with pytest.raises(RejectedRecordsException) as raised:
        lab.call("WriteRecords", DatabaseName="house", TableName="keyed", Records=[lab.record()])
    assert "lacks the dimension house" in raised.value.rejected[0]["Reason"]


def test_a_table_that_is_not_there_is_named(lab: Lab) -> None:
    with pytest.raises(ResourceNotFoundException, match="The table nowhere does not exist."):
        lab.call("WriteRecords", DatabaseName="house", TableName="nowhere", Records=[lab.record()])


def test_rule_actions_write_in_process_by_the_same_rules(lab: Lab) -> None:
    lab.timestream.write_records(ACCOUNT, REGION, "house", "readings", [lab.record("1")])
    assert values(lab) == ["1.0"]
    with pytest.raises(RejectedRecordsException):
        lab.timestream.write_records(ACCOUNT, REGION, "house", "readings", [lab.record("2")])


def test_accounts_and_regions_are_apart(lab: Lab) -> None:
    with pytest.raises(ResourceNotFoundException):
        lab.timestream.write_records(ACCOUNT, "us-east-1", "house", "readings", [lab.record("1")])


def test_minus_zero_beside_zero_stays_minus_zero(lab: Lab) -> None:
    lab.write(lab.record("0.0", ago_s=1), lab.record("-0.0"))
    assert values(lab) == ["0.0", "-0.0"]


def test_a_partition_key_that_becomes_required_holds_for_known_devices_too(lab: Lab) -> None:
    keys = [{"Type": "DIMENSION", "Name": "house", "EnforcementInRecord": level} for level in ("OPTIONAL", "REQUIRED")]
    where = {"DatabaseName": "house", "TableName": "keyed"}
    lab.call("CreateTable", **where, Schema={"CompositePartitionKey": keys[:1]})
    lab.call("WriteRecords", **where, Records=[lab.record(ago_s=1)])
    lab.call("UpdateTable", **where, Schema={"CompositePartitionKey": keys[1:]})
    with pytest.raises(RejectedRecordsException) as raised:
        lab.call("WriteRecords", **where, Records=[lab.record()])
    assert "lacks the dimension house" in raised.value.rejected[0]["Reason"]


def test_a_record_without_dimensions_is_told_so(lab: Lab) -> None:
    record = lab.record()
    del record["Dimensions"]
    with pytest.raises(ValidationException, match="At least one dimension is required for a record."):
        lab.write(record)
