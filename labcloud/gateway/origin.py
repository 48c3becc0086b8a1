"""Who may talk to a cloud that listens on this machine only: programs, and web pages of this machine. Pure.

The cloud takes any word for the administrator's key, so a web page from elsewhere must not reach it through the
reader's browser: neither by a request across origins (fetch, a form, an image) nor under a host name of its own that it
has pointed to 127.0.0.1 (DNS rebinding). Programs send neither Origin nor Sec-Fetch-Site. (Fetch standard; W3C Fetch Metadata.)
"""

from __future__ import annotations

from collections.abc import Mapping

from labcloud.errors import AwsError
from labcloud.gateway.identify import read_signature
from labcloud.hosts import is_own_host, is_own_origin

SAFE_READS = ("GET", "HEAD")


def why_foreign(method: str, headers: Mapping[str, str], query: Mapping[str, str], exposed: bool) -> str | None:
    """Why a request is not answered; None: it comes from a program or from a page of this machine.

    `exposed`: the cloud listens on the network, under whatever names this machine has there.
    """
    host = headers.get("Host", "")
    if host and not exposed and not is_own_host(host):
        return (
            f"The request is for host {_shown(host)}, not for this machine: a web page could have sent it. "
            "Use localhost or 127.0.0.1 (or start the cloud with --host and --expose-to-network)."
        )
    origin = headers.get("Origin")
    if origin is not None:
        same = exposed and origin.partition("://")[2].rpartition(":")[0] == host.rpartition(":")[0] != ""
        return None if same or is_own_origin(origin) else _of_a_page(origin)
    if headers.get("Sec-Fetch-Site") == "cross-site" and not _reads_an_object(method, headers, query):
        return _of_a_page("another site")  # an image or a link to an object in S3 changes nothing, and is not readable
    return None


def _reads_an_object(method: str, headers: Mapping[str, str], query: Mapping[str, str]) -> bool:
    try:
        return method in SAFE_READS and read_signature(headers, query).signing_name == "s3"
    except AwsError:
        return False


def _of_a_page(origin: str) -> str:
    return (
        f"The request comes from a web page of {_shown(origin)}: only pages that are served by this machine "
        "(http://localhost, http://127.0.0.1) may use the local cloud."
    )


def _shown(text: str) -> str:
    return repr(text[:80])
