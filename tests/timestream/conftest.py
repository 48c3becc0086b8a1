"""A Timestream in memory on a manual clock, and calls as the gateway makes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from labcloud.api import ApiRequest, Caller
from labcloud.clock import ManualClock
from labcloud.errors import AwsError
from labcloud.timestream import Timestream

ACCOUNT, REGION = "123456789012", "eu-central-1"
NOW_S = 1_655_487_883.0
"""2022-06-17 17:44:43: the time of the developer guide's examples."""


class Lab:
    """Calls operations by name, reads results as text."""

    def __init__(self, timestream: Timestream | None = None, clock: ManualClock | None = None) -> None:
        self.clock = clock or ManualClock(NOW_S)
        self.timestream = timestream or Timestream(self.clock, lambda: "http://127.0.0.1:4566", call=self._call)
        self.objects: dict[str, bytes] = {}
        """What was put into S3, by bucket/key; `puts` are the calls, `s3_refuses` is what S3 says instead."""
        self.puts: list[Mapping[str, Any]] = []
        self.s3_refuses: AwsError | None = None

    def _call(self, request: ApiRequest, service: str, operation: str, parameters: Mapping[str, Any]) -> None:
        if self.s3_refuses:
            raise self.s3_refuses
        if operation == "PutObject":
            self.puts.append(parameters)
            self.objects[f"{parameters['Bucket']}/{parameters['Key']}"] = parameters["Body"]

    def call(self, operation: str, caller: str = "arn:aws:iam::123456789012:root", **parameters: Any) -> dict[str, Any]:
        service: Any = self.timestream.write
        if operation in ("Query", "CancelQuery", "PrepareQuery"):
            service = self.timestream.query
        request = ApiRequest(service.name, operation, parameters, REGION, Caller(ACCOUNT, caller))
        return service.operations[operation](request)

    def make_table(self, **properties: Any) -> None:
        """The table house.readings; keeps 24 hours in memory and 7 days on disk unless told otherwise."""
        retention = {"MemoryStoreRetentionPeriodInHours": 24, "MagneticStoreRetentionPeriodInDays": 7}
        self.call("CreateDatabase", DatabaseName="house")
        given = {"RetentionProperties": retention, **properties}
        self.call("CreateTable", DatabaseName="house", TableName="readings", **given)

    def write(self, *records: dict[str, Any], **more: Any) -> dict[str, Any]:
        given = {"DatabaseName": "house", "TableName": "readings", "Records": list(records), **more}
        return self.call("WriteRecords", **given)["RecordsIngested"]

    def record(self, value: object = "21.5", *, ago_s: float = 0, sensor: str = "s1", **more: Any) -> dict[str, Any]:
        time_ms = self.clock.now_ms() - round(ago_s * 1000)
        return {
            "Dimensions": [{"Name": "sensor", "Value": sensor}], "MeasureName": "temperature",
            "MeasureValue": str(value), "MeasureValueType": "DOUBLE", "Time": str(time_ms), **more,
        }  # fmt: skip

    def query(self, sql: str) -> tuple[list[str], list[list[str]]]:
        """Column types and rows of all pages, as text."""
        types: list[str] = []
        rows: list[list[str]] = []
        token: dict[str, str] = {}
        while True:
            page = self.call("Query", QueryString=sql, **token)
            types = [type_text(column["Type"]) for column in page["ColumnInfo"]]
            rows += [[datum_text(datum) for datum in row["Data"]] for row in page["Rows"]]
            if "NextToken" not in page:
                return types, rows
            token = {"NextToken": page["NextToken"]}

    def rows(self, sql: str) -> list[list[str]]:
        return self.query(sql)[1]


def type_text(type_: dict[str, Any]) -> str:
    if "ScalarType" in type_:
        return type_["ScalarType"]
    if "ArrayColumnInfo" in type_:
        return f"ARRAY({type_text(type_['ArrayColumnInfo']['Type'])})"
    if "TimeSeriesMeasureValueColumnInfo" in type_:
        return f"TIMESERIES({type_text(type_['TimeSeriesMeasureValueColumnInfo']['Type'])})"
    fields = [" ".join(filter(None, [f.get("Name"), type_text(f["Type"])])) for f in type_["RowColumnInfo"]]
    return f"ROW({', '.join(fields)})"


def datum_text(datum: dict[str, Any]) -> str:
    if datum.get("NullValue"):
        return "NULL"
    if "ScalarValue" in datum:
        return datum["ScalarValue"]
    if "ArrayValue" in datum:
        return f"[{', '.join(map(datum_text, datum['ArrayValue']))}]"
    if "RowValue" in datum:
        return f"({', '.join(map(datum_text, datum['RowValue']['Data']))})"
    return "{" + ", ".join(f"{p['Time']}: {datum_text(p['Value'])}" for p in datum["TimeSeriesValue"]) + "}"


@pytest.fixture
def lab() -> Iterator[Lab]:
    lab = Lab()
    yield lab
    lab.timestream.close()


@pytest.fixture(scope="module")
def shared_lab() -> Iterator[Lab]:
    """One Timestream for many read-only queries."""
    lab = Lab()
    yield lab
    lab.timestream.close()
