"""Who a statement of a resource or trust policy is for: services, accounts, users, roles, sessions, everyone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KINDS = ("AWS", "Service", "Federated", "CanonicalUser")
_ACCOUNT = re.compile(r"(?:arn:[^:]*:iam::)?(\d{12})(?::root)?")
_SERVICE = re.compile(r"[A-Za-z0-9.-]+\.amazonaws\.com(?:\.cn)?")


@dataclass(frozen=True, slots=True)
class Principals:
    """The Principal or NotPrincipal element."""

    excluded: bool
    """True for NotPrincipal."""
    by_kind: Mapping[str, tuple[str, ...]]

    def match(self, principal: str) -> str | None:
        """Returns how the principal is named: `any`, `account`, `service`, `user`, `role`, `session`; None: not."""
        how = self._named(principal)
        if self.excluded:
            return None if how else "any"
        return how

    def names(self) -> tuple[str, ...]:
        """Returns all named principals as written."""
        return tuple(name for names in self.by_kind.values() for name in names)

    def _named(self, principal: str) -> str | None:
        if is_service(principal):
            return "service" if principal in self.by_kind.get("Service", ()) else None
        best = None
        for name in self.by_kind.get("AWS", ()):
            how = _match_aws(name, principal)
            if how == "account":
                best = how
            elif how:
                return how
        return best


def is_service(principal: str) -> bool:
    """Says whether the principal is an AWS service such as iot.amazonaws.com."""
    return bool(_SERVICE.fullmatch(principal))


def account_of(arn: str) -> str:
    """Returns the account in an ARN, or nothing."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 else ""


def role_name_of(arn: str) -> str | None:
    """Returns the role's name of a role's or an assumed role session's ARN."""
    resource = arn.rpartition(":")[2]
    kind, _, rest = resource.partition("/")
    if kind == "assumed-role":
        return rest.partition("/")[0]
    return rest.rpartition("/")[2] if kind == "role" else None


def _match_aws(name: str, principal: str) -> str | None:
    if name == "*":
        return "any"
    account = _ACCOUNT.fullmatch(name)
    if account:
        return "account" if account[1] == account_of(principal) else None
    if name == principal:
        kind = principal.rpartition(":")[2].partition("/")[0]
        return {"user": "user", "role": "role"}.get(kind, "session")
    is_role_of_session = (
        ":assumed-role/" in principal
        and ":role/" in name
        and account_of(name) == account_of(principal)
        and role_name_of(name) == role_name_of(principal)
    )
    return "role" if is_role_of_session else None


def parse_principals(written: Any, excluded: bool) -> Principals:
    """Reads a Principal element; raises ValueError with a sentence if it is not valid."""
    if written == "*":
        return Principals(excluded, {"AWS": ("*",)})
    if not isinstance(written, Mapping) or not written:
        raise ValueError(f'Principal must be "*" or an object with {", ".join(KINDS)}, not {written!r}')
    by_kind: dict[str, tuple[str, ...]] = {}
    for kind, names in written.items():
        if kind not in KINDS:
            raise ValueError(f"there is no kind of principal {kind!r}; the kinds are {', '.join(KINDS)}")
        listed = [names] if isinstance(names, str) else names
        if not isinstance(listed, list) or not listed or not all(isinstance(name, str) for name in listed):
            raise ValueError(f"Principal {kind} must be text or a list of texts, not {names!r}")
        by_kind[kind] = tuple(listed)
        for name in listed:
            _check_name(kind, name)
    return Principals(excluded, by_kind)


def _check_name(kind: str, name: str) -> None:
    if kind == "Service" and not is_service(name):
        raise ValueError(f"{name!r} is not an AWS service such as iot.amazonaws.com")
    if kind == "AWS":
        if name == "*" or _ACCOUNT.fullmatch(name):
            return
        if not name.startswith("arn:") or "*" in name:
            raise ValueError(f"{name!r} is not an account, an ARN without wildcards, or *")
