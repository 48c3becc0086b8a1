"""Operations on analyses. A deleted one stays for its recovery window, and its id stays taken."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from labcloud.api import ApiRequest, Operation
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
from labcloud.quicksight.data_sets import columns_by_arn
from labcloud.quicksight.definition import Fault, data_set_arns, faults_of_definition
from labcloud.quicksight.errors import (
    InvalidParameterValueException,
    PreconditionNotMetException,
    ResourceNotFoundException,
)
from labcloud.quicksight.store import Analysis, Members, Region

RECOVERY_DAYS = range(7, 31)


def checked_definition(given: Mapping[str, Any], region: Region) -> tuple[Members, list[Fault]]:
    """The definition of a request, and the faults that a LENIENT request lets pass; else they refuse it."""
    if source := given.get("SourceEntity"):
        template = (source.get("SourceTemplate") or {}).get("Arn")
        raise ResourceNotFoundException(f"Template {template} is not found", ResourceType="TEMPLATE")
    definition = given.get("Definition")
    if not definition:
        raise InvalidParameterValueException("Either Definition or SourceEntity must be given")
    faults = faults_of_definition(definition, columns_by_arn(region))
    lenient = (given.get("ValidationStrategy") or {}).get("Mode") == "LENIENT"
    if faults and not lenient:
        listed = "; ".join(f"{fault['Type']}: {fault['Message']}" for fault in faults)
        raise InvalidParameterValueException(f"Invalid definition: {listed}")
    return dict(definition), faults


def sheets_of(definition: Mapping[str, Any]) -> list[dict[str, str]]:
    """The sheets as a description names them."""
    return [
        {key: sheet[key] for key in ("SheetId", "Name") if sheet.get(key)} for sheet in definition.get("Sheets") or []
    ]


class Analyses(Part):
    """CreateAnalysis and its kin."""

    def operations(self) -> Mapping[str, Operation]:
        """By the operation's name."""
        return {
            "CreateAnalysis": self.create,
            "DescribeAnalysis": self.describe,
            "DescribeAnalysisDefinition": self.describe_definition,
            "UpdateAnalysis": self.update,
            "DeleteAnalysis": self.delete,
            "RestoreAnalysis": self.restore,
            "ListAnalyses": self.list,
            "DescribeAnalysisPermissions": self.describe_permissions,
            "UpdateAnalysisPermissions": self.update_permissions,
        }

    def create(self, request: ApiRequest) -> dict[str, Any]:
        """Its definition has to fit its data sets."""
        given, region = request.parameters, self.region(request)
        self._forget_expired(region)
        analysis_id = given["AnalysisId"]
        require_free(region.analyses, analysis_id, "Analysis")
        definition, faults = checked_definition(given, region)
        analysis = Analysis(
            asset_id=analysis_id,
            arn=arn_of(request, "analysis", analysis_id),
            name=given["Name"],
            created=self.now(),
            updated=self.now(),
            permissions=permissions_from(given.get("Permissions")),
            definition=definition,
            data_set_arns=data_set_arns(definition),
            theme_arn=given.get("ThemeArn"),
            errors=faults,
        )
        region.analyses[analysis_id] = analysis
        keep_tags(region, analysis.arn, given.get("Tags"))
        return _named(analysis) | {"CreationStatus": "CREATION_IN_PROGRESS", "Status": 202}

    def describe(self, request: ApiRequest) -> dict[str, Any]:
        """Also a deleted one within its recovery window."""
        analysis = self._analysis(request)
        more: dict[str, Any] = {"DataSetArns": analysis.data_set_arns, "Sheets": sheets_of(analysis.definition)}
        if analysis.theme_arn:
            more["ThemeArn"] = analysis.theme_arn
        if analysis.errors:
            more["Errors"] = analysis.errors
        return {"Analysis": _summary(analysis) | more, "Status": 200}

    def describe_definition(self, request: ApiRequest) -> dict[str, Any]:
        """The definition as it was sent."""
        analysis = self._analysis(request)
        answer = {
            "AnalysisId": analysis.asset_id,
            "Name": analysis.name,
            "ResourceStatus": analysis.status,
            "Definition": analysis.definition,
            "Status": 200,
        }
        if analysis.theme_arn:
            answer["ThemeArn"] = analysis.theme_arn
        return answer | ({"Errors": analysis.errors} if analysis.errors else {})

    def update(self, request: ApiRequest) -> dict[str, Any]:
        """Replaces name, definition and theme."""
        given, analysis = request.parameters, self._living(request)
        definition, analysis.errors = checked_definition(given, self.region(request))
        analysis.definition, analysis.data_set_arns = definition, data_set_arns(definition)
        analysis.name, analysis.theme_arn = given["Name"], given.get("ThemeArn")
        analysis.updated, analysis.status = self.now(), "UPDATE_SUCCESSFUL"
        return _named(analysis) | {"UpdateStatus": "UPDATE_IN_PROGRESS", "Status": 202}

    def delete(self, request: ApiRequest) -> dict[str, Any]:
        """At once when forced, else after 7 to 30 days."""
        given, analysis, region = request.parameters, self._living(request), self.region(request)
        forced, days = given.get("ForceDeleteWithoutRecovery"), given.get("RecoveryWindowInDays")
        if forced and days is not None:
            raise InvalidParameterValueException("RecoveryWindowInDays cannot be given with ForceDeleteWithoutRecovery")
        if forced:
            del region.analyses[analysis.asset_id]
            region.tags.pop(analysis.arn, None)
            return _named(analysis) | {"Status": 200}
        days = 30 if days is None else int(days)
        if days not in RECOVERY_DAYS:
            raise InvalidParameterValueException("RecoveryWindowInDays must be between 7 and 30")
        analysis.status, analysis.deleted_until = "DELETED", self.now() + dt.timedelta(days=days)
        return _named(analysis) | {"DeletionTime": analysis.deleted_until, "Status": 200}

    def restore(self, request: ApiRequest) -> dict[str, Any]:
        """Brings a deleted one back."""
        analysis = self._analysis(request)
        if analysis.status != "DELETED":
            raise PreconditionNotMetException(f"Analysis {analysis.asset_id} is not deleted")
        analysis.status, analysis.deleted_until = "CREATION_SUCCESSFUL", None
        return _named(analysis) | {"Status": 200}

    def list(self, request: ApiRequest) -> dict[str, Any]:
        """All of the region, deleted ones too."""
        region = self.region(request)
        self._forget_expired(region)
        analyses, more = page(list(region.analyses.values()), request)
        return {"AnalysisSummaryList": [_summary(analysis) for analysis in analyses], "Status": 200} | more

    def describe_permissions(self, request: ApiRequest) -> dict[str, Any]:
        """Who may use it."""
        return self._permissions(self._living(request))

    def update_permissions(self, request: ApiRequest) -> dict[str, Any]:
        """Grants and revokes."""
        analysis = self._living(request)
        change_permissions(analysis, request.parameters)
        return self._permissions(analysis)

    def _permissions(self, analysis: Analysis) -> dict[str, Any]:
        return {
            "AnalysisArn": analysis.arn,
            "AnalysisId": analysis.asset_id,
            "Permissions": permissions_list(analysis.permissions),
            "Status": 200,
        }

    def _analysis(self, request: ApiRequest) -> Analysis:
        self._forget_expired(self.region(request))
        return find(self.region(request).analyses, request.parameters["AnalysisId"], "Analysis")

    def _living(self, request: ApiRequest) -> Analysis:
        analysis = self._analysis(request)
        if analysis.status == "DELETED":
            raise ResourceNotFoundException(f"Analysis {analysis.asset_id} is deleted", ResourceType="ANALYSIS")
        return analysis

    def _forget_expired(self, region: Region) -> None:
        now = self.now()
        for analysis in list(region.analyses.values()):
            if analysis.deleted_until is not None and analysis.deleted_until <= now:
                del region.analyses[analysis.asset_id]
                region.tags.pop(analysis.arn, None)


def _named(analysis: Analysis) -> dict[str, Any]:
    return {"Arn": analysis.arn, "AnalysisId": analysis.asset_id}


def _summary(analysis: Analysis) -> dict[str, Any]:
    return _named(analysis) | {
        "Name": analysis.name,
        "Status": analysis.status,
        "CreatedTime": analysis.created,
        "LastUpdatedTime": analysis.updated,
    }
