"""Which host names and page origins are this machine's. Pure."""

from __future__ import annotations

import functools
import ipaddress
import re


@functools.lru_cache(256)
def is_own_host(host: str) -> bool:
    """Whether a Host header names this machine, or AWS, which no stranger can point elsewhere."""
    if ":" in host and host.count(":") > 1 and not host.startswith("["):
        host = f"[{host}]"
    match = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?", host)
    if match is None:
        return False
    name = match.group(1).strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith((".localhost", ".amazonaws.com")):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_own_origin(origin: str) -> bool:
    """Whether an Origin header names a page that this machine serves ("null" is any sandboxed page's)."""
    scheme, separator, host = origin.partition("://")
    return bool(separator) and scheme in ("http", "https") and is_own_host(host)
