"""The API of EventBridge Scheduler and its store. Source: EventBridge Scheduler API Reference."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from labcloud.api import ApiRequest, Operation, Scope
from labcloud.errors import AwsError
from labcloud.scheduler.model import Group, StoredSchedule
from labcloud.scheduler.validation import IsServed, refusal, settings_of

DEFAULT_GROUP = "default"
CANNOT_ASSUME = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."


class Keeping(Protocol):
    """Who makes schedules fire."""

    def keep(self, schedule: StoredSchedule, after_s: float | None = None) -> None: ...

    def drop(self, schedule: StoredSchedule) -> None: ...


class Scheduler:
    """The service `scheduler`. `trusts(role ARN, context)`: whether Scheduler may assume the role. Thread-safe."""

    name = "scheduler"

    def __init__(
        self,
        now: Callable[[], float],
        is_served: IsServed,
        trusts: Callable[[str, Mapping[str, Any]], bool],
        check: Callable[[str, Mapping[str, Any]], None],
    ) -> None:
        self._now = now
        self._is_served = is_served
        self._trusts = trusts
        self._check = check
        self._keeper: Keeping | None = None
        self._lock = threading.RLock()
        self._groups: dict[Scope, dict[str, Group]] = {}
        self._schedules: dict[tuple[Scope, str, str], StoredSchedule] = {}
        self._tags: dict[str, dict[str, str]] = {}
        handlers = (
            *(self.create_schedule, self.get_schedule, self.update_schedule, self.delete_schedule),
            *(self.list_schedules, self.create_schedule_group, self.get_schedule_group, self.delete_schedule_group),
            *(self.list_schedule_groups, self.tag_resource, self.untag_resource, self.list_tags_for_resource),
        )
        self.operations: Mapping[str, Operation] = {
            "".join(word.title() for word in handler.__name__.split("_")): self._checked(handler)
            for handler in handlers
        }

    def serve(self, keeper: Keeping) -> None:
        """From now on schedules fire."""
        self._keeper = keeper

    def remove(self, schedule: StoredSchedule) -> None:
        """The schedule is over and deletes itself; a newer one of its name stays."""
        with self._lock:
            key = (schedule.scope, schedule.group, schedule.name)
            if self._schedules.get(key) is schedule:
                del self._schedules[key]
                self._drop(schedule)

    def state(self) -> dict[str, Any]:
        """What must survive a restart."""
        with self._lock:
            groups = [[*_pair(g.scope), g.name, g.created_s] for kept in self._groups.values() for g in kept.values()]
            schedules = [
                [*_pair(s.scope), s.group, s.name, dict(s.settings), s.created_s, s.modified_s]
                for s in self._schedules.values()
            ]
            return {
                "groups": groups,
                "schedules": schedules,
                "tags": {arn: dict(tags) for arn, tags in self._tags.items()},
            }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` gave; what was due while the cloud was down does not fire."""
        with self._lock:
            for account, region, name, created_s in state["groups"]:
                self._groups_of(Scope(account, region))[name] = Group(Scope(account, region), name, created_s)
            for account, region, group, name, settings, created_s, modified_s in state["schedules"]:
                scope = Scope(account, region)
                schedule = StoredSchedule(scope, group, name, settings, created_s, modified_s)
                self._schedules[scope, group, name] = schedule
                self._keep(schedule, self._now())
            self._tags.update(state["tags"])

    # -- schedules

    def create_schedule(self, request: ApiRequest) -> dict[str, Any]:
        """CreateSchedule."""
        group, name = self._group_of(request), request.parameters["Name"]
        key = (request.scope, group.name, name)
        if key in self._schedules:
            raise AwsError(f"Schedule {name} already exists.", code="ConflictException", status=409)
        return self._put(key, self._settings(request, group), self._now())

    def update_schedule(self, request: ApiRequest) -> dict[str, Any]:
        """UpdateSchedule: every setting that is not given goes back to its default."""
        found = self._existing(request)
        settings = self._settings(request, self._group_of(request))
        return self._put((found.scope, found.group, found.name), settings, found.created_s)

    def get_schedule(self, request: ApiRequest) -> dict[str, Any]:
        """GetSchedule."""
        return self._existing(request).described()

    def delete_schedule(self, request: ApiRequest) -> dict[str, Any]:
        """DeleteSchedule."""
        self.remove(self._existing(request))
        return {}

    def list_schedules(self, request: ApiRequest) -> dict[str, Any]:
        """ListSchedules, by group, state and beginning of the name, in pages."""
        asked = request.parameters
        group, state, prefix = asked.get("GroupName"), asked.get("State"), asked.get("NamePrefix", "")
        found = [
            schedule.summary()
            for (scope, _, _), schedule in sorted(self._schedules.items(), key=lambda item: item[0][1:])
            if scope == request.scope
            and group in (None, schedule.group)
            and state in (None, schedule.settings["State"])
            and schedule.name.startswith(prefix)
        ]
        return _page("Schedules", found, asked)

    # -- groups

    def create_schedule_group(self, request: ApiRequest) -> dict[str, Any]:
        """CreateScheduleGroup."""
        name, groups = request.parameters["Name"], self._groups_of(request.scope)
        if name in groups:
            raise AwsError(f"Schedule group {name} already exists.", code="ConflictException", status=409)
        group = groups[name] = Group(request.scope, name, self._now())
        self._tags[group.arn] = {tag["Key"]: tag["Value"] for tag in request.parameters.get("Tags") or ()}
        return {"ScheduleGroupArn": group.arn}

    def get_schedule_group(self, request: ApiRequest) -> dict[str, Any]:
        """GetScheduleGroup."""
        return self._group(request.scope, request.parameters["Name"]).described()

    def delete_schedule_group(self, request: ApiRequest) -> dict[str, Any]:
        """DeleteScheduleGroup: its schedules go with it."""
        group = self._group(request.scope, request.parameters["Name"])
        if group.name == DEFAULT_GROUP:
            raise refusal("The default schedule group cannot be deleted.")
        with self._lock:
            for schedule in [s for s in self._schedules.values() if (s.scope, s.group) == (group.scope, group.name)]:
                self.remove(schedule)
            del self._groups[group.scope][group.name]
            self._tags.pop(group.arn, None)
        return {}

    def list_schedule_groups(self, request: ApiRequest) -> dict[str, Any]:
        """ListScheduleGroups."""
        prefix = request.parameters.get("NamePrefix", "")
        groups = [g.described() for g in self._groups_of(request.scope).values() if g.name.startswith(prefix)]
        return _page("ScheduleGroups", groups, request.parameters)

    # -- tags: of groups only

    def tag_resource(self, request: ApiRequest) -> dict[str, Any]:
        """TagResource."""
        self._tags_of(request).update({tag["Key"]: tag["Value"] for tag in request.parameters["Tags"]})
        return {}

    def untag_resource(self, request: ApiRequest) -> dict[str, Any]:
        """UntagResource."""
        tags = self._tags_of(request)
        for key in request.parameters["TagKeys"]:
            tags.pop(key, None)
        return {}

    def list_tags_for_resource(self, request: ApiRequest) -> dict[str, Any]:
        """ListTagsForResource."""
        return {"Tags": [{"Key": key, "Value": value} for key, value in self._tags_of(request).items()]}

    # -- inside

    def _checked(self, handler: Operation) -> Operation:
        def answer(request: ApiRequest) -> dict[str, Any]:
            self._check(request.operation, request.parameters)
            with self._lock:
                return handler(request)

        return answer

    def _settings(self, request: ApiRequest, group: Group) -> dict[str, Any]:
        settings = settings_of(request.parameters, self._now(), self._is_served)
        context = {"aws:SourceArn": group.arn, "aws:SourceAccount": request.account_id}
        if not self._trusts(settings["Target"]["RoleArn"], context):
            raise refusal(CANNOT_ASSUME)
        return settings

    def _put(self, key: tuple[Scope, str, str], settings: Mapping[str, Any], created_s: float) -> dict[str, Any]:
        schedule = StoredSchedule(*key, settings, created_s, self._now())
        self._schedules[key] = schedule
        self._keep(schedule)
        return {"ScheduleArn": schedule.arn}

    def _keep(self, schedule: StoredSchedule, after_s: float | None = None) -> None:
        if self._keeper is not None:
            self._keeper.keep(schedule, after_s)

    def _drop(self, schedule: StoredSchedule) -> None:
        if self._keeper is not None:
            self._keeper.drop(schedule)

    def _existing(self, request: ApiRequest) -> StoredSchedule:
        name, group = request.parameters["Name"], request.parameters.get("GroupName") or DEFAULT_GROUP
        found = self._schedules.get((request.scope, group, name))
        if found is None:
            raise AwsError(f"Schedule {name} does not exist.", code="ResourceNotFoundException", status=404)
        return found

    def _groups_of(self, scope: Scope) -> dict[str, Group]:
        if scope not in self._groups:
            self._groups[scope] = {DEFAULT_GROUP: Group(scope, DEFAULT_GROUP, self._now())}
        return self._groups[scope]

    def _group_of(self, request: ApiRequest) -> Group:
        return self._group(request.scope, request.parameters.get("GroupName") or DEFAULT_GROUP)

    def _group(self, scope: Scope, name: str) -> Group:
        found = self._groups_of(scope).get(name)
        if found is None:
            raise AwsError(f"Schedule group {name} does not exist.", code="ResourceNotFoundException", status=404)
        return found

    def _tags_of(self, request: ApiRequest) -> dict[str, str]:
        arn = request.parameters["ResourceArn"]
        if arn not in [group.arn for group in self._groups_of(request.scope).values()]:
            raise AwsError(f"Resource {arn} does not exist.", code="ResourceNotFoundException", status=404)
        return self._tags.setdefault(arn, {})


def _pair(scope: Scope) -> tuple[str, str]:
    return scope.account_id, scope.region


def _page(member: str, found: Iterable[dict[str, Any]], asked: Mapping[str, Any]) -> dict[str, Any]:
    rows, start, size = list(found), int(asked.get("NextToken") or 0), int(asked.get("MaxResults") or 100)
    answer: dict[str, Any] = {member: rows[start : start + size]}
    if len(rows) > start + size:
        answer["NextToken"] = str(start + size)
    return answer
