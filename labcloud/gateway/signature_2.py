"""Version 2 of AWS's signatures, as presigned URLs of S3 still carry it: boto3's default in the older regions. Pure.

Source: Amazon S3 User Guide, "Signing and authenticating REST requests". botocore's own signer is asked.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from urllib.parse import urlsplit

from moto.core.request import Request

from labcloud.api import AccessKey
from labcloud.errors import AwsError
from labcloud.gateway.unauthentic import mismatch


def ends_at(query: Mapping[str, str]) -> int:
    """When a URL ends, in epoch seconds. Raises AwsError AccessDenied for what is no time."""
    expires = query.get("Expires", "")
    if not expires.isdecimal() or len(expires) > 18:
        text = f"Invalid date (should be seconds since epoch): {expires[:40]}"
        raise AwsError(text, code="AccessDenied", status=403)
    return int(expires)


def check_signature_2(http: Request, key: AccessKey) -> None:
    """Raises NotAuthentic if the key's secret has not made the URL."""
    from botocore.auth import HmacV1Auth
    from botocore.compat import HTTPHeaders
    from botocore.credentials import Credentials

    expires = http.args["Expires"]

    class Auth(HmacV1Auth):  # type: ignore[misc]
        def _get_date(self) -> str:
            return expires

    headers = HTTPHeaders()
    for name, value in (*http.headers.items(), *http.args.items()):
        if name.lower() in ("content-md5", "content-type") or name.lower().startswith("x-amz-"):
            headers[name.lower()] = value
    auth = Auth(Credentials(key.caller.access_key_id, key.secret, key.session_token))
    target = urlsplit(str(http.environ.get("RAW_URI", "")))
    bucket = http.host.split(".")[0]
    for path in (target.path, f"/{bucket}{target.path}"):
        made = auth.get_signature(http.method, target, headers, auth_path=path)
        if hmac.compare_digest(made, http.args["Signature"]):
            return
    text = auth.canonical_string(http.method, target, headers, auth_path=target.path)
    raise mismatch(AWSAccessKeyId=key.caller.access_key_id, StringToSign=text, SignatureProvided=http.args["Signature"])
