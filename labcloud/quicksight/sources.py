"""Operations on data sources. The connection is not tried: a source is ready as soon as it is made."""

from __future__ import annotations

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
from labcloud.quicksight.errors import InvalidParameterValueException
from labcloud.quicksight.store import DataSource

KEPT = ("DataSourceParameters", "VpcConnectionProperties", "SslProperties")

PARAMETERS_OF_TYPES = {
    "AMAZON_ELASTICSEARCH": ("AmazonElasticsearchParameters",),
    "AMAZON_OPENSEARCH": ("AmazonOpenSearchParameters",),
    "ATHENA": ("AthenaParameters",),
    "AURORA": ("AuroraParameters", "RdsParameters"),
    "AURORA_POSTGRESQL": ("AuroraPostgreSqlParameters", "RdsParameters"),
    "AWS_IOT_ANALYTICS": ("AwsIotAnalyticsParameters",),
    "DATABRICKS": ("DatabricksParameters",),
    "MARIADB": ("MariaDbParameters", "RdsParameters"),
    "MYSQL": ("MySqlParameters", "RdsParameters"),
    "ORACLE": ("OracleParameters", "RdsParameters"),
    "POSTGRESQL": ("PostgreSqlParameters", "RdsParameters"),
    "PRESTO": ("PrestoParameters",),
    "REDSHIFT": ("RedshiftParameters",),
    "S3": ("S3Parameters",),
    "SNOWFLAKE": ("SnowflakeParameters",),
    "SPARK": ("SparkParameters",),
    "SQLSERVER": ("SqlServerParameters", "RdsParameters"),
    "TERADATA": ("TeradataParameters",),
    "TRINO": ("TrinoParameters",),
}
"""Which member of DataSourceParameters goes with a type; other types are taken with what they bring."""

WITHOUT_PARAMETERS = ("TIMESTREAM",)
OPTIONAL_PARAMETERS = ("ATHENA",)


class DataSources(Part):
    """CreateDataSource and its kin."""

    def operations(self) -> Mapping[str, Operation]:
        """By the operation's name."""
        return {
            "CreateDataSource": self.create,
            "DescribeDataSource": self.describe,
            "UpdateDataSource": self.update,
            "DeleteDataSource": self.delete,
            "ListDataSources": self.list,
            "DescribeDataSourcePermissions": self.describe_permissions,
            "UpdateDataSourcePermissions": self.update_permissions,
        }

    def create(self, request: ApiRequest) -> dict[str, Any]:
        """The parameters have to fit the type."""
        given, region = request.parameters, self.region(request)
        source_id, kind = given["DataSourceId"], given["Type"]
        require_free(region.data_sources, source_id, "DataSource")
        _require_fitting(kind, given.get("DataSourceParameters"))
        source = DataSource(
            asset_id=source_id,
            arn=arn_of(request, "datasource", source_id),
            name=given["Name"],
            created=self.now(),
            updated=self.now(),
            permissions=permissions_from(given.get("Permissions")),
            type=kind,
            members={name: given[name] for name in KEPT if given.get(name)},
        )
        region.data_sources[source_id] = source
        keep_tags(region, source.arn, given.get("Tags"))
        return {"Arn": source.arn, "DataSourceId": source_id, "CreationStatus": "CREATION_IN_PROGRESS", "Status": 202}

    def describe(self, request: ApiRequest) -> dict[str, Any]:
        """Everything but the credentials."""
        source = self._source(request)
        return {"DataSource": _summary(source) | {"Status": source.status} | source.members, "Status": 200}

    def update(self, request: ApiRequest) -> dict[str, Any]:
        """Replaces name and parameters; the type stays."""
        given, source = request.parameters, self._source(request)
        _require_fitting(source.type, given.get("DataSourceParameters"))
        source.name, source.updated, source.status = given["Name"], self.now(), "UPDATE_SUCCESSFUL"
        source.members = {name: given[name] for name in KEPT if given.get(name)}
        answer = {"Arn": source.arn, "DataSourceId": source.asset_id}
        return answer | {"UpdateStatus": "UPDATE_IN_PROGRESS", "Status": 202}

    def delete(self, request: ApiRequest) -> dict[str, Any]:
        """AWS also deletes a source that data sets use; they break then."""
        source, region = self._source(request), self.region(request)
        del region.data_sources[source.asset_id]
        region.tags.pop(source.arn, None)
        return {"Arn": source.arn, "DataSourceId": source.asset_id, "Status": 200}

    def list(self, request: ApiRequest) -> dict[str, Any]:
        """All of the region."""
        sources, more = page(list(self.region(request).data_sources.values()), request)
        described = [_summary(source) | {"Status": source.status} | source.members for source in sources]
        return {"DataSources": described, "Status": 200} | more

    def describe_permissions(self, request: ApiRequest) -> dict[str, Any]:
        """Who may use it."""
        source = self._source(request)
        return {
            "DataSourceArn": source.arn,
            "DataSourceId": source.asset_id,
            "Permissions": permissions_list(source.permissions),
            "Status": 200,
        }

    def update_permissions(self, request: ApiRequest) -> dict[str, Any]:
        """Grants and revokes."""
        source = self._source(request)
        change_permissions(source, request.parameters)
        return {"DataSourceArn": source.arn, "DataSourceId": source.asset_id, "Status": 200}

    def _source(self, request: ApiRequest) -> DataSource:
        return find(self.region(request).data_sources, request.parameters["DataSourceId"], "DataSource")


def _summary(source: DataSource) -> dict[str, Any]:
    return {
        "Arn": source.arn,
        "DataSourceId": source.asset_id,
        "Name": source.name,
        "Type": source.type,
        "CreatedTime": source.created,
        "LastUpdatedTime": source.updated,
    }


def _require_fitting(kind: str, parameters: Mapping[str, Any] | None) -> None:
    given = [name for name, value in (parameters or {}).items() if value is not None]
    wanted = PARAMETERS_OF_TYPES.get(kind)
    if kind in WITHOUT_PARAMETERS:
        fits = not given
    elif wanted is None or (kind in OPTIONAL_PARAMETERS and not given):
        fits = True
    else:
        fits = len(given) == 1 and given[0] in wanted
    if not fits:
        raise InvalidParameterValueException("DataSourceParameters field is incorrectly set")
