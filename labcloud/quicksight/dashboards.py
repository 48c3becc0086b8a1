"""Operations on dashboards: an update makes a version, readers see the published one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labcloud.api import ApiRequest, Operation
from labcloud.quicksight.analyses import checked_definition, sheets_of
from labcloud.quicksight.common import (
    Part,
    arn_of,
    change_permissions,
    find,
    keep_tags,
    page,
    permissions_from,
    permissions_list,
    require_free,
)
from labcloud.quicksight.definition import data_set_arns
from labcloud.quicksight.errors import InvalidParameterValueException, ResourceNotFoundException
from labcloud.quicksight.store import Dashboard, DashboardVersion

ALIASES = {"$LATEST": "last_number", "$PUBLISHED": "published_number"}


class Dashboards(Part):
    """CreateDashboard and its kin."""

    def operations(self) -> Mapping[str, Operation]:
        """By the operation's name."""
        return {
            "CreateDashboard": self.create,
            "DescribeDashboard": self.describe,
            "DescribeDashboardDefinition": self.describe_definition,
            "UpdateDashboard": self.update,
            "UpdateDashboardPublishedVersion": self.publish,
            "UpdateDashboardLinks": self.update_links,
            "DeleteDashboard": self.delete,
            "ListDashboards": self.list,
            "ListDashboardVersions": self.list_versions,
            "DescribeDashboardPermissions": self.describe_permissions,
            "UpdateDashboardPermissions": self.update_permissions,
        }

    def create(self, request: ApiRequest) -> dict[str, Any]:
        """Version 1 is published at once."""
        given, region = request.parameters, self.region(request)
        dashboard_id = given["DashboardId"]
        require_free(region.dashboards, dashboard_id, "Dashboard")
        dashboard = Dashboard(
            asset_id=dashboard_id,
            arn=arn_of(request, "dashboard", dashboard_id),
            name=given["Name"],
            created=self.now(),
            updated=self.now(),
            permissions=permissions_from(given.get("Permissions")),
            published=self.now(),
            link_entities=list(given.get("LinkEntities") or []),
            link_permissions=permissions_from((given.get("LinkSharingConfiguration") or {}).get("Permissions")),
        )
        version = self._version(request, dashboard, 1, "CREATION_SUCCESSFUL")
        dashboard.versions[1] = version
        region.dashboards[dashboard_id] = dashboard
        keep_tags(region, dashboard.arn, given.get("Tags"))
        answer = _named(dashboard) | {"VersionArn": version.arn}
        return answer | {"CreationStatus": "CREATION_IN_PROGRESS", "Status": 202}

    def describe(self, request: ApiRequest) -> dict[str, Any]:
        """The published version, or the one asked for."""
        dashboard = self._dashboard(request)
        version = _asked_version(dashboard, request.parameters)
        described = _times(dashboard) | {
            "DashboardId": dashboard.asset_id,
            "Arn": dashboard.arn,
            "Name": dashboard.name,
            "Version": _describe_version(version),
            "LinkEntities": dashboard.link_entities,
        }
        return {"Dashboard": described, "Status": 200}

    def describe_definition(self, request: ApiRequest) -> dict[str, Any]:
        """A version's definition as it was sent."""
        dashboard = self._dashboard(request)
        version = _asked_version(dashboard, request.parameters)
        answer = {
            "DashboardId": dashboard.asset_id,
            "Name": dashboard.name,
            "ResourceStatus": version.status,
            "Definition": version.definition,
            "DashboardPublishOptions": version.publish_options,
            "Status": 200,
        }
        if version.theme_arn:
            answer["ThemeArn"] = version.theme_arn
        return answer | ({"Errors": version.errors} if version.errors else {})

    def update(self, request: ApiRequest) -> dict[str, Any]:
        """A new version, not yet published."""
        dashboard = self._dashboard(request)
        number = dashboard.last_number + 1
        version = self._version(request, dashboard, number, "CREATION_SUCCESSFUL")
        dashboard.versions[number], dashboard.last_number = version, number
        dashboard.name, dashboard.updated = request.parameters["Name"], self.now()
        return _named(dashboard) | {"VersionArn": version.arn, "CreationStatus": "CREATION_IN_PROGRESS", "Status": 202}

    def publish(self, request: ApiRequest) -> dict[str, Any]:
        """Readers see that version from now on."""
        dashboard = self._dashboard(request)
        number = int(request.parameters["VersionNumber"])
        _existing_version(dashboard, number)
        dashboard.published_number, dashboard.published = number, self.now()
        return _named(dashboard) | {"Status": 200}

    def update_links(self, request: ApiRequest) -> dict[str, Any]:
        """Replaces the linked analyses."""
        dashboard = self._dashboard(request)
        dashboard.link_entities = list(request.parameters["LinkEntities"])
        return {"DashboardArn": dashboard.arn, "LinkEntities": dashboard.link_entities, "Status": 200}

    def delete(self, request: ApiRequest) -> dict[str, Any]:
        """The whole dashboard, or one version that is not the published one."""
        dashboard, region = self._dashboard(request), self.region(request)
        number = request.parameters.get("VersionNumber")
        if number is None:
            del region.dashboards[dashboard.asset_id]
            region.tags.pop(dashboard.arn, None)
        else:
            _existing_version(dashboard, int(number))
            if int(number) == dashboard.published_number:
                raise InvalidParameterValueException(f"Version {number} is published and cannot be deleted")
            del dashboard.versions[int(number)]
        return _named(dashboard) | {"Status": 200}

    def list(self, request: ApiRequest) -> dict[str, Any]:
        """All of the region."""
        dashboards, more = page(list(self.region(request).dashboards.values()), request)
        summaries = [
            _named(dashboard)
            | _times(dashboard)
            | {"Name": dashboard.name, "PublishedVersionNumber": dashboard.published_number}
            for dashboard in dashboards
        ]
        return {"DashboardSummaryList": summaries, "Status": 200} | more

    def list_versions(self, request: ApiRequest) -> dict[str, Any]:
        """All versions of one dashboard."""
        versions, more = page(list(self._dashboard(request).versions.values()), request)
        wanted = ("Arn", "CreatedTime", "VersionNumber", "Status", "Description")
        summaries = [
            {key: value for key, value in _describe_version(version).items() if key in wanted} for version in versions
        ]
        return {"DashboardVersionSummaryList": summaries, "Status": 200} | more

    def describe_permissions(self, request: ApiRequest) -> dict[str, Any]:
        """Who may use it."""
        return _permissions(self._dashboard(request))

    def update_permissions(self, request: ApiRequest) -> dict[str, Any]:
        """Grants and revokes."""
        dashboard = self._dashboard(request)
        change_permissions(dashboard, request.parameters)
        dashboard.link_permissions |= permissions_from(request.parameters.get("GrantLinkPermissions"))
        for principal in permissions_from(request.parameters.get("RevokeLinkPermissions")):
            dashboard.link_permissions.pop(principal, None)
        return _permissions(dashboard)

    def _dashboard(self, request: ApiRequest) -> Dashboard:
        return find(self.region(request).dashboards, request.parameters["DashboardId"], "Dashboard")

    def _version(self, request: ApiRequest, dashboard: Dashboard, number: int, status: str) -> DashboardVersion:
        given = request.parameters
        definition, faults = checked_definition(given, self.region(request))
        return DashboardVersion(
            number=number,
            arn=f"{dashboard.arn}/version/{number}",
            created=self.now(),
            status=status,
            definition=definition,
            data_set_arns=data_set_arns(definition),
            description=given.get("VersionDescription"),
            publish_options=dict(given.get("DashboardPublishOptions") or {}),
            theme_arn=given.get("ThemeArn"),
            errors=faults,
        )


def _asked_version(dashboard: Dashboard, parameters: Mapping[str, Any]) -> DashboardVersion:
    number, alias = parameters.get("VersionNumber"), parameters.get("AliasName")
    if number is not None and alias is not None:
        raise InvalidParameterValueException("VersionNumber and AliasName cannot both be given")
    if alias is not None:
        if alias not in ALIASES:
            raise ResourceNotFoundException(f"Dashboard {dashboard.asset_id} has no alias {alias}")
        number = getattr(dashboard, ALIASES[alias])
    return _existing_version(dashboard, dashboard.published_number if number is None else int(number))


def _existing_version(dashboard: Dashboard, number: int) -> DashboardVersion:
    if number not in dashboard.versions:
        message = f"Dashboard {dashboard.asset_id} has no version {number}"
        raise ResourceNotFoundException(message, ResourceType="DASHBOARD")
    return dashboard.versions[number]


def _describe_version(version: DashboardVersion) -> dict[str, Any]:
    described = {
        "VersionNumber": version.number,
        "Arn": version.arn,
        "CreatedTime": version.created,
        "Status": version.status,
        "DataSetArns": version.data_set_arns,
        "Sheets": sheets_of(version.definition),
        "Description": version.description,
        "ThemeArn": version.theme_arn,
        "Errors": version.errors or None,
    }
    return {key: value for key, value in described.items() if value is not None}


def _permissions(dashboard: Dashboard) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "DashboardArn": dashboard.arn,
        "DashboardId": dashboard.asset_id,
        "Permissions": permissions_list(dashboard.permissions),
        "Status": 200,
    }
    if dashboard.link_permissions:
        answer["LinkSharingConfiguration"] = {"Permissions": permissions_list(dashboard.link_permissions)}
    return answer


def _named(dashboard: Dashboard) -> dict[str, Any]:
    return {"Arn": dashboard.arn, "DashboardId": dashboard.asset_id}


def _times(dashboard: Dashboard) -> dict[str, Any]:
    return {
        "CreatedTime": dashboard.created,
        "LastUpdatedTime": dashboard.updated,
        "LastPublishedTime": dashboard.published,
    }
