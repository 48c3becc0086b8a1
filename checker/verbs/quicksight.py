"""QuickSight: data sources, data sets, and what the charts of dashboards and analyses show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from checker.target import Target
from checker.verbs.aws import all_pages, found_or_none

NOT_THE_VALUE = frozenset({"SUM", "COUNT", "DISTINCT_COUNT", "VAR", "VARP", "STDEV", "STDEVP"})


@dataclass(frozen=True)
class DataSource:
    arn: str
    name: str
    kind: str


@dataclass(frozen=True)
class DataSet:
    """A data set, the sources it reads, its tables or SQL, its columns."""

    arn: str
    name: str
    source_arns: tuple[str, ...]
    reads: tuple[str, ...]
    columns: tuple[str, ...]
    queries: tuple[str, ...] = ()
    """What the data set asks its source, as SQL; none where its rows are transformed afterwards."""

    def describe(self, wanted: Set[str]) -> str:
        """What it reads, its columns, and which of the wanted ones it lacks, as text."""
        reads = ", ".join(" ".join(text.split()) for text in self.reads)
        lacking = ", ".join(sorted(wanted - set(self.columns)))
        columns = ", ".join(self.columns) or "none"
        if lacking:
            return f"{self.name}: reads {reads}; columns {columns}; without {lacking}"
        return f"{self.name}: reads {reads}; columns {columns}"


@dataclass(frozen=True, order=True)
class Well:
    """A column in a field well: the kind of field (`DateDimensionField`), and how a measure is summed up."""

    column: str
    kind: str = ""
    aggregation: str = ""

    def __str__(self) -> str:
        return f"{self.aggregation} of {self.column}" if self.aggregation else self.column


@dataclass(frozen=True)
class Chart:
    """One visual: its kind (`LineChartVisual`) and the columns in its field wells."""

    kind: str
    wells: frozenset[Well]
    where: str

    def shows(self, value: str, by: str) -> bool:
        """Does it show `value` over the column `time`, split by `by`? A sum or a count of values is not the value."""
        is_over_time = any(well.column == "time" and well.kind == "DateDimensionField" for well in self.wells)
        values = {
            well.aggregation for well in self.wells if well.column == value and well.kind == "NumericalMeasureField"
        }
        return is_over_time and bool(values - NOT_THE_VALUE) and any(well.column == by for well in self.wells)

    @property
    def description(self) -> str:
        """Where it stands and what it shows, as text."""
        return f"{self.where}: {self.kind} of {', '.join(map(str, sorted(self.wells))) or 'nothing'}"


class QuickSightVerbs:
    """Looks at what exists in the account's QuickSight."""

    def __init__(self, target: Target) -> None:
        self._client = target.client("quicksight")
        self._target = target
        self._account: str | None = None

    @property
    def account(self) -> str:
        if self._account is None:
            self._account = self._target.client("sts").get_caller_identity()["Account"]
        return self._account

    def data_sources(self) -> list[DataSource]:
        """All data sources."""
        entries = all_pages(self._client, "list_data_sources", "DataSources", AwsAccountId=self.account)
        return [DataSource(entry["Arn"], entry.get("Name", ""), entry.get("Type", "")) for entry in entries]

    def data_sets(self) -> list[DataSet]:
        """All data sets that can be described."""
        entries = all_pages(self._client, "list_data_sets", "DataSetSummaries", AwsAccountId=self.account)
        described = (
            found_or_none(self._client.describe_data_set, AwsAccountId=self.account, DataSetId=entry["DataSetId"])
            for entry in entries
        )
        return [parse_data_set(found["DataSet"]) for found in described if found]

    def charts(self) -> list[Chart]:
        """The visuals of all dashboards and analyses."""
        found: list[Chart] = []
        for kind in ("Dashboard", "Analysis"):
            plural = {"Dashboard": "dashboards", "Analysis": "analyses"}[kind]
            key = {"Dashboard": "DashboardSummaryList", "Analysis": "AnalysisSummaryList"}[kind]
            for entry in all_pages(self._client, f"list_{plural}", key, AwsAccountId=self.account):
                if entry.get("Status") == "DELETED":
                    continue
                describe = getattr(self._client, f"describe_{kind.lower()}_definition")
                answer = found_or_none(describe, **{"AwsAccountId": self.account, f"{kind}Id": entry[f"{kind}Id"]})
                found += charts_of((answer or {}).get("Definition", {}), f"{kind.lower()} {entry.get('Name', '')}")
        return found


def parse_data_set(raw: Mapping[str, Any]) -> DataSet:
    """Reads what DescribeDataSet answers."""
    tables = [settings for table in raw.get("PhysicalTableMap", {}).values() for settings in table.values()]
    return DataSet(
        arn=raw.get("Arn", ""),
        name=raw.get("Name", ""),
        source_arns=tuple(table["DataSourceArn"] for table in tables if "DataSourceArn" in table),
        reads=tuple(table.get("SqlQuery") or table.get("Name", "") for table in tables),
        columns=tuple(column["Name"] for column in raw.get("OutputColumns", [])),
        queries=() if _transforms(raw) else tuple(map(_query, tables)),
    )


def _transforms(raw: Mapping[str, Any]) -> bool:
    return any(table.get("DataTransforms") for table in raw.get("LogicalTableMap", {}).values())


def _query(table: Mapping[str, Any]) -> str:
    if "SqlQuery" in table:
        return str(table["SqlQuery"])
    columns = ", ".join(f'"{column["Name"]}"' for column in table.get("InputColumns", []))
    return f'SELECT {columns or "*"} FROM "{table.get("Schema", "")}"."{table.get("Name", "")}"'


def charts_of(definition: Mapping[str, Any], where: str) -> list[Chart]:
    """The visuals of a definition, whatever their kind."""
    return [
        Chart(kind, frozenset(_wells(content)), where)
        for sheet in definition.get("Sheets", [])
        for visual in sheet.get("Visuals", [])
        for kind, content in visual.items()
    ]


def _wells(content: Any, kind: str = "") -> Iterator[Well]:
    if isinstance(content, Mapping):
        column = content.get("Column")
        if isinstance(column, Mapping) and "ColumnName" in column:
            yield Well(str(column["ColumnName"]), kind, _aggregation(kind, content.get("AggregationFunction")))
        for name, value in content.items():
            yield from _wells(value, name)
    elif isinstance(content, list):
        for value in content:
            yield from _wells(value, kind)


def _aggregation(kind: str, function: Any) -> str:
    """How a measure is summed up: QuickSight's own default is the sum of numbers and the count of everything else."""
    if not kind.endswith("MeasureField"):
        return ""
    if isinstance(function, Mapping):
        function = function.get("SimpleNumericalAggregation") or next(iter(function), None)
    return str(function or ("SUM" if kind == "NumericalMeasureField" else "COUNT"))
