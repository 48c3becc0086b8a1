"""Timestream for LiveAnalytics. Source: Service Authorization Reference, "Amazon Timestream".

A query's tables are in its SQL, which is not read here: whoever calls gives them, see `permissions_of`.
"""

from __future__ import annotations

import re

from labcloud.iam.permissions.table import Needed, Request, Table
from labcloud.sqlspace import BEFORE_A_STATEMENT

TABLES_READ = "timestream tables"
"""The kind under which `resolve` returns a query's tables: `database.table` separated by commas, nothing for none."""
_SHOW = re.compile(
    r"\s*+(?:(show\s++databases)|(show\s++tables|show\s++measures|describe|desc)(?:\s++from)?\s++([^\s;]++))"
    r"(?:\s++like\b.*)?+\s*+;?\s*+",
    re.IGNORECASE | re.DOTALL,
)
_NAMES = re.compile(r'(?:"([^"]++)"|([^".]++))(?:\.(?:"([^"]++)"|([^"]++)))?')
_UNLOAD = re.compile(rf"{BEFORE_A_STATEMENT}unload\b", re.IGNORECASE | re.DOTALL)


def _query(request: Request) -> list[Needed]:
    """A query needs Select on every table, one without tables SelectValues; SHOW and DESCRIBE need their own.

    UNLOAD needs Unload besides, and what it does in S3 is asked when it does it.
    """
    sql = request.text("QueryString")
    shown = _SHOW.fullmatch(sql)
    if shown:
        return [_shown(request, shown)]
    tables = request.resolve(TABLES_READ, sql)
    if tables is None:
        return [Needed("timestream:Select", request.arn("timestream", "database/*/table/*"))]
    if not tables:
        return [Needed("timestream:SelectValues", "*")]
    parts = [name.partition(".") for name in tables.split(",")]
    arns = [request.arn("timestream", f"database/{database}/table/{table}") for database, _, table in parts]
    actions = ("Select", "Unload") if _UNLOAD.match(sql) else ("Select",)
    return [Needed(f"timestream:{action}", arn) for arn in arns for action in actions]


def _shown(request: Request, found: re.Match[str]) -> Needed:
    databases, verb, name = found.groups()
    if databases:
        return Needed("timestream:ListDatabases", request.arn("timestream", "database/*"))
    names = _NAMES.fullmatch(name)
    database, table = (names[1] or names[2], names[3] or names[4]) if names else (name, None)
    action = {"tables": "ListTables", "measures": "ListMeasures"}.get(verb.lower().split()[-1], "DescribeTable")
    below = f"/table/{table}" if table else ""
    return Needed(f"timestream:{action}", request.arn("timestream", f"database/{database}{below}"))


def _prepare(request: Request) -> list[Needed]:
    return [Needed("timestream:PrepareQuery", "*"), *_query(request)]


QUERY = Table(
    prefix="timestream",
    rows={
        "scheduled-query/{Name}": "CreateScheduledQuery",
        "{ScheduledQueryArn}": (
            "DescribeScheduledQuery UpdateScheduledQuery DeleteScheduledQuery ExecuteScheduledQuery"
        ),
        "{ResourceARN}": "TagResource UntagResource ListTagsForResource",
        "*": "DescribeEndpoints CancelQuery ListScheduledQueries DescribeAccountSettings UpdateAccountSettings",
    },
    special={"Query": _query, "PrepareQuery": _prepare},
    tag_action="timestream:TagResource",
)

WRITE = Table(
    prefix="timestream",
    rows={
        "database/{DatabaseName}/table/{TableName}": "WriteRecords CreateTable DescribeTable UpdateTable DeleteTable",
        "database/{TargetDatabaseName}/table/{TargetTableName}": "CreateBatchLoadTask",
        "database/{DatabaseName}": "CreateDatabase DescribeDatabase UpdateDatabase DeleteDatabase ListTables",
        "database/*": "ListDatabases",
        "{ResourceARN}": "TagResource UntagResource ListTagsForResource",
        "*": "DescribeEndpoints ListBatchLoadTasks DescribeBatchLoadTask ResumeBatchLoadTask",
    },
    tag_action="timestream:TagResource",
)
