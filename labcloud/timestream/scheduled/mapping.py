"""From the rows of a scheduled query to records of its target table: what the mappings of its configuration say. Pure.

Source: Timestream developer guide, "Data model mappings for scheduled queries"; API reference, TimestreamConfiguration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labcloud.timestream.errors import ValidationException
from labcloud.timestream.sql import types as t
from labcloud.timestream.sql.render import double_text
from labcloud.timestream.sql.types import Type

TYPES: Mapping[str, tuple[Type, ...]] = {
    "BIGINT": (t.BIGINT, t.INTEGER),
    "BOOLEAN": (t.BOOLEAN,),
    "DOUBLE": (t.DOUBLE,),
    "VARCHAR": (t.VARCHAR,),
    "TIMESTAMP": (t.TIMESTAMP,),
}
"""The types of columns that a measure's type takes."""

Record = dict[str, Any]


class RowError(ValueError):
    """A row that makes no record; the text says why."""


def check_target(target: Mapping[str, Any], columns: Mapping[str, Type]) -> None:
    """Raises ValidationException for mappings that do not fit each other or the query's columns."""
    _require(columns, target["TimeColumn"], (t.TIMESTAMP,), "TimeColumn")
    for mapping in target["DimensionMappings"]:
        _require(columns, mapping["Name"], (t.VARCHAR,), "dimension")
    if not target["DimensionMappings"]:
        raise ValidationException("At least one dimension mapping is required.")
    name_column = target.get("MeasureNameColumn")
    if name_column:
        _require(columns, name_column, (t.VARCHAR,), "MeasureNameColumn")
    multi, mixed = target.get("MultiMeasureMappings"), target.get("MixedMeasureMappings")
    if bool(multi) == bool(mixed):
        raise ValidationException("Exactly one of MultiMeasureMappings and MixedMeasureMappings must be given.")
    if multi:
        if not name_column and not multi.get("TargetMultiMeasureName"):
            raise ValidationException("TargetMultiMeasureName is required where MeasureNameColumn is not given.")
        _check_attributes(multi["MultiMeasureAttributeMappings"], columns)
    for mapping in mixed or ():
        _check_mixed(mapping, columns, bool(name_column))


def _check_mixed(mapping: Mapping[str, Any], columns: Mapping[str, Type], named_by_column: bool) -> None:
    if named_by_column and not mapping.get("MeasureName"):
        raise ValidationException("MeasureName is required in each mapping where MeasureNameColumn is given.")
    if mapping["MeasureValueType"] == "MULTI":
        if not mapping.get("MultiMeasureAttributeMappings"):
            raise ValidationException("MultiMeasureAttributeMappings is required for a measure of type MULTI.")
        if not (mapping.get("TargetMeasureName") or mapping.get("MeasureName")):
            raise ValidationException("TargetMeasureName is required for a measure of type MULTI.")
        _check_attributes(mapping["MultiMeasureAttributeMappings"], columns)
    elif not mapping.get("SourceColumn"):
        raise ValidationException("SourceColumn is required for a measure that is not of type MULTI.")
    else:
        _require(columns, mapping["SourceColumn"], TYPES[mapping["MeasureValueType"]], "measure")


def _check_attributes(mappings: Sequence[Mapping[str, Any]], columns: Mapping[str, Type]) -> None:
    if not mappings:
        raise ValidationException("At least one multi-measure attribute mapping is required.")
    for mapping in mappings:
        _require(columns, mapping["SourceColumn"], TYPES[mapping["MeasureValueType"]], "measure")


def _require(columns: Mapping[str, Type], name: str, types: tuple[Type, ...], what: str) -> None:
    if name not in columns:
        raise ValidationException(f"The {what} '{name}' is no column of the query: {', '.join(columns)}")
    if columns[name] not in types:
        wanted = " or ".join(str(type_) for type_ in types)
        raise ValidationException(f"The {what} '{name}' must be of type {wanted}, not {columns[name]}.")


class Mapper:
    """Makes the records of one query's rows."""

    def __init__(self, target: Mapping[str, Any], names: Sequence[str], version: int) -> None:
        self._target = target
        self._at = {name: i for i, name in enumerate(names)}
        self._version = version

    def records(self, row: Sequence[Any]) -> list[Record]:
        """One record, or several where mappings are mixed. Raises RowError."""
        time_ns = self._value(row, self._target["TimeColumn"])
        if time_ns is None:
            raise RowError(f"The time column {self._target['TimeColumn']} is null.")
        common = {
            "Dimensions": self._dimensions(row), "Time": str(time_ns), "TimeUnit": "NANOSECONDS",
            "Version": self._version,
        }  # fmt: skip
        measures = self._measures(row)
        if not measures:
            raise RowError("All measure values are null.")
        return [{**common, **measure} for measure in measures]

    def line(self, row: Sequence[Any]) -> str:
        """The row for an error report."""
        return ",".join("" if value is None else str(value) for value in row)

    def _dimensions(self, row: Sequence[Any]) -> list[dict[str, str]]:
        pairs = [(mapping["Name"], self._value(row, mapping["Name"])) for mapping in self._target["DimensionMappings"]]
        found = [{"Name": name, "Value": value} for name, value in pairs if value is not None]
        if not found:
            raise RowError("All dimensions are null.")
        return found

    def _measures(self, row: Sequence[Any]) -> list[Record]:
        name_column = self._target.get("MeasureNameColumn")
        measure_name = self._value(row, name_column) if name_column else None
        if name_column and measure_name is None:
            raise RowError(f"The measure name column {name_column} is null.")
        multi = self._target.get("MultiMeasureMappings")
        if multi:
            name = measure_name or multi["TargetMultiMeasureName"]
            return self._multi(row, name, multi["MultiMeasureAttributeMappings"])
        mappings = self._target["MixedMeasureMappings"]
        if name_column:
            mappings = [mapping for mapping in mappings if mapping["MeasureName"] == measure_name]
            if not mappings:
                raise RowError(f"No mapping is for the measure name {measure_name}.")
        return [record for mapping in mappings for record in self._mixed(row, mapping)]

    def _mixed(self, row: Sequence[Any], mapping: Mapping[str, Any]) -> list[Record]:
        name = mapping.get("TargetMeasureName") or mapping.get("MeasureName") or mapping.get("SourceColumn")
        if mapping["MeasureValueType"] == "MULTI":
            return self._multi(row, str(name), mapping["MultiMeasureAttributeMappings"])
        value = self._value(row, mapping["SourceColumn"])
        if value is None:
            return []
        type_ = mapping["MeasureValueType"]
        return [{"MeasureName": name, "MeasureValueType": type_, "MeasureValue": _text(value, type_)}]

    def _multi(self, row: Sequence[Any], name: str, mappings: Sequence[Mapping[str, Any]]) -> list[Record]:
        """A record with the values that are not null; none if all are."""
        values = []
        for mapping in mappings:
            value = self._value(row, mapping["SourceColumn"])
            if value is not None:
                target = mapping.get("TargetMultiMeasureAttributeName") or mapping["SourceColumn"]
                type_ = mapping["MeasureValueType"]
                values.append({"Name": target, "Type": type_, "Value": _text(value, type_)})
        return [{"MeasureName": name, "MeasureValueType": "MULTI", "MeasureValues": values}] if values else []

    def _value(self, row: Sequence[Any], name: str) -> Any:
        return row[self._at[name]]


def _text(value: Any, type_: str) -> str:
    if type_ == "DOUBLE":
        return double_text(value)
    return str(value).lower() if type_ == "BOOLEAN" else str(value)


def reported(record: Record) -> dict[str, Any]:
    """A rejected record as an error report shows it."""
    dimensions = [{"name": d["Name"], "value": d["Value"], "dimensionValueType": None} for d in record["Dimensions"]]
    values = record.get("MeasureValues")
    return {
        "dimensions": dimensions,
        "measureName": record["MeasureName"],
        "measureValue": record.get("MeasureValue"),
        "measureValues": values and [{"name": v["Name"], "value": v["Value"], "type": v["Type"]} for v in values],
        "measureValueType": record["MeasureValueType"],
        "time": record["Time"],
        "timeUnit": record["TimeUnit"],
        "version": record["Version"],
    }
