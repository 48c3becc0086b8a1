"""What exists in an account, listed through the APIs: what a teardown is measured by."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

from checker.checks.expectation import NotAvailable
from checker.target import Target
from checker.verbs.aws import all_pages


@dataclass(frozen=True, order=True)
class Resource:
    """One thing in the account: its kind in AWS's words, its name, its ARN where the listing has one."""

    kind: str
    name: str
    arn: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Listing:
    """How one kind is listed. `name` and `arn` are keys of an entry; no name: the entry is the name itself."""

    kind: str
    service: str
    operation: str
    key: str
    name: str = ""
    arn: str = ""


LISTINGS = (
    Listing("IoT certificate", "iot", "list_certificates", "certificates", "certificateId", "certificateArn"),
    Listing("IoT policy", "iot", "list_policies", "policies", "policyName", "policyArn"),
    Listing("IoT thing", "iot", "list_things", "things", "thingName", "thingArn"),
    Listing("IoT rule", "iot", "list_topic_rules", "rules", "ruleName", "ruleArn"),
    Listing("DynamoDB table", "dynamodb", "list_tables", "TableNames"),
    Listing("Timestream database", "timestream-write", "list_databases", "Databases", "DatabaseName", "Arn"),
    Listing("Timestream table", "timestream-write", "list_tables", "Tables", "TableName", "Arn"),
    Listing("IAM role", "iam", "list_roles", "Roles", "RoleName", "Arn"),
    Listing("Lambda function", "lambda", "list_functions", "Functions", "FunctionName", "FunctionArn"),
    Listing("EventBridge rule", "events", "list_rules", "Rules", "Name", "Arn"),
    Listing("log group", "logs", "describe_log_groups", "logGroups", "logGroupName", "logGroupArn"),
)
QUICKSIGHT_LISTINGS = (
    Listing("QuickSight data source", "quicksight", "list_data_sources", "DataSources", "DataSourceId", "Arn"),
    Listing("QuickSight data set", "quicksight", "list_data_sets", "DataSetSummaries", "DataSetId", "Arn"),
    Listing("QuickSight dashboard", "quicksight", "list_dashboards", "DashboardSummaryList", "DashboardId", "Arn"),
    Listing("QuickSight analysis", "quicksight", "list_analyses", "AnalysisSummaryList", "AnalysisId", "Arn"),
)


def list_resources(target: Target) -> set[Resource]:
    """Everything of the kinds that the course makes; customer-managed IAM policies, too."""
    account = target.client("sts").get_caller_identity()["Account"]
    found = {resource for listing in LISTINGS for resource in _list(target, listing)}
    found |= {r for listing in QUICKSIGHT_LISTINGS for r in _list(target, listing, AwsAccountId=account)}
    own_policies = all_pages(target.client("iam"), "list_policies", "Policies", Scope="Local")
    found |= {Resource("IAM policy", policy["PolicyName"], policy["Arn"]) for policy in own_policies}
    return found


def _list(target: Target, listing: Listing, **parameters: Any) -> list[Resource]:
    try:
        entries = all_pages(target.client(listing.service), listing.operation, listing.key, **parameters)
    except NotAvailable:
        return []
    return [_resource(listing, entry) for entry in entries if not _is_gone(entry)]


def _resource(listing: Listing, entry: Any) -> Resource:
    if not listing.name:
        return Resource(listing.kind, str(entry))
    return Resource(listing.kind, entry[listing.name], entry.get(listing.arn, ""))


def _is_gone(entry: Any) -> bool:
    """QuickSight still lists deleted analyses for a month."""
    return isinstance(entry, Mapping) and entry.get("Status") == "DELETED"


KIND_OF_TYPE = {
    "aws_iot_certificate": "IoT certificate",
    "aws_iot_policy": "IoT policy",
    "aws_iot_thing": "IoT thing",
    "aws_iot_topic_rule": "IoT rule",
    "aws_dynamodb_table": "DynamoDB table",
    "aws_timestreamwrite_database": "Timestream database",
    "aws_timestreamwrite_table": "Timestream table",
    "aws_iam_role": "IAM role",
    "aws_iam_policy": "IAM policy",
    "aws_lambda_function": "Lambda function",
    "aws_cloudwatch_event_rule": "EventBridge rule",
    "aws_cloudwatch_log_group": "log group",
    "aws_quicksight_data_source": "QuickSight data source",
    "aws_quicksight_data_set": "QuickSight data set",
    "aws_quicksight_dashboard": "QuickSight dashboard",
    "aws_quicksight_analysis": "QuickSight analysis",
}
NAMING = ("id", "arn", "name", "function_name", "table_name", "database_name")


def named_in_state(state: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """Kind and id, name or ARN of the managed resources in `terraform show -json`."""
    found: set[tuple[str, str]] = set()

    def visit(module: Mapping[str, Any]) -> None:
        for resource in module.get("resources", []):
            kind = KIND_OF_TYPE.get(resource.get("type", ""))
            if kind and resource.get("mode") == "managed":
                texts = (resource.get("values", {}).get(key) for key in NAMING)
                found.update((kind, text) for text in texts if isinstance(text, str) and text)
        for child in module.get("child_modules", []):
            visit(child)

    visit(state.get("values", {}).get("root_module", {}))
    return frozenset(found)


def is_named(resource: Resource, names: Container[tuple[str, str]]) -> bool:
    """Is the resource one of `names`, by its name or its ARN?"""
    arn = resource.arn.removesuffix(":*")
    return (resource.kind, resource.name) in names or (bool(arn) and (resource.kind, arn) in names)
