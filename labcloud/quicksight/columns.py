"""Which columns a data set has: its physical tables, joined and changed by its logical tables. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labcloud.quicksight.errors import InvalidParameterValueException

Columns = dict[str, str | None]
"""Name → type (STRING, INTEGER, DECIMAL, DATETIME); None: calculated, its type follows from an expression."""

OUTPUT_TYPES = {"BIT": "INTEGER", "BOOLEAN": "INTEGER", "JSON": "STRING", "SEMISTRUCT": "STRING"}
"""Input types that come out as another type."""


def output_columns(
    physical: Mapping[str, Any], logical: Mapping[str, Any] | None, data_sets: Mapping[str, Columns]
) -> Columns:
    """The columns that come out; raises InvalidParameterValueException for a reference that leads nowhere.

    `data_sets` are the columns of other data sets by ARN.
    """
    tables = {table_id: physical_columns(table) for table_id, table in physical.items()}
    if not logical:
        return {name: kind for columns in tables.values() for name, kind in columns.items()}
    roots = _roots(logical)
    if len(roots) != 1:
        raise InvalidParameterValueException(
            f"LogicalTableMap must have one table that is not joined into another, got {len(roots)}"
        )
    return _logical_columns(roots[0], logical, tables, data_sets, ())


def physical_columns(table: Mapping[str, Any]) -> Columns:
    """The columns of a table of a data source."""
    kinds = [kind for kind in ("RelationalTable", "CustomSql", "S3Source") if table.get(kind)]
    if len(kinds) != 1:
        raise InvalidParameterValueException(
            "A physical table is exactly one of RelationalTable, CustomSql and S3Source"
        )
    source = table[kinds[0]]
    columns = source.get("InputColumns") or source.get("Columns") or []
    if not columns:
        raise InvalidParameterValueException(f"{kinds[0]} of the data set has no columns")
    return {column["Name"]: OUTPUT_TYPES.get(column["Type"], column["Type"]) for column in columns}


def _roots(logical: Mapping[str, Any]) -> list[str]:
    joined = set()
    for table in logical.values():
        join = table["Source"].get("JoinInstruction") or {}
        joined |= {join.get("LeftOperand"), join.get("RightOperand")}
    return [table_id for table_id in logical if table_id not in joined]


def _logical_columns(
    table_id: str,
    logical: Mapping[str, Any],
    tables: Mapping[str, Columns],
    data_sets: Mapping[str, Columns],
    above: tuple[str, ...],
) -> Columns:
    if table_id not in logical or table_id in above:
        raise InvalidParameterValueException(f"LogicalTableMap has no usable table {table_id}")
    table = logical[table_id]
    source = table["Source"]
    if join := source.get("JoinInstruction"):
        columns: Columns = {}
        for operand in (join["RightOperand"], join["LeftOperand"]):
            columns |= _logical_columns(operand, logical, tables, data_sets, (*above, table_id))
    elif physical_id := source.get("PhysicalTableId"):
        if physical_id not in tables:
            raise InvalidParameterValueException(f"PhysicalTableMap has no table {physical_id}")
        columns = dict(tables[physical_id])
    else:
        if source.get("DataSetArn") not in data_sets:
            raise InvalidParameterValueException("Invalid dataSetArn")
        columns = dict(data_sets[source["DataSetArn"]])
    for transform in table.get("DataTransforms") or []:
        columns = _transformed(columns, transform)
    return columns


def _transformed(columns: Columns, transform: Mapping[str, Any]) -> Columns:
    (kind, operation), *more = [(kind, operation) for kind, operation in transform.items() if operation]
    if more:
        raise InvalidParameterValueException("A data transform holds exactly one operation")
    if kind == "CreateColumnsOperation":
        return columns | {column["ColumnName"]: None for column in operation["Columns"]}
    if kind == "ProjectOperation":
        wanted = operation["ProjectedColumns"]
        _require(columns, wanted, kind)
        return {name: columns[name] for name in wanted}
    if kind == "RenameColumnOperation":
        _require(columns, [operation["ColumnName"]], kind)
        renamed = operation["ColumnName"], operation["NewColumnName"]
        return {renamed[1] if name == renamed[0] else name: type_ for name, type_ in columns.items()}
    if kind == "CastColumnTypeOperation":
        _require(columns, [operation["ColumnName"]], kind)
        return columns | {operation["ColumnName"]: operation["NewColumnType"]}
    if kind in ("TagColumnOperation", "UntagColumnOperation"):
        _require(columns, [operation["ColumnName"]], kind)
    return columns


def _require(columns: Columns, names: list[str], where: str) -> None:
    if missing := [name for name in names if name not in columns]:
        known = ", ".join(columns)
        raise InvalidParameterValueException(f"{where} names columns that are not there: {missing}; there are {known}")
