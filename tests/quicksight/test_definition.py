from __future__ import annotations

from typing import Any

import pytest

from labcloud.quicksight.columns import output_columns
from labcloud.quicksight.definition import faults_of_definition
from labcloud.quicksight.errors import InvalidParameterValueException

SET = "arn:aws:quicksight:eu-central-1:123456789012:dataset/readings"
COLUMNS = {"time": "DATETIME", "zone_id": "STRING", "temperature": "DECIMAL"}
SOURCE = {"DataSourceArn": "arn:aws:quicksight:eu-central-1:123456789012:datasource/x", "Name": "readings"}


def table(**columns: str) -> dict[str, Any]:
    """A physical table."""
    listed = [{"Name": name, "Type": kind} for name, kind in columns.items()]
    return {"RelationalTable": SOURCE | {"InputColumns": listed}}


def logical(source: dict[str, Any], *transforms: dict[str, Any]) -> dict[str, Any]:
    return {"Alias": "a", "Source": source, "DataTransforms": list(transforms)}


def field(kind: str, column: str, identifier: str = "readings") -> dict[str, Any]:
    return {kind: {"FieldId": "f", "Column": {"DataSetIdentifier": identifier, "ColumnName": column}}}


def definition(*fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A definition with one chart of these fields."""
    chart = {"VisualId": "v", "ChartConfiguration": {"FieldWells": {"Aggregated": {"Values": list(fields)}}}}
    return {
        "DataSetIdentifierDeclarations": [{"Identifier": "readings", "DataSetArn": SET}],
        "Sheets": [{"SheetId": "s", "Visuals": [{"LineChartVisual": chart}]}],
    } | more


def faults(of: dict[str, Any]) -> list[str]:
    return [f"{fault['Type']}: {fault['Message']}" for fault in faults_of_definition(of, {SET: COLUMNS})]


# Columns


def test_columns_of_physical_tables_come_out() -> None:
    physical = {"r": table(time="DATETIME", on="BOOLEAN")}
    assert output_columns(physical, None, {}) == {"time": "DATETIME", "on": "INTEGER"}


def test_transforms_rename_cast_create_and_project_in_order() -> None:
    steps = [
        {"RenameColumnOperation": {"ColumnName": "at", "NewColumnName": "time"}},
        {"CastColumnTypeOperation": {"ColumnName": "time", "NewColumnType": "DATETIME"}},
        {"CreateColumnsOperation": {"Columns": [{"ColumnName": "kelvin", "ColumnId": "k", "Expression": "1"}]}},
        {"ProjectOperation": {"ProjectedColumns": ["time", "kelvin"]}},
    ]
    physical = {"r": table(at="STRING", other="STRING")}
    assert output_columns(physical, {"l": logical({"PhysicalTableId": "r"}, *steps)}, {}) == {
        "time": "DATETIME",
        "kelvin": None,
    }


def test_join_has_the_columns_of_both_sides() -> None:
    join = {"LeftOperand": "l", "RightOperand": "r", "Type": "LEFT", "OnClause": "{id} = {other}"}
    tables = {
        "l": logical({"PhysicalTableId": "a"}),
        "r": logical({"PhysicalTableId": "b"}),
        "j": logical({"JoinInstruction": join}),
    }
    physical = {"a": table(id="STRING"), "b": table(other="STRING")}
    assert set(output_columns(physical, tables, {})) == {"id", "other"}


def test_data_set_can_be_the_source_of_a_logical_table() -> None:
    assert output_columns({}, {"l": logical({"DataSetArn": SET})}, {SET: COLUMNS}) == COLUMNS


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"l": logical({"PhysicalTableId": "x"})}, "PhysicalTableMap has no table x"),
        ({"l": logical({"DataSetArn": SET})}, "Invalid dataSetArn"),
        ({"l": logical({"PhysicalTableId": "r"}), "m": logical({"PhysicalTableId": "r"})}, "got 2"),
        (
            {"l": logical({"PhysicalTableId": "r"}, {"ProjectOperation": {"ProjectedColumns": ["colour"]}})},
            "ProjectOperation names columns that are not there: \\['colour'\\]; there are time",
        ),
    ],
    ids=["unknown table", "unknown data set", "two roots", "unknown column"],
)
def test_reference_that_leads_nowhere_is_refused(tables: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidParameterValueException, match=message):
        output_columns({"r": table(time="DATETIME")}, tables, {})


# Definitions


def test_definition_that_fits_has_no_faults() -> None:
    wells = field("DateDimensionField", "time"), field("NumericalMeasureField", "temperature")
    assert faults(definition(*wells)) == []


def test_unknown_column_is_named_with_the_columns_there_are() -> None:
    (fault,) = faults(definition(field("NumericalMeasureField", "temprature")))
    assert fault.startswith(
        "PARAMETER_NOT_FOUND: Column temprature is not in data set readings (columns: time, zone_id, temperature) at "
        "definition.Sheets[0].Visuals[0].LineChartVisual"
    )


def test_undeclared_identifier_is_named() -> None:
    (fault,) = faults(definition(field("NumericalMeasureField", "temperature", "reading")))
    assert fault.startswith("PARAMETER_NOT_FOUND: DataSetIdentifier reading is not declared (declared: readings)")


def test_missing_data_set_is_named_once_and_its_columns_are_not_guessed() -> None:
    declared = [{"Identifier": "readings", "DataSetArn": SET + "2"}]
    of = definition(field("NumericalMeasureField", "x"), DataSetIdentifierDeclarations=declared)
    assert faults(of) == [f"DATA_SET_NOT_FOUND: Data set {SET}2 (identifier readings) does not exist"]


def test_measure_of_a_text_column_is_a_type_mismatch() -> None:
    (fault,) = faults(definition(field("NumericalMeasureField", "zone_id")))
    assert fault.startswith("COLUMN_TYPE_MISMATCH: Column zone_id is STRING, NumericalMeasureField needs INTEGER")


def test_calculated_field_is_a_column_of_any_type() -> None:
    kelvin = {"DataSetIdentifier": "readings", "Name": "kelvin", "Expression": "{temperature} + 273.15"}
    assert faults(definition(field("NumericalMeasureField", "kelvin"), CalculatedFields=[kelvin])) == []


def test_ids_used_twice_are_named() -> None:
    visual = {"BarChartVisual": {"VisualId": "v"}}
    sheets = [{"SheetId": "s", "Visuals": [visual, visual]}, {"SheetId": "s"}]
    assert [fault.split(": ")[1] for fault in faults(definition(Sheets=sheets))] == [
        "SheetId s is used more than once",
        "VisualId v is used more than once",
    ]
