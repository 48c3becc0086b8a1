"""What a service of ours looks like to the gateway: a botocore service name and a visible table of operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Caller:
    """Who signed a request: the account's administrator, an IAM user, or an assumed role's session."""

    account_id: str
    arn: str
    access_key_id: str = ""
    role_arn: str | None = None
    """The role whose session signs, if it is one."""
    session_policy: str = ""
    """What the session was limited to when the role was assumed."""

    @property
    def is_administrator(self) -> bool:
        """Whether this is the account's administrator, who may do everything."""
        return self.role_arn is None and ":user/" not in self.arn


@dataclass(frozen=True)
class AccessKey:
    """Whom an access key stands for, and what a request that is signed with it must be signed with."""

    caller: Caller
    secret: str | None = None
    """None: any secret will do (a key of nobody's is the administrator's)."""
    session_token: str | None = None


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


Check = Callable[[ApiRequest], None]
"""Looks at a request before it is answered; raises AwsError to refuse it."""


@dataclass(frozen=True)
class Served:
    """What of an AWS service is ours, instead of moto or beside it."""

    operations: Mapping[str, Operation] = field(default_factory=dict)
    """What we answer, by the operation's AWS name, for example {"Query": self.query}."""
    rest_by_moto: bool = True
    """Whether moto answers what is not in the table; else it is refused."""
    checks: Mapping[str, Check] = field(default_factory=dict)
    """By operation: what is refused before moto would take it."""
    changed: Callable[[ApiRequest], None] | None = None
    """Told of every request that may have changed something and was answered without an error."""
