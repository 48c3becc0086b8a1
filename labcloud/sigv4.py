"""AWS Signature Version 4, as far as everybody who checks signatures needs it. Pure.

Source: AWS General Reference, "Create a signed AWS API request".
"""

from __future__ import annotations

import functools
import hashlib
import hmac
from collections.abc import Callable, Iterable
from urllib.parse import quote

EMPTY_HASH = hashlib.sha256(b"").hexdigest()
LARGEST_SKEW_S = 15 * 60
"""How far the signer's clock may be off."""


@functools.lru_cache(512)
def signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    """The key that a secret signs with on one day, in one region, for one service."""
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def sign(key: bytes, text: str) -> str:
    """The signature of a string to sign."""
    return hmac.digest(key, text.encode(), "sha256").hex()


def canonical_query(pairs: Iterable[tuple[str, str]]) -> str:
    """Sorted and encoded anew; `pairs` are decoded."""
    encoded = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in pairs)
    return "&".join([f"{name}={value}" for name, value in encoded])


def canonical_request(
    method: str, path: str, query: str, signed_headers: str, header: Callable[[str], str], body_hash: str
) -> str:
    """`path` and `query` are canonical already; `header` gives a header's value, "" for one that was not sent."""
    headers = "".join([f"{name}:{' '.join(header(name).split())}\n" for name in signed_headers.split(";")])
    return f"{method}\n{path}\n{query}\n{headers}\n{signed_headers}\n{body_hash}"


def string_to_sign(stamp: str, scope: str, request: str) -> str:
    """`scope` is <day>/<region>/<service>/aws4_request, `stamp` the time of signing."""
    return f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
