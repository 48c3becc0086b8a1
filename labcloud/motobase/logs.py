"""CloudWatch Logs on moto 5.2.5: metric filters.

moto 5.2.5 keeps the old metric filter beside the new one of the same name, and all of them when their group goes.
"""

from __future__ import annotations

from typing import Any

from moto.logs.metric_filters import MetricFilters
from moto.logs.models import LogsBackend

from labcloud.motobase import hooks


def install() -> None:
    """Puts the hooks in place."""
    if hooks.first_time(__name__):
        hooks.replace(MetricFilters, "add_filter", add_filter)
        hooks.replace(LogsBackend, "delete_log_group", delete_log_group)


def add_filter(
    self: MetricFilters, filter_name: str, filter_pattern: str, log_group_name: str, metric_transformations: Any
) -> None:
    """A filter of that name in the group is replaced."""
    self.delete_filter(filter_name, log_group_name)
    stock = hooks.stock(MetricFilters, "add_filter")
    stock(self, filter_name, filter_pattern, log_group_name, metric_transformations)


def delete_log_group(self: LogsBackend, log_group_name: str) -> Any:
    """The group's filters go with it."""
    answer = hooks.stock(LogsBackend, "delete_log_group")(self, log_group_name)
    kept = [one for one in self.filters.metric_filters if one["logGroupName"] != log_group_name]
    self.filters.metric_filters = kept
    return answer
