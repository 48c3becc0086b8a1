"""What the operations of all kinds of assets share: pages, permissions, tags, times."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import regex

from labcloud.api import ApiRequest
from labcloud.quicksight.errors import (
    InvalidNextTokenException,
    InvalidParameterValueException,
    ResourceExistsException,
    ResourceNotFoundException,
)
from labcloud.quicksight.store import Asset, Region, Store

PAGE = 100
_PRINCIPAL = regex.compile(r"arn:aws[\w-]*:quicksight:[^:]+:\d{12}:(user|group|namespace)/.+")

AssetT = TypeVar("AssetT", bound=Asset)
Permissions = dict[str, list[str]]


class Part:
    """One family of operations on the shared store; `now` gives epoch seconds."""

    def __init__(self, store: Store, now: Callable[[], float]) -> None:
        self.store = store
        self._now = now

    def now(self) -> dt.datetime:
        """The lab's time."""
        return dt.datetime.fromtimestamp(self._now(), dt.UTC)

    def region(self, request: ApiRequest) -> Region:
        """The assets that the request is about."""
        return self.store.region(request.account_id, request.region)


def arn_of(request: ApiRequest, kind: str, asset_id: str) -> str:
    """The ARN of an asset."""
    return f"arn:aws:quicksight:{request.region}:{request.account_id}:{kind}/{asset_id}"


def find(assets: Mapping[str, AssetT], asset_id: str, kind: str) -> AssetT:
    """The asset of that id."""
    if asset_id not in assets:
        raise ResourceNotFoundException(f"{kind} {asset_id} is not found", ResourceType=_resource_type(kind))
    return assets[asset_id]


def require_free(assets: Mapping[str, Asset], asset_id: str, kind: str) -> None:
    """Refuses an id that is taken."""
    if asset_id in assets:
        raise ResourceExistsException(f"{kind} {asset_id} already exists", ResourceType=_resource_type(kind))


def page(items: Sequence[Any], request: ApiRequest) -> tuple[list[Any], dict[str, str]]:
    """One page of a list, and the members that say where the next one begins."""
    token = request.parameters.get("NextToken")
    size = int(request.parameters.get("MaxResults") or PAGE)
    if token is not None and not (token.isascii() and token.isdigit() and int(token) < len(items)):
        raise InvalidNextTokenException("The NextToken value isn't valid.")
    start = int(token or 0)
    more = {"NextToken": str(start + size)} if start + size < len(items) else {}
    return list(items[start : start + size]), more


def permissions_from(entries: Sequence[Mapping[str, Any]] | None) -> Permissions:
    """Principal → actions, from the API's list."""
    found: Permissions = {}
    for entry in entries or []:
        if not _PRINCIPAL.fullmatch(entry["Principal"]):
            raise InvalidParameterValueException(f"Principal ARN {entry['Principal']} is not valid")
        found[entry["Principal"]] = sorted({*found.get(entry["Principal"], []), *entry["Actions"]})
    return found


def permissions_list(permissions: Permissions) -> list[dict[str, Any]]:
    """The API's list."""
    return [{"Principal": principal, "Actions": actions} for principal, actions in permissions.items()]


def change_permissions(asset: Asset, parameters: Mapping[str, Any]) -> None:
    """Grants are added, then revoked actions go; a principal without actions goes."""
    granted = permissions_from(parameters.get("GrantPermissions"))
    revoked = permissions_from(parameters.get("RevokePermissions"))
    for principal, actions in granted.items():
        asset.permissions[principal] = sorted({*asset.permissions.get(principal, []), *actions})
    for principal, actions in revoked.items():
        left = [action for action in asset.permissions.get(principal, []) if action not in actions]
        if left:
            asset.permissions[principal] = left
        else:
            asset.permissions.pop(principal, None)


def keep_tags(region: Region, arn: str, tags: Sequence[Mapping[str, str]] | None) -> None:
    """The tags of something new."""
    region.tags[arn] = {tag["Key"]: tag["Value"] for tag in tags or []}


def _resource_type(kind: str) -> str:
    return {"DataSource": "DATA_SOURCE", "DataSet": "DATA_SET"}.get(kind, kind.upper())
