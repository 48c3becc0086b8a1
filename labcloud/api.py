"""What a service of ours looks like to the gateway: a botocore service name and a visible table of operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Caller:
    """Who signed a request: the account's administrator, an IAM user, or an assumed role's session."""

    account_id: str
    arn: str
    access_key_id: str = ""
    role_arn: str | None = None
    """The role whose policies decide; None: the account's administrator, who may do everything."""


@dataclass(frozen=True)
class Scope:
    """An account and a region: the name space in which nearly everything of AWS lives."""

    account_id: str
    region: str

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource here."""
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"


@dataclass(frozen=True)
class ApiRequest:
    """One AWS API request, parsed by botocore's model of the service: `parameters` has the model's member names."""

    service: str
    operation: str
    parameters: Mapping[str, Any]
    region: str
    caller: Caller
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def account_id(self) -> str:
        return self.caller.account_id

    @property
    def scope(self) -> Scope:
        return Scope(self.caller.account_id, self.region)


Operation = Callable[[ApiRequest], dict[str, Any]]
"""Takes a request, returns the response's members by the model's names; raises AwsError."""


class Service(Protocol):
    """A service that is ours and not moto's. Operations that are not in the table are refused by the gateway."""

    name: str
    """botocore's service name, for example "timestream-query"."""

    operations: Mapping[str, Operation]
    """By the operation's AWS name, for example {"Query": self.query}."""
