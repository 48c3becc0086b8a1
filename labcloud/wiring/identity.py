"""IAM is moto's; what is remembered of roles and principals is forgotten when it changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from labcloud.api import ApiRequest, Served

if TYPE_CHECKING:
    from labcloud.cloud import Cloud


def serve(cloud: Cloud) -> Mapping[str, Served]:
    def changed(request: ApiRequest) -> None:
        cloud.roles.forget()
        cloud.registry.changed()

    return {"iam": Served(changed=changed)}
