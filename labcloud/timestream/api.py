"""Timestream for LiveAnalytics as the cloud composes it: two services over the same stores."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from labcloud.api import ApiRequest
from labcloud.errors import NotServed
from labcloud.timestream.query import Call, TimestreamQuery
from labcloud.timestream.store import Store
from labcloud.timestream.write import TimestreamWrite, ingest

CACHE_MINUTES = 1440


class Clock(Protocol):
    """The lab's clock."""

    def now(self) -> float: ...


def _stand_alone(request: ApiRequest, service: str, operation: str, parameters: Mapping[str, Any]) -> None:
    raise NotServed(f"{service} {operation} is not served where Timestream stands alone")


class Timestream:
    """`write` and `query` are the services; `write_records` is the way in for rule actions.

    `endpoint` gives the cloud's own URL or host:port, which DescribeEndpoints answers. Without a directory everything
    is in memory; with one, an acknowledged record survives the end of the process at any moment. `call` is how UNLOAD
    writes to S3.
    """

    def __init__(
        self, clock: Clock, endpoint: Callable[[], str], directory: Path | None = None, call: Call | None = None
    ) -> None:
        self._clock = clock
        self._endpoint = endpoint
        self._directory = directory
        self._lock = threading.Lock()
        self._stores: dict[tuple[str, str], Store] = {}
        self.write = TimestreamWrite(self.store_of, clock.now, self._describe_endpoints)
        self.query = TimestreamQuery(self.store_of, clock.now, self._describe_endpoints, call or _stand_alone)

    def write_records(
        self,
        account_id: str,
        region: str,
        database: str,
        table: str,
        records: Sequence[Mapping[str, Any]],
        common_attributes: Mapping[str, Any] | None = None,
    ) -> None:
        """WriteRecords without HTTP: the same rules, the same errors."""
        where = {"DatabaseName": database, "TableName": table}
        ingest(self.store_of(account_id, region), where, records, common_attributes)

    def store_of(self, account_id: str, region: str) -> Store:
        """The databases of an account in a region, for those who run queries on their own account."""
        with self._lock:
            store = self._stores.get((account_id, region))
            if store is None:
                directory = self._directory / account_id / region if self._directory else None
                store = self._stores[account_id, region] = Store(directory, self._now_ns)
            return store

    def _now_ns(self) -> int:
        return int(self._clock.now() * 1_000_000) * 1000

    def _describe_endpoints(self, request: ApiRequest) -> dict[str, Any]:
        """With its scheme, unlike AWS's: an SDK that takes its endpoint from the environment would dial https."""
        return {"Endpoints": [{"Address": self._endpoint().rstrip("/"), "CachePeriodInMinutes": CACHE_MINUTES}]}

    def close(self) -> None:
        """Writes what is pending and lets go of the files."""
        self.query.close()
        with self._lock:
            for store in self._stores.values():
                store.close()
            self._stores.clear()
