"""Whether the definition of an analysis or a dashboard fits its data sets. Pure.

AWS refuses a definition with such faults unless the validation strategy is LENIENT; then it keeps it and lists them
(API reference, ValidationStrategy). The faults have the names of its AnalysisErrorType; an undeclared identifier and
an unknown column are told as PARAMETER_NOT_FOUND.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from labcloud.quicksight.columns import Columns

TYPES_OF_FIELDS = {
    "DateDimensionField": ("DATETIME",),
    "DateMeasureField": ("DATETIME",),
    "NumericalDimensionField": ("INTEGER", "DECIMAL"),
    "NumericalMeasureField": ("INTEGER", "DECIMAL"),
}
"""What a column of a field must be."""

Fault = dict[str, str]
"""Type and Message, as in the API."""


def data_set_arns(definition: Mapping[str, Any]) -> list[str]:
    """The data sets that a definition declares."""
    return [declared["DataSetArn"] for declared in definition.get("DataSetIdentifierDeclarations") or []]


def faults_of_definition(definition: Mapping[str, Any], data_sets: Mapping[str, Columns]) -> list[Fault]:
    """Everything that does not fit; `data_sets` are the columns of the existing data sets by ARN."""
    return [{"Type": kind, "Message": message} for kind, message in _faults(definition, data_sets)]


def _faults(definition: Mapping[str, Any], data_sets: Mapping[str, Columns]) -> Iterator[tuple[str, str]]:
    known: dict[str, Columns | None] = {}
    for declared in definition.get("DataSetIdentifierDeclarations") or []:
        identifier, arn = declared["Identifier"], declared["DataSetArn"]
        if identifier in known:
            yield "PARAMETER_VALUE_INCOMPATIBLE", f"DataSetIdentifier {identifier} is declared twice"
        if arn not in data_sets:
            yield "DATA_SET_NOT_FOUND", f"Data set {arn} (identifier {identifier}) does not exist"
        known[identifier] = dict(data_sets[arn]) if arn in data_sets else None
    for calculated in definition.get("CalculatedFields") or []:
        columns = known.get(calculated.get("DataSetIdentifier", ""))
        if columns is not None:
            columns[calculated["Name"]] = None
    yield from _faults_of_ids(definition)
    yield from _faults_of_columns(definition, known, "definition", None)


def _faults_of_ids(definition: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    sheets = definition.get("Sheets") or []
    visuals = [
        details["VisualId"]
        for sheet in sheets
        for visual in sheet.get("Visuals") or []
        for details in visual.values()
        if details
    ]
    for name, ids in (("SheetId", [sheet["SheetId"] for sheet in sheets]), ("VisualId", visuals)):
        for repeated in [one for one, count in Counter(ids).items() if count > 1]:
            yield "PARAMETER_VALUE_INCOMPATIBLE", f"{name} {repeated} is used more than once"


def _faults_of_columns(
    node: Any, known: Mapping[str, Columns | None], path: str, field: str | None
) -> Iterator[tuple[str, str]]:
    if isinstance(node, list):
        for number, item in enumerate(node):
            yield from _faults_of_columns(item, known, f"{path}[{number}]", field)
    elif isinstance(node, Mapping):
        if isinstance(node.get("ColumnName"), str) and "DataSetIdentifier" in node:
            yield from _faults_of_column(node["DataSetIdentifier"], node["ColumnName"], known, path, field)
        for key, value in node.items():
            inside = key if key in TYPES_OF_FIELDS else (field if key == "Column" else None)
            yield from _faults_of_columns(value, known, f"{path}.{key}", inside)


def _faults_of_column(
    identifier: str, column: str, known: Mapping[str, Columns | None], path: str, field: str | None
) -> Iterator[tuple[str, str]]:
    if identifier not in known:
        declared = ", ".join(known) or "none"
        yield "PARAMETER_NOT_FOUND", f"DataSetIdentifier {identifier} is not declared (declared: {declared}) at {path}"
        return
    columns = known[identifier]
    if columns is None:
        return
    if column not in columns:
        there = ", ".join(columns)
        yield "PARAMETER_NOT_FOUND", f"Column {column} is not in data set {identifier} (columns: {there}) at {path}"
        return
    kind, wanted = columns[column], TYPES_OF_FIELDS.get(field or "")
    if wanted and kind is not None and kind not in wanted:
        yield "COLUMN_TYPE_MISMATCH", f"Column {column} is {kind}, {field} needs {' or '.join(wanted)} at {path}"
