"""EventBridge, EventBridge Scheduler and Step Functions. Source: their pages in the Service Authorization Reference."""

from __future__ import annotations

from collections.abc import Mapping

from labcloud.iam.context import Value
from labcloud.iam.permissions.table import Needed, Request, Table, values_at


def _rule(request: Request) -> list[Needed]:
    """A rule of a bus other than the default one has the bus in its ARN."""
    bus = request.text("EventBusName", "default").rpartition("/")[2]
    name = request.text("Rule") or request.text("Name", "*")
    path = name if bus == "default" else f"{bus}/{name}"
    return [Needed(f"events:{request.operation}", request.arn("events", f"rule/{path}"))]


def _put_events(request: Request) -> list[Needed]:
    buses = [values_at("EventBusName", entry) or ["default"] for entry in request.parameters.get("Entries") or ()]
    arns = [bus if bus.startswith("arn:") else request.arn("events", f"event-bus/{bus}") for (bus,) in buses]
    return [Needed("events:PutEvents", arn) for arn in dict.fromkeys(arns)]


def _events_context(request: Request) -> Mapping[str, Value]:
    context: dict[str, Value] = {}
    for key, path in (
        ("events:TargetArn", "Targets[].Arn"),
        ("events:source", "Entries[].Source"),
        ("events:detail-type", "Entries[].DetailType"),
    ):
        values = values_at(path, request.parameters)
        if values:
            context[key] = values
    return context


EVENTS = Table(
    prefix="events",
    rows={
        "event-bus/{Name=default}": "CreateEventBus UpdateEventBus DeleteEventBus DescribeEventBus",
        "event-bus/{EventBusName=default}": "PutPermission RemovePermission ListRules",
        "archive/{ArchiveName}": "CreateArchive DescribeArchive UpdateArchive DeleteArchive",
        "connection/{Name}": "CreateConnection DescribeConnection UpdateConnection DeleteConnection",
        "api-destination/{Name}": (
            "CreateApiDestination DescribeApiDestination UpdateApiDestination DeleteApiDestination"
        ),
        "replay/{ReplayName}": "StartReplay DescribeReplay CancelReplay",
        "{ResourceARN}": "TagResource UntagResource ListTagsForResource",
        "*": (
            "ListEventBuses ListRuleNamesByTarget TestEventPattern ListArchives ListConnections ListApiDestinations "
            "ListReplays"
        ),
    },
    special={
        **dict.fromkeys(
            (
                *("PutRule", "DescribeRule", "DeleteRule", "EnableRule", "DisableRule"),
                *("PutTargets", "RemoveTargets", "ListTargetsByRule"),
            ),
            _rule,
        ),
        "PutEvents": _put_events,
    },
    tag_action="events:TagResource",
    context=_events_context,
)

SCHEDULER = Table(
    prefix="scheduler",
    rows={
        "schedule/{GroupName=default}/{Name}": "CreateSchedule GetSchedule UpdateSchedule DeleteSchedule",
        "schedule-group/{Name}": "CreateScheduleGroup GetScheduleGroup DeleteScheduleGroup",
        "{ResourceArn}": "TagResource UntagResource ListTagsForResource",
        "*": "ListSchedules ListScheduleGroups",
    },
    tag_action="scheduler:TagResource",
)

STATES = Table(
    prefix="states",
    rows={
        "{stateMachineArn}": (
            "StartExecution StartSyncExecution DescribeStateMachine UpdateStateMachine DeleteStateMachine "
            "ListExecutions ListStateMachineVersions PublishStateMachineVersion ListStateMachineAliases"
        ),
        "stateMachine:{name}": "CreateStateMachine",
        "{executionArn}": (
            "DescribeExecution GetExecutionHistory StopExecution DescribeStateMachineForExecution RedriveExecution "
            "ListMapRuns"
        ),
        "{stateMachineAliasArn}": "DescribeStateMachineAlias UpdateStateMachineAlias DeleteStateMachineAlias",
        "{stateMachineVersionArn}": "DeleteStateMachineVersion",
        "{routingConfiguration[].stateMachineVersionArn}": "CreateStateMachineAlias",
        "{activityArn}": "DescribeActivity DeleteActivity GetActivityTask",
        "activity:{name}": "CreateActivity",
        "{resourceArn}": "TagResource UntagResource ListTagsForResource",
        "*": (
            "ListStateMachines ListActivities SendTaskSuccess SendTaskFailure SendTaskHeartbeat "
            "ValidateStateMachineDefinition TestState"
        ),
    },
    tag_action="states:TagResource",
)
