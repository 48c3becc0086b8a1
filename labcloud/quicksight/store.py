"""What QuickSight knows, as plain data: one `Region` per account and region, one `Account` per account."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

Members = dict[str, Any]
"""Members of a request as the API's model names them."""


@dataclass
class Asset:
    """What data sources, data sets, analyses and dashboards have in common."""

    asset_id: str
    arn: str
    name: str
    created: dt.datetime
    updated: dt.datetime
    permissions: dict[str, list[str]] = field(default_factory=dict)
    """Principal ARN → actions."""


@dataclass
class DataSource(Asset):
    """Where data comes from; `Type` TIMESTREAM, ATHENA, S3 …"""

    type: str = ""
    status: str = "CREATION_SUCCESSFUL"
    members: Members = field(default_factory=dict)
    """DataSourceParameters, VpcConnectionProperties, SslProperties: credentials are not kept."""


@dataclass
class DataSet(Asset):
    """Tables of data sources, and how they are joined and changed."""

    import_mode: str = ""
    output_columns: list[dict[str, str]] = field(default_factory=list)
    members: Members = field(default_factory=dict)
    refresh_properties: Members | None = None


@dataclass
class Analysis(Asset):
    """A definition that is worked on."""

    status: str = "CREATION_SUCCESSFUL"
    definition: Members = field(default_factory=dict)
    data_set_arns: list[str] = field(default_factory=list)
    theme_arn: str | None = None
    errors: list[dict[str, str]] = field(default_factory=list)
    deleted_until: dt.datetime | None = None


@dataclass
class DashboardVersion:
    """One version of a dashboard: what is shown when it is the published one."""

    number: int
    arn: str
    created: dt.datetime
    status: str
    definition: Members
    data_set_arns: list[str]
    description: str | None
    publish_options: Members
    theme_arn: str | None
    errors: list[dict[str, str]]


@dataclass
class Dashboard(Asset):
    """A definition that is published, in versions."""

    versions: dict[int, DashboardVersion] = field(default_factory=dict)
    published_number: int = 1
    last_number: int = 1
    published: dt.datetime | None = None
    link_entities: list[str] = field(default_factory=list)
    link_permissions: dict[str, list[str]] = field(default_factory=dict)

    @property
    def published_version(self) -> DashboardVersion:
        """What readers see."""
        return self.versions[self.published_number]


@dataclass
class Region:
    """An account's assets in one region."""

    data_sources: dict[str, DataSource] = field(default_factory=dict)
    data_sets: dict[str, DataSet] = field(default_factory=dict)
    analyses: dict[str, Analysis] = field(default_factory=dict)
    dashboards: dict[str, Dashboard] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)

    def assets(self) -> list[Asset]:
        """All of them."""
        groups = (self.data_sources, self.data_sets, self.analyses, self.dashboards)
        return [asset for group in groups for asset in group.values()]

    def data_set_by_arn(self, arn: str) -> DataSet | None:
        """The data set of an ARN."""
        return next((data_set for data_set in self.data_sets.values() if data_set.arn == arn), None)

    def data_source_by_arn(self, arn: str) -> DataSource | None:
        """The data source of an ARN."""
        return next((source for source in self.data_sources.values() if source.arn == arn), None)


@dataclass
class Account:
    """An account's subscription, settings and users: the same in all regions."""

    subscription: Members | None = None
    settings: Members = field(default_factory=dict)
    users: dict[tuple[str, str], Members] = field(default_factory=dict)
    """(namespace, user name) → the API's User."""
    user_tags: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass
class Store:
    """Everything; picklable."""

    regions: dict[tuple[str, str], Region] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)

    def region(self, account_id: str, region: str) -> Region:
        """The assets of an account in a region."""
        return self.regions.setdefault((account_id, region), Region())

    def account(self, account_id: str) -> Account:
        """The account's own things."""
        return self.accounts.setdefault(account_id, Account())
