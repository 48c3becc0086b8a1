"""The signatures of an upload in signed chunks: each one signs its chunk and the signature before. Pure.

Source: Amazon S3 API Reference, "Signature calculations for the Authorization header: Transferring payload in multiple
chunks (chunked upload)", and the same with trailing headers.
"""

from __future__ import annotations

import hashlib
import hmac

from labcloud.gateway.unauthentic import mismatch
from labcloud.motobase.bodies import chunks_of
from labcloud.sigv4 import EMPTY_HASH, sign

STREAMED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
WITH_TRAILER = f"{STREAMED}-TRAILER"


def check_signed_chunks(body: bytes, kind: str, key: bytes, stamp: str, scope: str, seed: str) -> None:
    """Raises NotAuthentic for a chunk or trailer whose signature is not that of its bytes, AwsError IncompleteBody.

    `seed` is the signature of the request's head.
    """
    before = seed

    def follows(what: str, given: str, *hashes: str) -> None:
        nonlocal before
        text = "\n".join((f"AWS4-HMAC-SHA256-{what}", stamp, scope, before, *hashes))
        before = sign(key, text)
        if not hmac.compare_digest(before.encode(), given.encode()):
            raise mismatch(StringToSign=text, SignatureProvided=given)

    chunks, end = chunks_of(body)
    for chunk in chunks:
        given = chunk.extension.partition(b"chunk-signature=")[2].decode("latin-1")
        follows("PAYLOAD", given, EMPTY_HASH, hashlib.sha256(memoryview(body)[chunk.begin : chunk.end]).hexdigest())
    if kind == WITH_TRAILER:
        lines = [line.partition(b":")[::2] for line in body[end:].split(b"\r\n") if line.strip()]
        signatures = [value for name, value in lines if name.lower().strip() == b"x-amz-trailer-signature"]
        signed = [(name, value) for name, value in lines if name.lower().strip() != b"x-amz-trailer-signature"]
        text = b"".join([name.lower().strip() + b":" + value.strip() + b"\n" for name, value in signed])
        given = signatures[-1].strip().decode("latin-1") if signatures else ""
        follows("TRAILER", given, hashlib.sha256(text).hexdigest())
