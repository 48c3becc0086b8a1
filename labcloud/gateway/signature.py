"""Whether a request was signed with the secret of the key that it names, and when. Pure.

Sources: AWS General Reference, "Create a signed AWS API request"; Amazon S3 API Reference, "Authenticating Requests".

Programs sign in real time. A function's own clock follows the lab's, which may be ahead, and what the lab clock jumps
over was signed in between: only a time outside of both is the signer's fault.
"""

from __future__ import annotations

import calendar
import functools
import hashlib
import hmac
import re
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from botocore.utils import normalize_url_path
from moto.core.request import Request, environ_key_for_header

from labcloud.api import AccessKey
from labcloud.errors import AwsError, NotAuthentic
from labcloud.gateway.chunks import STREAMED, check_signed_chunks
from labcloud.gateway.identify import Form, Signature
from labcloud.gateway.signature_2 import check_signature_2, ends_at
from labcloud.gateway.unauthentic import INCOMPLETE, MISMATCHED, mismatch
from labcloud.sigv4 import LARGEST_SKEW_S, canonical_query, canonical_request, sign, signing_key, string_to_sign

UNSIGNED = "UNSIGNED-PAYLOAD"
LONGEST_EXPIRY_S = 604_800
STAMP = "%Y%m%dT%H%M%SZ"


class Moment(NamedTuple):
    """Now, in epoch seconds: real time and the lab clock's."""

    real: float
    lab: float

    @property
    def earliest(self) -> float:
        return min(self)

    @property
    def latest(self) -> float:
        return max(self)


def check_end(signature: Signature, http: Request, now: Moment) -> None:
    """Raises AwsError AccessDenied for a presigned URL of S3 that has ended, whoever made it."""
    if signature.form is Form.QUERY_2:
        _require_not_ended(ends_at(http.args), now, {})
    elif signature.form is Form.QUERY and signature.signing_name == "s3":
        _check_expiry(http, now)


def check_signature(signature: Signature, http: Request, key: AccessKey, now: Moment) -> None:
    """Raises NotAuthentic if the key's secret has not made this signature, or not in the last 15 minutes, or if the
    session's token is not shown. A key that any secret will do for is let in as it is.
    """
    if key.secret is None:
        return
    _check_skew(signature, http, now)
    token = _token(signature, http)
    if token != key.session_token:
        raise NotAuthentic("The security token included in the request is invalid.", has_token=token is not None)
    if signature.form is Form.QUERY_2:
        check_signature_2(http, key)
        return
    stamp = _complete(signature, http)
    signing = signing_key(key.secret, signature.scope[:8], signature.region, signature.scope.split("/")[2])
    body_hash = _body_hash(signature, http)
    header = functools.partial(_header, http.environ)
    expected = ""
    for path, query in _spellings(signature, http.environ):
        request = canonical_request(http.method, path, query, signature.signed_headers, header, body_hash)
        text = string_to_sign(stamp, signature.scope, request)
        if hmac.compare_digest(sign(signing, text), signature.signature):
            _check_body(signature, http, body_hash, signing, stamp)
            return
        expected = expected or request
    raise mismatch(
        AWSAccessKeyId=signature.access_key_id,
        StringToSign=string_to_sign(stamp, signature.scope, expected),
        SignatureProvided=signature.signature,
        CanonicalRequest=expected,
    )


@functools.lru_cache(1024)
def epoch_of(stamp: str) -> int | None:
    """Epoch seconds of 20260101T120000Z, or of an HTTP date; None: it is neither."""
    try:
        return calendar.timegm(time.strptime(stamp, STAMP))
    except ValueError:
        pass
    try:
        return int(parsedate_to_datetime(stamp).timestamp())
    except ValueError:
        return None


# What was signed


def _token(signature: Signature, http: Request) -> str | None:
    if signature.form is Form.HEADER:
        found: str | None = http.environ.get("HTTP_X_AMZ_SECURITY_TOKEN")
        return found
    return http.args.get("x-amz-security-token" if signature.form is Form.QUERY_2 else "X-Amz-Security-Token")


def _stamp(signature: Signature, http: Request) -> str:
    if signature.form is Form.QUERY:
        return http.args.get("X-Amz-Date", "")
    return str(http.environ.get("HTTP_X_AMZ_DATE") or http.environ.get("HTTP_DATE") or "")


def _complete(signature: Signature, http: Request) -> str:
    """When a signature was made, as it signs it. Raises NotAuthentic if a part of it is missing."""
    stamp = _stamp(signature, http)
    if signature.signed_headers and signature.signature and stamp:
        return stamp if stamp.endswith("Z") else _stamped(epoch_of(stamp) or 0)
    parts = {"SignedHeaders": signature.signed_headers, "Signature": signature.signature}
    missing = [f"Authorization header requires '{name}' parameter." for name, value in parts.items() if not value]
    if not stamp:
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    raise NotAuthentic(" ".join(missing), code=INCOMPLETE, status=400)


def _header(environ: Mapping[str, Any], name: str) -> str:
    return str(environ.get(_environ_key(name), ""))


_environ_key = functools.lru_cache(512)(environ_key_for_header)


def _spellings(signature: Signature, environ: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The canonical path and query: as they were sent, then as somebody else may have encoded the same."""
    path, _, query = str(environ.get("RAW_URI") or environ.get("PATH_INFO") or "/").partition("?")
    if not path.startswith("/"):
        path = urlsplit(path).path or "/"
    pairs = [pair for pair in query.split("&") if pair and not pair.startswith("X-Amz-Signature=")] if query else []
    sent = "&".join(sorted([pair if "=" in pair else f"{pair}=" for pair in pairs]))
    canonical = _s3_path if signature.signing_name == "s3" else _path
    yield canonical(path), sent
    decoded = canonical_query(parse_qsl("&".join(pairs), keep_blank_values=True))
    yield canonical(path), decoded
    yield canonical(quote(unquote(path), safe="/-_.~")), decoded


def _path(path: str) -> str:
    return path if path == "/" else quote(normalize_url_path(path), safe="/~")


def _s3_path(path: str) -> str:
    return path


def _body_hash(signature: Signature, http: Request) -> str:
    """Of the body as it came. S3 signs what the header says, which is compared with the body later."""
    if signature.signing_name != "s3":
        return hashlib.sha256(http.data).hexdigest()
    named = http.headers.get("X-Amz-Content-SHA256") or http.args.get("X-Amz-Content-Sha256")
    if not named and signature.form is Form.HEADER:
        text = "Missing required header for this request: x-amz-content-sha256"
        raise AwsError(text, code="MissingSecurityHeader")
    return named or UNSIGNED


def _check_body(signature: Signature, http: Request, named: str, signing: bytes, stamp: str) -> None:
    """What S3 was told of the body is so. Raises AwsError XAmzContentSHA256Mismatch, NotAuthentic."""
    if signature.signing_name != "s3" or named == UNSIGNED:
        return
    if named.startswith(STREAMED):
        check_signed_chunks(http.data, named, signing, stamp, signature.scope, signature.signature)
    elif not named.startswith("STREAMING-"):
        found = hashlib.sha256(http.data).hexdigest()
        if found != named:
            raise AwsError(
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
                code="XAmzContentSHA256Mismatch",
                ClientComputedContentSHA256=named,
                S3ComputedContentSHA256=found,
            )


# Times


def _check_skew(signature: Signature, http: Request, now: Moment) -> None:
    """Of everything but S3's presigned URLs, which say themselves how long they last."""
    stamp = _stamp(signature, http)
    signed_at = epoch_of(stamp) if stamp else None
    if signed_at is None or (signature.form is not Form.HEADER and signature.signing_name == "s3"):
        return
    if signed_at < now.earliest - LARGEST_SKEW_S:
        raise _skewed("Signature expired", "now earlier", stamp, now.earliest, "-")
    if signed_at > now.latest + LARGEST_SKEW_S:
        raise _skewed("Signature not yet current", "still later", stamp, now.latest, "+")


def _skewed(what: str, how: str, stamp: str, now: float, sign_: str) -> NotAuthentic:
    limit = now - LARGEST_SKEW_S if sign_ == "-" else now + LARGEST_SKEW_S
    text = f"{what}: {stamp} is {how} than {_stamped(limit)} ({_stamped(now)} {sign_} 15 min.)"
    fields = {"RequestTime": stamp, "ServerTime": _iso(now), "MaxAllowedSkewMilliseconds": LARGEST_SKEW_S * 1000}
    return NotAuthentic(text, code=MISMATCHED, **fields)


def _check_expiry(http: Request, now: Moment) -> None:
    """Of a presigned URL of S3. A time in the real past was signed in real time, and ends in it."""
    expires = http.args.get("X-Amz-Expires", "")
    if not re.fullmatch(r"-?\d{1,18}", expires):
        raise _bad_query("X-Amz-Expires should be a number")
    if int(expires) < 0:
        raise _bad_query("X-Amz-Expires must be non-negative")
    if int(expires) > LONGEST_EXPIRY_S:
        raise _bad_query(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than "
            f"{LONGEST_EXPIRY_S} seconds"
        )
    stamp = http.args.get("X-Amz-Date", "")
    signed_at = epoch_of(stamp)
    if signed_at is None:
        raise _bad_query("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
    if signed_at > now.latest + LARGEST_SKEW_S:
        raise _denied("Request is not yet valid", now.latest, {"X-Amz-Expires": expires})
    of_the_lab = signed_at > now.real + LARGEST_SKEW_S
    clock = Moment(now.lab, now.lab) if of_the_lab else Moment(now.real, now.real)
    _require_not_ended(signed_at + int(expires), clock, {"X-Amz-Expires": expires})


def _require_not_ended(ends_at: float, now: Moment, fields: dict[str, object]) -> None:
    if ends_at < now.earliest:
        raise _denied("Request has expired", now.earliest, {**fields, "Expires": _iso(ends_at)})


def _denied(text: str, now: float, fields: dict[str, object]) -> AwsError:
    return AwsError(text, code="AccessDenied", status=403, **fields, ServerTime=_iso(now))


def _bad_query(text: str) -> AwsError:
    return AwsError(text, code="AuthorizationQueryParametersError")


def _stamped(moment: float) -> str:
    return time.strftime(STAMP, time.gmtime(moment))


def _iso(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))
