"""The cloud's API operations by the names that AWS SDKs give them, for schedules and state machines that call them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labcloud.gateway.identify import SERVED
from labcloud.motobase import service_calls

if TYPE_CHECKING:
    from labcloud.cloud import Cloud

_SERVICES = tuple(sorted({name for names in SERVED.values() for name in names}))


def operation_of(cloud: Cloud, sdk_name: str, action: str) -> tuple[str, str] | None:
    """botocore's (service, operation); None: nobody here answers it."""
    found = service_calls.operation_of(_SERVICES, sdk_name, action)
    return found if found and cloud.front.served_by(*found) else None
