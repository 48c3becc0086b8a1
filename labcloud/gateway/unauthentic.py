"""That a request does not come from whom it says, in the words of its service's protocol. Pure.

Sources: "Common Errors" of the services' API references, Amazon S3's "Error responses". JSON services answer with
status 400, those with paths and those with forms with 403.
"""

from __future__ import annotations

from labcloud.errors import NotAuthentic

UNKNOWN, EXPIRED = "UnrecognizedClientException", "ExpiredTokenException"
MISMATCHED, INCOMPLETE = "InvalidSignatureException", "IncompleteSignatureException"
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
IN_FORMS = {
    UNKNOWN: "InvalidClientTokenId",
    EXPIRED: "ExpiredToken",
    MISMATCHED: "SignatureDoesNotMatch",
    INCOMPLETE: "IncompleteSignature",
}
HINT = "This cloud has not made this key; with AWS_ACCESS_KEY_ID=test you are the account's administrator."

_S3_MISMATCH = MISMATCH.partition(" Check")[0] + " Check your key and signing method."
_S3_UNKNOWN = "The AWS Access Key Id you provided does not exist in our records."
_S3_TOKEN = "The provided token is malformed or otherwise invalid."
_S3_SKEWED = "The difference between the request time and the current time is too large."


def mismatch(**fields: object) -> NotAuthentic:
    """`fields` are what S3 tells of the signature beside."""
    return NotAuthentic(MISMATCH, code=MISMATCHED, **fields)


def in_words_of(service: str, protocol: str, error: NotAuthentic) -> NotAuthentic:
    """The same error as this service would write it."""
    fields = dict(error.fields)
    skewed, has_token = "RequestTime" in fields, bool(fields.pop("has_token", False))
    hint = f" {HINT}" if error.code == UNKNOWN and not has_token else ""
    if service == "s3":
        code, status, message = _of_s3(error, skewed, has_token)
        return NotAuthentic(message + hint, code=code, status=status, **fields)
    if protocol in ("query", "ec2"):
        return NotAuthentic(error.message + hint, code=IN_FORMS.get(error.code, error.code), status=error.status)
    status = 400 if protocol in ("json", "smithy-rpc-v2-cbor") else error.status
    return NotAuthentic(error.message + hint, code=error.code, status=status)


def _of_s3(error: NotAuthentic, skewed: bool, has_token: bool) -> tuple[str, int, str]:
    if skewed:
        return "RequestTimeTooSkewed", 403, _S3_SKEWED
    if error.code == UNKNOWN:
        return ("InvalidToken", 400, _S3_TOKEN) if has_token else ("InvalidAccessKeyId", 403, _S3_UNKNOWN)
    if error.code == EXPIRED:
        return "ExpiredToken", 400, "The provided token has expired."
    if error.code == INCOMPLETE:
        return "AuthorizationHeaderMalformed", 400, f"The authorization header is malformed; {error.message}"
    return "SignatureDoesNotMatch", 403, _S3_MISMATCH
