"""What services ask the roles that they act through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from labcloud.errors import AccessDenied, Refused
from labcloud.roles import Roles

Allow = Callable[[str, str, str, Mapping[str, Any]], None]
"""allow(role ARN, action, resource, context) raises AccessDenied unless the service may do it through the role."""


def allow(roles: Roles, service: str) -> Allow:
    """The question of one service."""

    def may_do(role_arn: str, action: str, resource: str, context: Mapping[str, Any]) -> None:
        try:
            roles.require(role_arn, service, action, resource, context)
        except Refused as refused:
            raise AccessDenied(str(refused)) from refused

    return may_do
