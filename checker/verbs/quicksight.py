"""QuickSight: data sources, data sets, and what the charts of dashboards and analyses show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from checker.target import Target
from checker.verbs.aws import all_pages, found_or_none


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


@dataclass(frozen=True)
class Chart:
    """One visual: its kind (`LineChartVisual`) and the columns it uses."""

    kind: str
    columns: frozenset[str]
    where: str

    def shows(self, *columns: str) -> bool:
        return set(columns) <= self.columns


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
    )


def charts_of(definition: Mapping[str, Any], where: str) -> list[Chart]:
    """The visuals of a definition, whatever their kind."""
    return [
        Chart(kind, frozenset(_columns(content)), where)
        for sheet in definition.get("Sheets", [])
        for visual in sheet.get("Visuals", [])
        for kind, content in visual.items()
    ]


def _columns(content: Any) -> Iterator[str]:
    if isinstance(content, Mapping):
        if isinstance(content.get("ColumnName"), str):
            yield content["ColumnName"]
        for value in content.values():
            yield from _columns(value)
    elif isinstance(content, list):
        for value in content:
            yield from _columns(value)
