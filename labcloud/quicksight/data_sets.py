"""Operations on data sets. What they refer to has to exist; SPICE is not filled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labcloud.api import ApiRequest, Operation
from labcloud.quicksight.columns import Columns, output_columns
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
from labcloud.quicksight.errors import InvalidParameterValueException, ResourceNotFoundException
from labcloud.quicksight.store import DataSet, Region

KEPT = (
    "PhysicalTableMap",
    "LogicalTableMap",
    "ColumnGroups",
    "FieldFolders",
    "RowLevelPermissionDataSet",
    "RowLevelPermissionTagConfiguration",
    "ColumnLevelPermissionRules",
    "DataSetUsageConfiguration",
    "DatasetParameters",
    "PerformanceConfiguration",
    "UseAs",
)
NOT_SERVED = ("DataPrepConfiguration", "SemanticModelConfiguration")
USAGE = {"DisableUseAsDirectQuerySource": False, "DisableUseAsImportedSource": False}


def columns_by_arn(region: Region) -> dict[str, Columns]:
    """The columns of all data sets of a region."""
    return {
        data_set.arn: {column["Name"]: column.get("Type") for column in data_set.output_columns}
        for data_set in region.data_sets.values()
    }


class DataSets(Part):
    """CreateDataSet and its kin."""

    def operations(self) -> Mapping[str, Operation]:
        """By the operation's name."""
        return {
            "CreateDataSet": self.create,
            "DescribeDataSet": self.describe,
            "UpdateDataSet": self.update,
            "DeleteDataSet": self.delete,
            "ListDataSets": self.list,
            "DescribeDataSetPermissions": self.describe_permissions,
            "UpdateDataSetPermissions": self.update_permissions,
            "PutDataSetRefreshProperties": self.put_refresh_properties,
            "DescribeDataSetRefreshProperties": self.describe_refresh_properties,
            "DeleteDataSetRefreshProperties": self.delete_refresh_properties,
        }

    def create(self, request: ApiRequest) -> dict[str, Any]:
        """Its data sources have to exist."""
        given, region = request.parameters, self.region(request)
        set_id = given["DataSetId"]
        require_free(region.data_sets, set_id, "DataSet")
        data_set = DataSet(
            asset_id=set_id,
            arn=arn_of(request, "dataset", set_id),
            name=given["Name"],
            created=self.now(),
            updated=self.now(),
            permissions=permissions_from(given.get("Permissions")),
        )
        _fill(data_set, given, region)
        region.data_sets[set_id] = data_set
        keep_tags(region, data_set.arn, given.get("Tags"))
        return {"Arn": data_set.arn, "DataSetId": set_id, "Status": 201}

    def describe(self, request: ApiRequest) -> dict[str, Any]:
        """As it was sent, with the columns that come out."""
        data_set = self._data_set(request)
        more = {"OutputColumns": data_set.output_columns, "ConsumedSpiceCapacityInBytes": 0}
        return {"DataSet": _summary(data_set) | data_set.members | more, "Status": 200}

    def update(self, request: ApiRequest) -> dict[str, Any]:
        """Replaces everything but permissions and tags."""
        given, data_set = request.parameters, self._data_set(request)
        _fill(data_set, given, self.region(request))
        data_set.name, data_set.updated = given["Name"], self.now()
        return {"Arn": data_set.arn, "DataSetId": data_set.asset_id, "Status": 200}

    def delete(self, request: ApiRequest) -> dict[str, Any]:
        """AWS also deletes a data set that dashboards use; they break then."""
        data_set, region = self._data_set(request), self.region(request)
        del region.data_sets[data_set.asset_id]
        region.tags.pop(data_set.arn, None)
        return {"Arn": data_set.arn, "DataSetId": data_set.asset_id, "Status": 200}

    def list(self, request: ApiRequest) -> dict[str, Any]:
        """All of the region."""
        data_sets, more = page(list(self.region(request).data_sets.values()), request)
        summaries = [
            _summary(data_set)
            | {
                "RowLevelPermissionTagConfigurationApplied": "RowLevelPermissionTagConfiguration" in data_set.members,
                "ColumnLevelPermissionRulesApplied": "ColumnLevelPermissionRules" in data_set.members,
            }
            for data_set in data_sets
        ]
        return {"DataSetSummaries": summaries, "Status": 200} | more

    def describe_permissions(self, request: ApiRequest) -> dict[str, Any]:
        """Who may use it."""
        data_set = self._data_set(request)
        return {
            "DataSetArn": data_set.arn,
            "DataSetId": data_set.asset_id,
            "Permissions": permissions_list(data_set.permissions),
            "Status": 200,
        }

    def update_permissions(self, request: ApiRequest) -> dict[str, Any]:
        """Grants and revokes."""
        data_set = self._data_set(request)
        change_permissions(data_set, request.parameters)
        return {"DataSetArn": data_set.arn, "DataSetId": data_set.asset_id, "Status": 200}

    def put_refresh_properties(self, request: ApiRequest) -> dict[str, Any]:
        """Only a SPICE data set is refreshed."""
        data_set = self._spice(request)
        data_set.refresh_properties = dict(request.parameters["DataSetRefreshProperties"])
        return {"Status": 200}

    def describe_refresh_properties(self, request: ApiRequest) -> dict[str, Any]:
        """How it is refreshed, if that was set."""
        data_set = self._spice(request)
        if data_set.refresh_properties is None:
            raise ResourceNotFoundException(f"DataSet {data_set.asset_id} has no refresh properties")
        return {"DataSetRefreshProperties": data_set.refresh_properties, "Status": 200}

    def delete_refresh_properties(self, request: ApiRequest) -> dict[str, Any]:
        """Back to none."""
        self._spice(request).refresh_properties = None
        return {"Status": 200}

    def _data_set(self, request: ApiRequest) -> DataSet:
        return find(self.region(request).data_sets, request.parameters["DataSetId"], "DataSet")

    def _spice(self, request: ApiRequest) -> DataSet:
        data_set = self._data_set(request)
        if data_set.import_mode != "SPICE":
            raise InvalidParameterValueException(f"DataSet {data_set.asset_id} is not a SPICE dataset")
        return data_set


def _fill(data_set: DataSet, given: Mapping[str, Any], region: Region) -> None:
    """Checks everything first: a refused update changes nothing."""
    if new := [name for name in NOT_SERVED if given.get(name)]:
        raise InvalidParameterValueException(f"{', '.join(new)} is not served by the local cloud")
    _require_sources(given["PhysicalTableMap"], given["ImportMode"], region)
    others = {arn: columns for arn, columns in columns_by_arn(region).items() if arn != data_set.arn}
    columns = output_columns(given["PhysicalTableMap"], given.get("LogicalTableMap"), others)
    data_set.output_columns = [
        {"Name": name} | ({"Type": kind} if kind is not None else {}) for name, kind in columns.items()
    ]
    data_set.import_mode = given["ImportMode"]
    data_set.members = {"DataSetUsageConfiguration": dict(USAGE)} | {
        name: given[name] for name in KEPT if given.get(name)
    }


def _require_sources(physical: Mapping[str, Any], import_mode: str, region: Region) -> None:
    for table in physical.values():
        for kind, details in table.items():
            if not details:
                continue
            arn = details.get("DataSourceArn", "")
            if ":quicksight:" not in arn or ":datasource/" not in arn:
                raise InvalidParameterValueException("Invalid dataSourceArn")
            if region.data_source_by_arn(arn) is None:
                raise ResourceNotFoundException(f"DataSource {arn} is not found", ResourceType="DATA_SOURCE")
            if kind == "S3Source" and import_mode != "SPICE":
                raise InvalidParameterValueException("A data set on S3 needs the import mode SPICE")


def _summary(data_set: DataSet) -> dict[str, Any]:
    return {
        "Arn": data_set.arn,
        "DataSetId": data_set.asset_id,
        "Name": data_set.name,
        "CreatedTime": data_set.created,
        "LastUpdatedTime": data_set.updated,
        "ImportMode": data_set.import_mode,
    }
