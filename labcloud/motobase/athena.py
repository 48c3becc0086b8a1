"""Athena's work groups and named queries on moto 5.2.5, so that Terraform can manage them.

moto 5.2.5 lacks UpdateWorkGroup, DeleteNamedQuery and UpdateNamedQuery, answers null for what does not exist, an error
for a resource without tags, and another creation time at each look.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from moto.athena.models import AthenaBackend, NamedQuery, WorkGroup
from moto.athena.responses import AthenaResponse
from moto.core.responses import ActionResult, EmptyResult

from labcloud.errors import AwsError
from labcloud.motobase import hooks


def install() -> None:
    """Puts the hooks in place."""
    if not hooks.first_time(__name__):
        return
    hooks.replace(WorkGroup, "__init__", initialise_work_group)
    hooks.replace(AthenaResponse, "create_work_group", create_work_group)
    hooks.replace(AthenaResponse, "get_work_group", get_work_group)
    hooks.replace(AthenaResponse, "list_work_groups", list_work_groups)
    hooks.replace(AthenaResponse, "delete_work_group", delete_work_group)
    hooks.add(AthenaResponse, "update_work_group", update_work_group)
    hooks.replace(AthenaResponse, "create_named_query", create_named_query)
    hooks.replace(AthenaResponse, "get_named_query", get_named_query)
    hooks.add(AthenaResponse, "update_named_query", update_named_query)
    hooks.add(AthenaResponse, "delete_named_query", delete_named_query)
    hooks.replace(AthenaResponse, "list_tags_for_resource", list_tags_for_resource)


def updated(configuration: Mapping[str, Any], updates: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration after Athena's way of updates: `RemoveX` drops X, `XUpdates` changes inside X, X sets X."""
    result = dict(configuration)
    for key, value in updates.items():
        if key.startswith("Remove"):
            if value:
                result.pop(key.removeprefix("Remove"), None)
        elif key.endswith("Updates"):
            name = key.removesuffix("Updates")
            result[name] = updated(result.get(name) or {}, value)
        else:
            result[key] = value
    if "EngineVersion" in updates:
        result["EngineVersion"] = _engine_version(updates["EngineVersion"])
    return result


def initialise_work_group(
    self: WorkGroup,
    athena_backend: AthenaBackend,
    name: str,
    configuration: dict[str, Any] | None,
    description: str | None,
    tags: list[dict[str, str]] | None,
) -> None:
    """Remembers when it was made; metrics are on unless they are switched off, as on AWS."""
    configuration = dict(configuration or {})
    configuration.setdefault("PublishCloudWatchMetricsEnabled", True)
    configuration["EngineVersion"] = _engine_version(configuration.get("EngineVersion") or {})
    hooks.stock(WorkGroup, "__init__")(self, athena_backend, name, configuration, description or "", tags or [])
    self.creation_time = time.time()


def create_work_group(self: AthenaResponse) -> ActionResult:
    """A name can be used once."""
    name = self._get_param("Name")
    if name in self.athena_backend.work_groups:
        raise AwsError("WorkGroup is already created", code="InvalidRequestException")
    self.athena_backend.create_work_group(
        name, self._get_param("Configuration") or {}, self._get_param("Description"), self._get_param("Tags") or []
    )
    return EmptyResult()


def get_work_group(self: AthenaResponse) -> ActionResult:
    """A work group that does not exist is an error."""
    group = _work_group(self.athena_backend, self._get_param("WorkGroup"))
    return ActionResult({"WorkGroup": _summary(group) | {"Configuration": group.configuration}})


def list_work_groups(self: AthenaResponse) -> ActionResult:
    """All of them on one page."""
    groups = self.athena_backend.work_groups.values()
    return ActionResult({"WorkGroups": [_summary(group) for group in groups]})


def update_work_group(self: AthenaResponse) -> ActionResult:
    """Changes description, state and configuration."""
    group = _work_group(self.athena_backend, self._get_param("WorkGroup"))
    group.configuration = updated(group.configuration, self._get_param("ConfigurationUpdates") or {})
    if (description := self._get_param("Description")) is not None:
        group.description = description
    if state := self._get_param("State"):
        group.state = state
    return EmptyResult()


def delete_work_group(self: AthenaResponse) -> ActionResult:
    """Only an empty work group goes without RecursiveDeleteOption; `primary` never goes."""
    backend = self.athena_backend
    group = _work_group(backend, self._get_param("WorkGroup"))
    if group.name == "primary":
        raise AwsError("The primary workgroup cannot be deleted", code="InvalidRequestException")
    queries = [query.id for query in backend.named_queries.values() if query.workgroup is group]
    executions = [execution.id for execution in backend.executions.values() if execution.workgroup is group]
    if (queries or executions) and not self._get_bool_param("RecursiveDeleteOption", False):
        raise AwsError(f"WorkGroup {group.name} is not empty", code="InvalidRequestException")
    for query_id in queries:
        del backend.named_queries[query_id]
    for execution_id in executions:
        del backend.executions[execution_id]
    backend.tagger.delete_all_tags_for_resource(group.arn)
    del backend.work_groups[group.name]
    return EmptyResult()


def create_named_query(self: AthenaResponse) -> ActionResult:
    """In a work group that exists."""
    group = _work_group(self.athena_backend, self._get_param("WorkGroup") or "primary")
    query_id = self.athena_backend.create_named_query(
        self._get_param("Name"),
        self._get_param("Description") or "",
        self._get_param("Database"),
        self._get_param("QueryString"),
        group.name,
    )
    return ActionResult({"NamedQueryId": query_id})


def get_named_query(self: AthenaResponse) -> ActionResult:
    """A named query that does not exist is an error (moto: a crash)."""
    query = _named_query(self.athena_backend, self._get_param("NamedQueryId"))
    description = {
        "Name": query.name,
        "Description": query.description,
        "Database": query.database,
        "QueryString": query.query_string,
        "NamedQueryId": query.id,
        "WorkGroup": query.workgroup.name,
    }
    return ActionResult({"NamedQuery": description})


def update_named_query(self: AthenaResponse) -> ActionResult:
    """Changes name, description and text."""
    query = _named_query(self.athena_backend, self._get_param("NamedQueryId"))
    query.name, query.query_string = self._get_param("Name"), self._get_param("QueryString")
    if (description := self._get_param("Description")) is not None:
        query.description = description
    return EmptyResult()


def delete_named_query(self: AthenaResponse) -> ActionResult:
    """Deletes it."""
    query = _named_query(self.athena_backend, self._get_param("NamedQueryId"))
    del self.athena_backend.named_queries[query.id]
    return EmptyResult()


def list_tags_for_resource(self: AthenaResponse) -> ActionResult:
    """A resource without tags has an empty list of them."""
    return ActionResult(self.athena_backend.tagger.list_tags_for_resource(self._get_param("ResourceARN")))


def _summary(group: WorkGroup) -> dict[str, Any]:
    return {
        "Name": group.name,
        "State": group.state,
        "Description": group.description,
        "CreationTime": group.creation_time,
    }


def _work_group(backend: AthenaBackend, name: str) -> WorkGroup:
    if name not in backend.work_groups:
        raise AwsError(f"WorkGroup {name} is not found.", code="InvalidRequestException")
    return backend.work_groups[name]


def _named_query(backend: AthenaBackend, query_id: str) -> NamedQuery:
    if query_id not in backend.named_queries:
        raise AwsError(f"NamedQuery {query_id} does not exist", code="InvalidRequestException")
    return backend.named_queries[query_id]


def _engine_version(wanted: Mapping[str, str]) -> dict[str, str]:
    selected = wanted.get("SelectedEngineVersion") or "AUTO"
    effective = "Athena engine version 3" if selected == "AUTO" else selected
    return {"SelectedEngineVersion": selected, "EffectiveEngineVersion": effective}
