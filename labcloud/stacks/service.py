"""The API of CloudFormation. Source: CloudFormation API Reference.

A stack is worked on in the background, as on AWS; what is done within PATIENCE_S is done when the call returns.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass
from typing import Any

from labcloud.api import ApiRequest, Caller, Operation
from labcloud.api import Scope as Place
from labcloud.errors import AwsError
from labcloud.stacks import sam
from labcloud.stacks.engine import Engine
from labcloud.stacks.errors import invalid
from labcloud.stacks.model import Stack, moment
from labcloud.stacks.template import Template, in_order, parameter_values, parse_template
from labcloud.stacks.types import TYPES, Api

PATIENCE_S = 8.0
IAM = ("AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
NAMES = {"AWS::IAM::Role": "RoleName", "AWS::IAM::ManagedPolicy": "ManagedPolicyName"}

MakeApi = Callable[[Place, Caller, str | None], Api]
"""make_api(place, caller, role ARN): the API as the caller, or as the role. Raises AwsError."""
ReadUrl = Callable[[str, str], str]
"""read_url(account id, TemplateURL): a template's text in S3. Raises AwsError."""


@dataclass
class ChangeSet:
    """A change that waits for ExecuteChangeSet."""

    id: str
    name: str
    stack: Stack
    template: Template
    parameters: dict[str, str]
    kind: str
    changes: list[dict[str, Any]]
    created_s: float
    capabilities: tuple[str, ...]
    status: str = "CREATE_COMPLETE"
    reason: str = ""
    executed: str = "AVAILABLE"


class CloudFormation:
    """The service `cloudformation`. Thread-safe."""

    name = "cloudformation"

    def __init__(self, now: Callable[[], float], make_api: MakeApi, read_url: ReadUrl) -> None:
        self._now = now
        self._make_api = make_api
        self._read_url = read_url
        self._lock = threading.RLock()
        self._stacks: list[Stack] = []
        self._change_sets: dict[str, ChangeSet] = {}
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="stacks")
        self.operations: Mapping[str, Operation] = {
            "CreateStack": self.create_stack,
            "UpdateStack": self.update_stack,
            "DeleteStack": self.delete_stack,
            "DescribeStacks": self.describe_stacks,
            "ListStacks": self.list_stacks,
            "DescribeStackEvents": self.describe_stack_events,
            "ListStackResources": self.list_stack_resources,
            "DescribeStackResources": self.describe_stack_resources,
            "DescribeStackResource": self.describe_stack_resource,
            "GetTemplate": self.get_template,
            "GetTemplateSummary": self.get_template_summary,
            "ValidateTemplate": self.get_template_summary,
            "ListExports": self.list_exports,
            "CreateChangeSet": self.create_change_set,
            "DescribeChangeSet": self.describe_change_set,
            "ExecuteChangeSet": self.execute_change_set,
            "DeleteChangeSet": self.delete_change_set,
            "ListChangeSets": self.list_change_sets,
        }

    def state(self) -> list[Stack]:
        """What must survive a restart."""
        with self._lock:
            return list(self._stacks)

    def restore(self, state: list[Stack]) -> None:
        """Takes over what `state` gave; work that was cut off has failed."""
        with self._lock:
            for stack in state:
                if stack.busy:
                    stack.turn(self._now(), f"{stack.status.split('_')[0]}_FAILED", "The cloud was stopped meanwhile.")
                self._stacks.append(stack)

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    # -- stacks

    def create_stack(self, request: ApiRequest) -> dict[str, Any]:
        """CreateStack."""
        asked = request.parameters
        with self._lock:
            if self._find(request, asked["StackName"]) is not None:
                raise AwsError(f"Stack [{asked['StackName']}] already exists", code="AlreadyExistsException")
            stack = self._new_stack(request, *self._read(request, {}))
            self._stacks.append(stack)
        self._begin(stack, request, "CREATE_IN_PROGRESS", lambda engine: engine.create())
        return {"StackId": stack.id}

    def update_stack(self, request: ApiRequest) -> dict[str, Any]:
        """UpdateStack."""
        stack = self._free(request)
        template, parameters = self._read(request, stack.parameters, stack.template)
        if template.data == stack.template.data and parameters == stack.parameters and "Tags" not in request.parameters:
            raise invalid("No updates are to be performed.")
        self._update(stack, request, template, parameters)
        return {"StackId": stack.id}

    def delete_stack(self, request: ApiRequest) -> dict[str, Any]:
        """DeleteStack: a stack that does not exist is deleted already."""
        if self._find(request, request.parameters["StackName"]) is None:
            return {}
        self._begin(self._free(request), request, "DELETE_IN_PROGRESS", lambda engine: engine.delete())
        return {}

    def describe_stacks(self, request: ApiRequest) -> dict[str, Any]:
        """DescribeStacks: one (deleted ones by their id), or all that exist."""
        if name := request.parameters.get("StackName"):
            return {"Stacks": [self._existing(request, name, deleted=True).described()]}
        with self._lock:
            found = [stack for stack in self._stacks if stack.scope == request.scope and stack.deleted_s is None]
        return {"Stacks": [stack.described() for stack in found]}

    def list_stacks(self, request: ApiRequest) -> dict[str, Any]:
        """ListStacks, deleted ones too."""
        wanted = request.parameters.get("StackStatusFilter")
        shown = (
            "StackId",
            "StackName",
            "CreationTime",
            "LastUpdatedTime",
            "DeletionTime",
            "StackStatus",
            "StackStatusReason",
        )
        with self._lock:
            found = [
                s.described() for s in self._stacks if s.scope == request.scope and (not wanted or s.status in wanted)
            ]
        return {"StackSummaries": [{key: one[key] for key in shown if key in one} for one in found[::-1]]}

    def describe_stack_events(self, request: ApiRequest) -> dict[str, Any]:
        """DescribeStackEvents."""
        return {"StackEvents": self._existing(request, request.parameters["StackName"], deleted=True).event_lines()}

    def list_stack_resources(self, request: ApiRequest) -> dict[str, Any]:
        """ListStackResources."""
        stack = self._existing(request, request.parameters["StackName"], deleted=True)
        return {"StackResourceSummaries": [stack.resource_summary(one) for one in stack.resources.values()]}

    def describe_stack_resources(self, request: ApiRequest) -> dict[str, Any]:
        """DescribeStackResources."""
        stack = self._existing(request, request.parameters["StackName"], deleted=True)
        logical = request.parameters.get("LogicalResourceId")
        found = [self._detail(stack, name) for name in stack.resources if logical in (None, name)]
        return {"StackResources": found}

    def describe_stack_resource(self, request: ApiRequest) -> dict[str, Any]:
        """DescribeStackResource."""
        stack, name = self._existing(request, request.parameters["StackName"]), request.parameters["LogicalResourceId"]
        if name not in stack.resources:
            raise invalid(f"Resource {name} does not exist for stack {stack.name}")
        detail = self._detail(stack, name)
        return {"StackResourceDetail": {**detail, "LastUpdatedTimestamp": detail.pop("Timestamp")}}

    def get_template(self, request: ApiRequest) -> dict[str, Any]:
        """GetTemplate."""
        stack = self._existing(request, request.parameters["StackName"], deleted=True)
        return {"TemplateBody": stack.template.text, "StagesAvailable": ["Original", "Processed"]}

    def get_template_summary(self, request: ApiRequest) -> dict[str, Any]:
        """GetTemplateSummary and ValidateTemplate."""
        asked = request.parameters
        if asked.get("StackName"):
            template = self._existing(request, asked["StackName"]).template
        else:
            template = self._parse(request)
        parameters = [
            {"ParameterKey": name, "ParameterType": one.get("Type", "String"), "NoEcho": bool(one.get("NoEcho"))}
            | ({"DefaultValue": str(one["Default"])} if "Default" in one else {})
            | ({"Description": one["Description"]} if "Description" in one else {})
            for name, one in template.section("Parameters").items()
        ]
        needed = _capabilities(template, sam.is_serverless(template.data))
        answer: dict[str, Any] = {"Parameters": parameters, "Capabilities": needed}
        if "Description" in template.data:
            answer["Description"] = template.data["Description"]
        if request.operation == "GetTemplateSummary":
            answer["ResourceTypes"] = sorted({one["Type"] for one in template.resources.values()})
        return answer

    def list_exports(self, request: ApiRequest) -> dict[str, Any]:
        """ListExports."""
        exports = [
            {"ExportingStackId": stack.id, "Name": output["ExportName"], "Value": output["OutputValue"]}
            for stack in self._living(request.scope)
            for output in stack.outputs
            if "ExportName" in output
        ]
        return {"Exports": exports}

    # -- change sets

    def create_change_set(self, request: ApiRequest) -> dict[str, Any]:
        """CreateChangeSet, for a new stack or one that exists."""
        asked, name = request.parameters, request.parameters["StackName"]
        kind = asked.get("ChangeSetType") or "UPDATE"
        with self._lock:
            stack = self._find(request, name)
            if kind == "CREATE" and stack is not None and stack.status != "REVIEW_IN_PROGRESS":
                raise invalid(
                    f"Stack [{name}] already exists and cannot be created again with the changeSet [{asked['ChangeSetName']}]."
                )
            if kind != "CREATE" and stack is None:
                raise invalid(f"Stack [{name}] does not exist")
            template, parameters = self._read(
                request, stack.parameters if stack else {}, stack.template if stack else None
            )
            if stack is None:
                stack = self._new_stack(request, template, parameters)
                stack.turn(self._now(), "REVIEW_IN_PROGRESS", "User Initiated")
                self._stacks.append(stack)
            made = ChangeSet(
                f"{request.scope.arn('cloudformation', 'changeSet')}/{asked['ChangeSetName']}/{uuid.uuid4()}",
                asked["ChangeSetName"],
                stack,
                template,
                parameters,
                kind,
                _changes(stack, template, parameters, kind),
                self._now(),
                tuple(asked.get("Capabilities") or ()),
            )
            if not made.changes:
                made.status, made.executed = "FAILED", "UNAVAILABLE"
                made.reason = "The submitted information didn't contain changes. Submit different information to create a change set."
            self._change_sets[made.id] = made
        return {"Id": made.id, "StackId": stack.id}

    def describe_change_set(self, request: ApiRequest) -> dict[str, Any]:
        """DescribeChangeSet."""
        found = self._change_set(request)
        answer = {**_summary(found), "Changes": found.changes, "Capabilities": list(found.capabilities)}
        answer["Parameters"] = [
            {"ParameterKey": key, "ParameterValue": value} for key, value in found.parameters.items()
        ]
        return answer

    def execute_change_set(self, request: ApiRequest) -> dict[str, Any]:
        """ExecuteChangeSet."""
        found = self._change_set(request)
        if found.executed != "AVAILABLE":
            message = f"ChangeSet [{found.id}] cannot be executed in its current execution status of [{found.executed}]"
            raise AwsError(message, code="InvalidChangeSetStatus")
        found.executed = "EXECUTE_COMPLETE"
        if found.kind == "CREATE":
            found.stack.template, found.stack.parameters = found.template, found.parameters
            self._begin(found.stack, request, "CREATE_IN_PROGRESS", lambda engine: engine.create())
        else:
            self._update(found.stack, request, found.template, found.parameters)
        return {}

    def delete_change_set(self, request: ApiRequest) -> dict[str, Any]:
        """DeleteChangeSet."""
        with self._lock:
            self._change_sets.pop(self._change_set(request).id, None)
        return {}

    def list_change_sets(self, request: ApiRequest) -> dict[str, Any]:
        """ListChangeSets."""
        stack = self._existing(request, request.parameters["StackName"])
        with self._lock:
            return {"Summaries": [_summary(one) for one in self._change_sets.values() if one.stack is stack]}

    # -- inside

    def _begin(self, stack: Stack, request: ApiRequest, status: str, work: Callable[[Engine], None]) -> None:
        api = self._make_api(request.scope, request.caller, request.parameters.get("RoleARN") or stack.role_arn)
        stack.turn(self._now(), status, "User Initiated")
        engine = Engine(stack, api, self._now, lambda name: self._exported(request.scope, name))
        future: Future[None] = self._pool.submit(work, engine)
        wait_for([future], timeout=PATIENCE_S)

    def _update(self, stack: Stack, request: ApiRequest, template: Template, parameters: dict[str, str]) -> None:
        stack.updated_s = self._now()
        stack.tags = _tags(request) if "Tags" in request.parameters else stack.tags
        stack.capabilities = tuple(request.parameters.get("Capabilities") or stack.capabilities)
        self._begin(stack, request, "UPDATE_IN_PROGRESS", lambda engine: engine.update(template, parameters))

    def _new_stack(self, request: ApiRequest, template: Template, parameters: dict[str, str]) -> Stack:
        asked = request.parameters
        identifier = f"{request.scope.arn('cloudformation', 'stack')}/{asked['StackName']}/{uuid.uuid4()}"
        return Stack(
            asked["StackName"],
            identifier,
            request.scope,
            template,
            parameters,
            tuple(asked.get("Capabilities") or ()),
            _tags(request),
            asked.get("RoleARN"),
            self._now(),
            disable_rollback=bool(asked.get("DisableRollback")) or asked.get("OnFailure") == "DO_NOTHING",
        )

    def _read(
        self, request: ApiRequest, before: Mapping[str, str], used: Template | None = None
    ) -> tuple[Template, dict[str, str]]:
        asked = request.parameters
        if asked.get("UsePreviousTemplate") and used is not None:
            template, serverless = used, False
        else:
            written = self._parse(request)
            serverless = sam.is_serverless(written.data)
            template = Template(written.text, sam.expand(written.data)) if serverless else written
        _check_types(template)
        missing = [
            one for one in _capabilities(template, serverless) if not _covered(one, asked.get("Capabilities") or ())
        ]
        if missing:
            raise AwsError(f"Requires capabilities : [{', '.join(missing)}]", code="InsufficientCapabilitiesException")
        given = {
            one["ParameterKey"]: None if one.get("UsePreviousValue") else one.get("ParameterValue", "")
            for one in asked.get("Parameters") or ()
        }
        parameters = parameter_values(template, given, before)
        in_order(template, frozenset(template.resources))
        return template, parameters

    def _parse(self, request: ApiRequest) -> Template:
        asked = request.parameters
        if asked.get("TemplateURL"):
            return parse_template(self._read_url(request.account_id, asked["TemplateURL"]))
        if not asked.get("TemplateBody"):
            raise invalid("Either Template URL or Template Body must be specified.")
        return parse_template(asked["TemplateBody"])

    def _living(self, place: Place) -> list[Stack]:
        with self._lock:
            return [stack for stack in self._stacks if stack.scope == place and stack.deleted_s is None]

    def _exported(self, place: Place, name: str) -> str | None:
        outputs = (output for stack in self._living(place) for output in stack.outputs)
        return next((output["OutputValue"] for output in outputs if output.get("ExportName") == name), None)

    def _find(self, request: ApiRequest, name: str, *, deleted: bool = False) -> Stack | None:
        with self._lock:
            for stack in reversed(self._stacks):
                same = stack.id == name or (stack.name == name and stack.deleted_s is None)
                if stack.scope == request.scope and same and (deleted or stack.deleted_s is None):
                    return stack
        return None

    def _existing(self, request: ApiRequest, name: str, *, deleted: bool = False) -> Stack:
        found = self._find(request, name, deleted=deleted)
        if found is None:
            raise invalid(f"Stack with id {name} does not exist")
        return found

    def _free(self, request: ApiRequest) -> Stack:
        stack = self._existing(request, request.parameters["StackName"])
        deletes = request.operation == "DeleteStack"
        if stack.busy or (stack.status in ("ROLLBACK_COMPLETE", "CREATE_FAILED", "DELETE_FAILED") and not deletes):
            raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
        return stack

    def _change_set(self, request: ApiRequest) -> ChangeSet:
        name, stack = request.parameters["ChangeSetName"], request.parameters.get("StackName")
        with self._lock:
            for found in self._change_sets.values():
                if found.id == name or (found.name == name and stack in (found.stack.name, found.stack.id)):
                    return found
        raise AwsError(f"ChangeSet [{name}] does not exist", code="ChangeSetNotFound", status=404)

    def _detail(self, stack: Stack, name: str) -> dict[str, Any]:
        summary = stack.resource_summary(stack.resources[name])
        when = summary.pop("LastUpdatedTimestamp")
        return {"StackName": stack.name, "StackId": stack.id, **summary, "Timestamp": when}


def _check_types(template: Template) -> None:
    """A template with something that is not served is refused as a whole, naming it."""
    unknown = {name: one["Type"] for name, one in template.resources.items() if one["Type"] not in TYPES}
    if unknown:
        listed = ", ".join(f"{name} ({type_})" for name, type_ in unknown.items())
        types = ", ".join(sorted(set(unknown.values())))
        raise invalid(
            f"Template format error: Unrecognized resource types: [{types}]. The local cloud does not serve {listed}."
        )
    for name, one in template.resources.items():
        properties = one.get("Properties") or {}
        if extra := sorted(set(properties) - TYPES[one["Type"]].properties):
            raise invalid(f"The local cloud does not serve {', '.join(extra)} of {one['Type']} ({name}).")


def _capabilities(template: Template, serverless: bool) -> list[str]:
    resources = [one for one in template.resources.values() if one["Type"] in IAM]
    named = any(NAMES.get(one["Type"]) in (one.get("Properties") or {}) for one in resources)
    needed = ["CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM"] if resources else []
    return [*needed, *(["CAPABILITY_AUTO_EXPAND"] if serverless else [])]


def _covered(needed: str, given: Any) -> bool:
    return needed in given or (needed == "CAPABILITY_IAM" and "CAPABILITY_NAMED_IAM" in given)


def _changes(stack: Stack, template: Template, parameters: dict[str, str], kind: str) -> list[dict[str, Any]]:
    """What would be added, modified and removed; a modified one is one whose text or whose parameters differ."""
    before = stack.template.resources if kind != "CREATE" else {}
    changes = []
    for name in {**before, **template.resources}:
        if name not in before:
            action = "Add"
        elif name not in template.resources:
            action = "Remove"
        elif before[name] != template.resources[name] or parameters != stack.parameters:
            action = "Modify"
        else:
            continue
        type_ = (template.resources.get(name) or before[name])["Type"]
        change = {"Action": action, "LogicalResourceId": name, "ResourceType": type_}
        changes.append({"Type": "Resource", "ResourceChange": change})
    return changes


def _summary(found: ChangeSet) -> dict[str, Any]:
    summary = {
        "ChangeSetId": found.id,
        "ChangeSetName": found.name,
        "StackId": found.stack.id,
        "StackName": found.stack.name,
        "Status": found.status,
        "StatusReason": found.reason,
        "ExecutionStatus": found.executed,
        "CreationTime": moment(found.created_s),
    }
    return {key: value for key, value in summary.items() if value}


def _tags(request: ApiRequest) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in request.parameters.get("Tags") or ()}
