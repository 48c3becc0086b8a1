"""The SigV4 signature of a WebSocket upgrade: read, checked for form and age, and verified where the secret is known.

AWS IoT takes it in the query or in the Authorization header, with the service name `iotdevicegateway`; a session
token may be appended after signing (Developer Guide, "MQTT over WSS").
"""

from __future__ import annotations

import calendar
import hmac
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from labcloud.mqtt.websocket import Upgrade
from labcloud.sigv4 import (
    EMPTY_HASH,
    LARGEST_SKEW_S,
    canonical_query,
    canonical_request,
    sign,
    signing_key,
    string_to_sign,
)

SERVICES = ("iotdevicegateway", "iotdata")
SCOPE = re.compile(r"([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request")
AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 +Credential=(\S+?), *SignedHeaders=(\S+?), *Signature=(\S+)")
TOKEN, SIGNATURE = "X-Amz-Security-Token", "X-Amz-Signature"


class NotSigned(ValueError):
    """The upgrade carries no usable signature; the text says what is wrong."""


@dataclass(frozen=True)
class SignedScope:
    """Who signed the request, when, and for what."""

    access_key_id: str
    day: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    stamp: str
    expires_s: int
    session_token: str | None


def read_scope(upgrade: Upgrade) -> SignedScope:
    """The signature's parts, from the query or from the Authorization header."""
    query = dict(upgrade.query)
    if "X-Amz-Credential" in query:
        if query.get("X-Amz-Algorithm") != "AWS4-HMAC-SHA256":
            raise NotSigned(f"X-Amz-Algorithm is {query.get('X-Amz-Algorithm')}, not AWS4-HMAC-SHA256")
        expires = query.get("X-Amz-Expires", str(LARGEST_SKEW_S))
        parts = (query["X-Amz-Credential"], query.get("X-Amz-SignedHeaders", ""), query.get(SIGNATURE, ""))
        return _scope(parts, query.get("X-Amz-Date", ""), expires, query.get(TOKEN))
    found = AUTHORIZATION.fullmatch(upgrade.headers.get("authorization", ""))
    if found is None:
        raise NotSigned("the request is not signed with SigV4, neither in the query nor in Authorization")
    headers = upgrade.headers
    parts = (found[1], found[2], found[3])
    return _scope(parts, headers.get("x-amz-date", ""), str(LARGEST_SKEW_S), headers.get("x-amz-security-token"))


def _scope(parts: tuple[str, str, str], stamp: str, expires: str, token: str | None) -> SignedScope:
    credential, signed_headers, signature = parts
    found = SCOPE.fullmatch(credential)
    if found is None:
        raise NotSigned(f"the credential scope {credential!r} is not <key>/<day>/<region>/<service>/aws4_request")
    access_key_id, day, region, service = found.groups()
    if service not in SERVICES:
        raise NotSigned(f"the request is signed for {service!r}; MQTT over WebSocket needs {SERVICES[0]!r}")
    if not re.fullmatch(r"[0-9a-f]{64}", signature):
        raise NotSigned("the signature is not 64 hexadecimal digits")
    if not re.fullmatch(r"\d{8}T\d{6}Z", stamp) or not stamp.startswith(day) or not expires.isdecimal():
        raise NotSigned(f"the date {stamp!r} or the expiry {expires!r} is malformed")
    return SignedScope(
        access_key_id, day, region, service, tuple(signed_headers.split(";")), signature, stamp, int(expires), token
    )


def is_current(scope: SignedScope, real_now: float) -> bool:
    """Signed not in the future and not longer ago than it lasts, with five minutes of tolerance."""
    try:
        signed_at = calendar.timegm(time.strptime(scope.stamp, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        return False
    return signed_at - 300 <= real_now <= signed_at + scope.expires_s + 300


def is_signed_with(upgrade: Upgrade, scope: SignedScope, secret: str) -> bool:
    """The signature was made with this secret, whether or not the session token was part of what was signed."""
    unsigned = [(name, value) for name, value in upgrade.query if name != SIGNATURE]
    without_token = [(name, value) for name, value in unsigned if name != TOKEN]
    return any(
        hmac.compare_digest(_sign(upgrade, scope, secret, pairs), scope.signature)
        for pairs in (unsigned, without_token)
    )


def _sign(upgrade: Upgrade, scope: SignedScope, secret: str, query: Iterable[tuple[str, str]]) -> str:
    request = canonical_request(
        "GET",
        quote(upgrade.path, safe="/-_.~"),
        canonical_query(query),
        ";".join(scope.signed_headers),
        lambda name: upgrade.headers.get(name, ""),
        upgrade.headers.get("x-amz-content-sha256", EMPTY_HASH),
    )
    subject = f"{scope.day}/{scope.region}/{scope.service}/aws4_request"
    key = signing_key(secret, scope.day, scope.region, scope.service)
    return sign(key, string_to_sign(scope.stamp, subject, request))
