"""Timestream: the database, the table, and the rows of a reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from checker.checks.expectation import as_json
from checker.target import Target
from checker.verbs.aws import all_pages, aws_answers, error_code, error_text, found_or_none
from checker.verbs.readings import Reading
from checker.verbs.wait import poll

ROWS_WITHIN_S = 10.0
ROWS_WITHIN_S_ON_AWS = 45.0
SETTLED_S = 0.3
"""Enough after the cloud has said that everything is done."""
MEASURES_OF_A_READING = 4


@dataclass(frozen=True)
class Answer:
    """Rows by column name, or the reason why there are none."""

    rows: tuple[Mapping[str, Any], ...]
    refusal: str = ""

    def of(self, reading: Reading) -> list[Mapping[str, Any]]:
        """The row of measure `id` of a reading: it names the reading once."""
        return [row for row in self.rows if row.get("measure_name") == "id" and reading.id in row.values()]

    def describe(self, reading: Reading) -> str:
        """The row of measure `id` of a reading as text, or which rows there are instead."""
        if rows := self.of(reading):
            filled = [{name: text for name, text in row.items() if text is not None} for row in rows]
            return "\n".join(f"the row {as_json(row)}" for row in filled)
        measures = sorted({str(row.get("measure_name")) for row in self.rows})
        if not measures or "id" in measures:
            return "no row"
        return f"no row of measure id; measures that were written: {', '.join(measures)}"


class TimestreamVerbs:
    """Asks Timestream."""

    def __init__(self, target: Target, database: str, table: str) -> None:
        self._target, self._database, self._table = target, database, table
        self._within_s = ROWS_WITHIN_S_ON_AWS if target.is_aws else ROWS_WITHIN_S

    def has_table(self) -> bool:
        """Is there a table of the prescribed name in a database of the prescribed name?"""
        write = self._target.client("timestream-write")
        return found_or_none(write.describe_table, DatabaseName=self._database, TableName=self._table) is not None

    def describe_tables(self) -> str:
        """The tables and databases there are, as text."""
        write = self._target.client("timestream-write")
        databases = [entry["DatabaseName"] for entry in all_pages(write, "list_databases", "Databases")]
        if self._database not in databases:
            return f"no database of this name; the databases are: {', '.join(databases) or 'none'}"
        tables = all_pages(write, "list_tables", "Tables", DatabaseName=self._database)
        return f"the database has these tables: {', '.join(t['TableName'] for t in tables) or 'none'}"

    def query(self, sql: str) -> Answer:
        """All rows of a query, from every page; `{table}` in the SQL is the lab's table."""
        client, rows, token = self._target.client("timestream-query"), [], None
        text = sql.replace("{table}", f'"{self._database}"."{self._table}"')
        with aws_answers():
            try:
                while True:
                    page = client.query(QueryString=text, **({"NextToken": token} if token else {}))
                    rows += [read_row(page["ColumnInfo"], row["Data"]) for row in page["Rows"]]
                    token = page.get("NextToken")
                    if not token:
                        return Answer(tuple(rows))
            except ClientError as error:
                if error_code(error) in ("ValidationException", "ResourceNotFoundException", "QueryExecutionException"):
                    return Answer(tuple(rows), error_text(error))
                raise

    def rows_of(self, *readings: Reading, where: str = "") -> Answer:
        """The rows since shortly before the first of the readings, optionally only those with `where`."""
        since = min(reading.sent_after_ms for reading in readings) - 2_000
        condition = f" AND {where}" if where else ""
        return self.query(f"SELECT * FROM {{table}} WHERE time >= from_milliseconds({since}){condition}")

    def wait_for_readings(self, *readings: Reading, within_s: float | None = None) -> Answer:
        """The rows as soon as every reading has one; what there is after the deadline."""
        settled = self._target.settle()
        return poll(
            lambda: self.rows_of(*readings),
            until=lambda answer: all(answer.of(reading) for reading in readings),
            within_s=within_s or (SETTLED_S if settled else self._within_s),
        )


def read_row(columns: list[Mapping[str, Any]], data: list[Mapping[str, Any]]) -> dict[str, Any]:
    """A row by column name: texts as AWS writes them, None for NULL."""
    return {column["Name"]: value.get("ScalarValue") for column, value in zip(columns, data, strict=True)}
