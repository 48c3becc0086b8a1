"""How a peer without a client certificate gets in: a WebSocket upgrade signed with SigV4. Pure; time is passed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from labcloud.hosts import is_own_origin
from labcloud.mqtt.ports import Principal, Refusal
from labcloud.mqtt.sigv4 import NotSigned, SignedScope, is_current, is_signed_with, read_scope
from labcloud.mqtt.websocket import (
    BadUpgrade,
    Upgrade,
    accept_response,
    parse_upgrade,
    refuse_response,
)

FORBIDDEN = "403 Forbidden"


class Callers(Protocol):
    """Knows access keys."""

    def principal_of_key(self, scope: SignedScope) -> Principal | Refusal:
        """Who signs with this access key (and session token), in the region of the scope."""

    def secret_of(self, access_key_id: str) -> str | None:
        """The key's secret, against which the signature is checked; None: unknown, any signature will do."""


@dataclass(frozen=True)
class Admitted:
    """The upgrade is accepted: answer, then what followed the request."""

    principal: Principal
    response: bytes
    rest: bytes


@dataclass(frozen=True)
class Rejected:
    """The upgrade is refused with an HTTP error."""

    reason: str
    response: bytes


class Entrance:
    """Collects the upgrade request of one peer and decides about it."""

    def __init__(self, callers: Callers) -> None:
        self._callers = callers
        self._data = b""

    def receive(self, data: bytes, real_now: float) -> Admitted | Rejected | None:
        """None: the request is not complete yet. The age of a signature is judged by real time."""
        self._data += data
        if not b"GET /".startswith(self._data[:5]):
            reason = "no client certificate was presented, and no WebSocket is asked for"
            return Rejected(reason, b"")
        try:
            parsed = parse_upgrade(self._data)
        except BadUpgrade as bad:
            return Rejected(str(bad), refuse_response(bad.status, str(bad)))
        if parsed is None:
            return None
        upgrade, rest = parsed
        if not _may_come_from(upgrade):
            reason = f"a web page of {upgrade.headers['origin'][:80]!r} may not use this machine's broker"
            return Rejected(reason, refuse_response(FORBIDDEN, reason))
        found = self._principal(upgrade, real_now)
        if isinstance(found, Refusal):
            return Rejected(found.reason, refuse_response(FORBIDDEN, found.reason))
        return Admitted(found, accept_response(upgrade), rest)

    def _principal(self, upgrade: Upgrade, real_now: float) -> Principal | Refusal:
        try:
            scope = read_scope(upgrade)
        except NotSigned as reason:
            return Refusal(str(reason))
        if not is_current(scope, real_now):
            return Refusal(f"the signature of {scope.stamp} is too old, or from the future")
        secret = self._callers.secret_of(scope.access_key_id)
        if secret is not None and not is_signed_with(upgrade, scope, secret):
            return Refusal("the signature does not match: wrong secret key, or the request was changed")
        return self._callers.principal_of_key(scope)


def _may_come_from(upgrade: Upgrade) -> bool:
    """Any signature of an unknown key will do here, so a page from elsewhere must not reach the broker at all.

    Browsers send Origin (RFC 6455 §10.2), programs do not; the server's certificate rules other host names out.
    """
    origin = upgrade.headers.get("origin")
    same = origin is not None and origin.partition("://")[2] == upgrade.headers.get("host")
    return origin is None or same or is_own_origin(origin)
