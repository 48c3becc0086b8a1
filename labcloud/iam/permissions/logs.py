"""CloudWatch Logs. A log group is evaluated as `log-group:<name>:log-stream:<stream>`, as its errors show, so an ARN
without `:*` does not allow it. Source: CloudWatch Logs user guide, "Resources and operations".
"""

from __future__ import annotations

from labcloud.iam.permissions.table import Needed, Request, Table


def _queried(request: Request) -> list[Needed]:
    given = request.parameters
    one = [request.text("logGroupName")] if request.text("logGroupName") else []
    groups = [*one, *(given.get("logGroupNames") or ()), *(given.get("logGroupIdentifiers") or ())]
    return [Needed("logs:StartQuery", _group(request, name)) for name in groups or ["*"]]


def _group(request: Request, name: str) -> str:
    arn = name if name.startswith("arn:") else request.arn("logs", f"log-group:{name}")
    return f"{arn.removesuffix(':*')}:log-stream:"


def _identified(request: Request) -> list[Needed]:
    name = request.text("logGroupIdentifier") or request.text("logGroupName", "*")
    stream = request.text("logStreamName")
    return [Needed(f"logs:{request.operation}", _group(request, name) + stream)]


LOGS = Table(
    prefix="logs",
    rows={
        "log-group:{logGroupName}:log-stream:": (
            "CreateLogGroup DeleteLogGroup PutRetentionPolicy DeleteRetentionPolicy PutMetricFilter "
            "DeleteMetricFilter DescribeMetricFilters PutSubscriptionFilter DeleteSubscriptionFilter "
            "DescribeSubscriptionFilters AssociateKmsKey DisassociateKmsKey TagLogGroup UntagLogGroup "
            "ListTagsLogGroup CreateExportTask"
        ),
        "log-group:{logGroupName}:log-stream:{logStreamName}": "CreateLogStream DeleteLogStream PutLogEvents",
        "log-group::log-stream:": "DescribeLogGroups",
        "{resourceArn}": "TagResource UntagResource ListTagsForResource",
        "destination:{destinationName}": "PutDestination DeleteDestination PutDestinationPolicy",
        "*": (
            "GetQueryResults StopQuery DescribeQueries GetLogRecord TestMetricFilter PutResourcePolicy "
            "DeleteResourcePolicy DescribeResourcePolicies DescribeDestinations DescribeExportTasks CancelExportTask "
            "PutQueryDefinition DeleteQueryDefinition DescribeQueryDefinitions"
        ),
    },
    special={
        "StartQuery": _queried,
        **dict.fromkeys(("FilterLogEvents", "DescribeLogStreams", "GetLogEvents", "GetLogGroupFields"), _identified),
    },
    tag_action="logs:TagResource",
)
