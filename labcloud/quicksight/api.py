"""QuickSight as a service: the table of its operations, and what is checked before each of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from labcloud.api import ApiRequest, Operation
from labcloud.errors import AccessDenied
from labcloud.motobase.constraints import complaint_about_request
from labcloud.quicksight.account import AccountOperations
from labcloud.quicksight.analyses import Analyses
from labcloud.quicksight.dashboards import Dashboards
from labcloud.quicksight.data_sets import DataSets
from labcloud.quicksight.errors import InvalidParameterValueException
from labcloud.quicksight.sources import DataSources
from labcloud.quicksight.store import Store


class QuickSight:
    """The service; `store` holds everything that it knows, `now` gives epoch seconds of the lab."""

    name = "quicksight"

    def __init__(self, now: Callable[[], float] = time.time, store: Store | None = None) -> None:
        self.store = store or Store()
        parts = [kind(self.store, now) for kind in (AccountOperations, DataSources, DataSets, Analyses, Dashboards)]
        table = {name: operation for part in parts for name, operation in part.operations().items()}
        self.operations: Mapping[str, Operation] = {name: _checked(operation) for name, operation in table.items()}

    def state(self) -> Store:
        """What must survive a restart."""
        return self.store

    def restore(self, store: Store) -> None:
        """Takes over what `state` gave."""
        self.store.regions.update(store.regions)
        self.store.accounts.update(store.accounts)


def _checked(operation: Operation) -> Operation:
    """First the account and the model's constraints, then the operation."""

    def call(request: ApiRequest) -> dict[str, Any]:
        wanted = request.parameters.get("AwsAccountId", request.account_id)
        if wanted != request.account_id:
            raise AccessDenied(f"Account {request.account_id} cannot use QuickSight of account {wanted}")
        if fault := complaint_about_request("quicksight", request.operation, request.parameters):
            raise InvalidParameterValueException(fault)
        return operation(request)

    return call
