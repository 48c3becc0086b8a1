"""Stacks, their resources and events as data, and as the API shows them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from labcloud.api import Scope
from labcloud.stacks.template import Template


@dataclass
class Resource:
    """A resource that exists, with the properties that it was made with."""

    logical_id: str
    type: str
    physical_id: str
    attributes: Mapping[str, Any]
    properties: dict[str, Any]
    status: str
    changed_s: float
    keep: bool = False
    """DeletionPolicy: Retain."""


@dataclass(frozen=True)
class Event:
    """A line of the stack's history."""

    id: str
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str
    at_s: float


@dataclass
class Stack:
    """`template` and `parameters` are those that hold now."""

    name: str
    id: str
    scope: Scope
    template: Template
    parameters: dict[str, str]
    capabilities: tuple[str, ...]
    tags: dict[str, str]
    role_arn: str | None
    created_s: float
    status: str = "CREATE_IN_PROGRESS"
    reason: str = ""
    updated_s: float | None = None
    deleted_s: float | None = None
    disable_rollback: bool = False
    resources: dict[str, Resource] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    outputs: list[dict[str, str]] = field(default_factory=list)

    @property
    def busy(self) -> bool:
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"

    def note(
        self, now_s: float, logical_id: str, type_: str, status: str, physical_id: str = "", reason: str = ""
    ) -> None:
        """Adds an event."""
        self.events.append(Event(str(uuid.uuid4()), logical_id, physical_id, type_, status, reason, now_s))

    def turn(self, now_s: float, status: str, reason: str = "") -> None:
        """The stack's own status."""
        self.status, self.reason = status, reason
        self.note(now_s, self.name, "AWS::CloudFormation::Stack", status, self.id, reason)

    def described(self) -> dict[str, Any]:
        """What DescribeStacks answers."""
        described: dict[str, Any] = {
            "StackId": self.id,
            "StackName": self.name,
            "Description": self.template.data.get("Description"),
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in self.parameters.items()],
            "CreationTime": moment(self.created_s),
            "LastUpdatedTime": moment(self.updated_s) if self.updated_s is not None else None,
            "DeletionTime": moment(self.deleted_s) if self.deleted_s is not None else None,
            "StackStatus": self.status,
            "StackStatusReason": self.reason or None,
            "DisableRollback": self.disable_rollback,
            "NotificationARNs": [],
            "Capabilities": list(self.capabilities),
            "Outputs": self.outputs,
            "RoleARN": self.role_arn,
            "Tags": [{"Key": key, "Value": value} for key, value in self.tags.items()],
            "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
            "EnableTerminationProtection": False,
        }
        return {key: value for key, value in described.items() if value is not None}

    def resource_summary(self, resource: Resource) -> dict[str, Any]:
        """What ListStackResources answers for one."""
        return {
            "LogicalResourceId": resource.logical_id,
            "PhysicalResourceId": resource.physical_id,
            "ResourceType": resource.type,
            "ResourceStatus": resource.status,
            "LastUpdatedTimestamp": moment(resource.changed_s),
            "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
        }

    def event_lines(self) -> list[dict[str, Any]]:
        """What DescribeStackEvents answers: the newest first."""
        return [
            {
                "StackId": self.id,
                "StackName": self.name,
                "EventId": event.id,
                "LogicalResourceId": event.logical_id,
                "PhysicalResourceId": event.physical_id,
                "ResourceType": event.type,
                "ResourceStatus": event.status,
                "Timestamp": moment(event.at_s),
                **({"ResourceStatusReason": event.reason} if event.reason else {}),
            }
            for event in reversed(self.events)
        ]


def moment(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)
