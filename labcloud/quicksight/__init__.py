"""Amazon QuickSight's control plane: subscription, users, data sources, data sets, analyses and dashboards.

Nothing is drawn and no data is read here: definitions are checked against the columns of their data sets and kept.
Templates, themes, folders, topics and SPICE ingestions are not served.
"""

from labcloud.quicksight.api import QuickSight
from labcloud.quicksight.store import Analysis, Dashboard, DashboardVersion, DataSet, DataSource, Region, Store

__all__ = [
    "Analysis",
    "Dashboard",
    "DashboardVersion",
    "DataSet",
    "DataSource",
    "QuickSight",
    "Region",
    "Store",
]
