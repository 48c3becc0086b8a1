"""A running cloud with a lake in S3, and a verb that asks Athena."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.running import REGION, Lab, running_lab
from tests.support import wait_until


class Lake:
    """A bucket, a database "house" and queries about it."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        for bucket in ("lake", "results"):
            lab.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.run("CREATE DATABASE house")

    def put(self, key: str, *rows: Any) -> None:
        """JSON lines; with a key that ends in .gz they are packed."""
        body = "".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows).encode()
        self.lab.s3.put_object(Bucket="lake", Key=key, Body=gzip.compress(body) if key.endswith(".gz") else body)

    def start(self, sql: str, client: Any = None, **options: Any) -> str:
        given = {
            "QueryExecutionContext": {"Database": "house"},
            "ResultConfiguration": {"OutputLocation": "s3://results/athena/"},
        }
        api = client or self.lab.athena
        return str(api.start_query_execution(QueryString=sql, **{**given, **options})["QueryExecutionId"])

    def finished(self, query_id: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            found = self.lab.athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
            return found if found["Status"]["State"] in ("SUCCEEDED", "FAILED", "CANCELLED") else None

        found = wait_until(look, within_s=20, because="the end of the query")
        assert found is not None
        return found

    def run(self, sql: str, **options: Any) -> dict[str, Any]:
        """The execution of a statement that succeeds."""
        execution = self.finished(self.start(sql, **options))
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]["StateChangeReason"]
        return execution

    def rows(self, sql: str, **options: Any) -> list[list[str | None]]:
        """A query's rows as texts, without the names."""
        query_id = self.run(sql, **options)["QueryExecutionId"]
        found = self.lab.athena.get_query_results(QueryExecutionId=query_id)["ResultSet"]["Rows"]
        texts = [[cell.get("VarCharValue") for cell in row["Data"]] for row in found]
        return texts[1:] if sql.lstrip().lower().startswith(("select", "with")) else texts

    def failure(self, sql: str, **options: Any) -> str:
        """Why a query failed."""
        execution = self.finished(self.start(sql, **options))
        assert execution["Status"]["State"] == "FAILED", execution["Status"]["State"]
        return str(execution["Status"]["StateChangeReason"])


@pytest.fixture
def lake() -> Iterator[Lake]:
    with running_lab() as lab:
        yield Lake(lab)
