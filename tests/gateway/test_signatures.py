"""Signatures are checked against the secret of the key, wherever this cloud knows it; in each protocol's own words."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple

import boto3
import botocore.auth
import botocore.crt.auth
import pytest
from botocore.auth import S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from moto.sts.models import sts_backends

from tests.running import ACCOUNT, REGION, Lab, running_lab

WRONG = "w" * 40
MISMATCH = "The request signature we calculated does not match the signature you provided."
SERVICES = ("dynamodb", "timestream-query", "sqs", "lambda", "iot", "sts", "sns", "cloudwatch", "s3")
CALLS = {
    "dynamodb": "list_tables",
    "timestream-query": "describe_endpoints",
    "sqs": "list_queues",
    "lambda": "list_functions",
    "iot": "list_things",
    "sts": "get_caller_identity",
    "sns": "list_topics",
    "cloudwatch": "list_metrics",
    "s3": "list_buckets",
}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with running_lab() as lab:
        lab.iam.create_user(UserName="ada")
        everything = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
        lab.iam.put_user_policy(UserName="ada", PolicyName="all", PolicyDocument=json.dumps(everything))
        trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
        trust_document = json.dumps({"Version": "2012-10-17", "Statement": trust})
        lab.iam.create_role(RoleName="wide", AssumeRolePolicyDocument=trust_document)
        lab.iam.put_role_policy(RoleName="wide", PolicyName="all", PolicyDocument=json.dumps(everything))
        lab.s3.create_bucket(Bucket="signed", CreateBucketConfiguration={"LocationConstraint": REGION})
        yield lab


@pytest.fixture(scope="module")
def ada(lab: Lab) -> Credentials:
    key = lab.iam.create_access_key(UserName="ada")["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


@pytest.fixture
def session(lab: Lab) -> Credentials:
    given = lab.sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/wide", RoleSessionName="me")["Credentials"]
    return Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def signed_with(lab: Lab, service: str, keys: Credentials, **options: Any) -> Any:
    return boto3.client(
        service,
        endpoint_url=lab.cloud.endpoint_url,
        region_name=REGION,
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
        aws_session_token=keys.token,
        config=Config(**({"retries": {"max_attempts": 0}, "s3": {"addressing_style": "path"}} | options)),
    )


def refusal(lab: Lab, service: str, keys: Credentials) -> tuple[int, str, str]:
    """Status, code and message of the answer to a plain call."""
    with pytest.raises(ClientError) as refused:
        getattr(signed_with(lab, service, keys), CALLS[service])()
    return _said(refused.value)


def _said(error: ClientError) -> tuple[int, str, str]:
    said = error.response
    return said["ResponseMetadata"]["HTTPStatusCode"], said["Error"]["Code"], said["Error"]["Message"]


class Answer(NamedTuple):
    status: int
    body: str


def send(request: AWSRequest) -> Answer:
    prepared = request.prepare()
    plain = urllib.request.Request(prepared.url, prepared.body or None, dict(prepared.headers), method=prepared.method)
    return fetch(plain)


def fetch(request: Any) -> Answer:
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return Answer(response.status, response.read().decode())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read().decode())


# Keys


@pytest.mark.parametrize("service", SERVICES)
def test_the_right_secret_is_let_in(lab: Lab, ada: Credentials, session: Credentials, service: str) -> None:
    for keys in (ada, session):
        assert getattr(signed_with(lab, service, keys), CALLS[service])()


@pytest.mark.parametrize(
    ("service", "status", "code"),
    [
        ("dynamodb", 400, "InvalidSignatureException"),
        ("timestream-query", 400, "InvalidSignatureException"),
        ("sqs", 400, "InvalidSignatureException"),
        ("lambda", 403, "InvalidSignatureException"),
        ("iot", 403, "InvalidSignatureException"),
        ("sts", 403, "SignatureDoesNotMatch"),
        ("sns", 403, "SignatureDoesNotMatch"),
        ("s3", 403, "SignatureDoesNotMatch"),
    ],
)
def test_a_wrong_secret_is_told_in_the_words_of_the_protocol(
    lab: Lab, ada: Credentials, session: Credentials, service: str, status: int, code: str
) -> None:
    for keys in (ada, session):
        said = refusal(lab, service, Credentials(keys.access_key, WRONG, keys.token))
        assert said[:2] == (status, code)
        assert said[2].startswith(MISMATCH)


def test_s3_says_what_it_would_have_signed(lab: Lab, ada: Credentials) -> None:
    with pytest.raises(ClientError) as refused:
        signed_with(lab, "s3", Credentials(ada.access_key, WRONG)).list_buckets()
    error = refused.value.response["Error"]
    assert error["Message"] == f"{MISMATCH} Check your key and signing method."
    assert error["AWSAccessKeyId"] == ada.access_key
    assert error["StringToSign"].startswith("AWS4-HMAC-SHA256\n")
    assert error["CanonicalRequest"].startswith("GET\n/\n")
    assert len(error["SignatureProvided"]) == 64


@pytest.mark.parametrize(
    ("service", "status", "code"),
    [
        ("dynamodb", 400, "UnrecognizedClientException"),
        ("lambda", 403, "UnrecognizedClientException"),
        ("sts", 403, "InvalidClientTokenId"),
        ("s3", 403, "InvalidAccessKeyId"),
    ],
)
def test_a_key_in_awss_form_that_nobody_has_is_refused(lab: Lab, service: str, status: int, code: str) -> None:
    said = refusal(lab, service, Credentials("AKIAIOSFODNN7EXAMPLE", WRONG))
    assert said[:2] == (status, code)
    assert "AWS_ACCESS_KEY_ID=test" in said[2]


def test_any_other_word_is_the_accounts_administrator_with_any_secret(lab: Lab) -> None:
    for key in ("test", "local-cloud-key-id", "AKIDEXAMPLE"):
        assert signed_with(lab, "sts", Credentials(key, "x")).get_caller_identity()["Arn"].endswith(":root")


@pytest.mark.parametrize(("service", "code"), [("dynamodb", "UnrecognizedClientException"), ("s3", "InvalidToken")])
def test_a_session_needs_its_own_token(lab: Lab, session: Credentials, service: str, code: str) -> None:
    said = refusal(lab, service, Credentials(session.access_key, session.secret_key, "another"))
    assert said[1] == code


def test_a_session_without_its_token_is_an_unknown_key(lab: Lab, session: Credentials) -> None:
    keys = Credentials(session.access_key, session.secret_key)
    assert refusal(lab, "sts", keys)[:2] == (403, "InvalidClientTokenId")
    assert refusal(lab, "s3", keys)[:2] == (403, "InvalidAccessKeyId")


@pytest.mark.parametrize(
    ("service", "status", "code", "message"),
    [
        ("dynamodb", 400, "ExpiredTokenException", "The security token included in the request is expired"),
        ("lambda", 403, "ExpiredTokenException", "The security token included in the request is expired"),
        ("sts", 403, "ExpiredToken", "The security token included in the request is expired"),
        ("s3", 400, "ExpiredToken", "The provided token has expired."),
    ],
)
def test_an_expired_session_is_told_so(
    lab: Lab, session: Credentials, service: str, status: int, code: str, message: str
) -> None:
    stored = next(
        each for each in sts_backends[ACCOUNT]["aws"].assumed_roles if each.access_key_id == session.access_key
    )
    stored.expiration -= dt.timedelta(hours=1, seconds=1)
    assert refusal(lab, service, session) == (status, code, message)


# What is signed


@pytest.mark.parametrize("key", ["plain", "with space+plus", "a//b/../c", "grüße/日本", "~tilde%20'quote", "a=b&c"])
def test_awkward_object_keys_are_signed_as_they_are_sent(lab: Lab, ada: Credentials, key: str) -> None:
    s3 = signed_with(lab, "s3", ada)
    s3.put_object(Bucket="signed", Key=key, Body=b"x", Metadata={"a_b": "two  spaces"})
    assert s3.get_object(Bucket="signed", Key=key)["Body"].read() == b"x"
    assert s3.list_objects_v2(Bucket="signed", Prefix=key)["KeyCount"] == 1


def test_paths_of_other_services_are_encoded_twice(lab: Lab, ada: Credentials) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        signed_with(lab, "lambda", ada).get_function(FunctionName=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:none")
    signed_with(lab, "iot-data", ada).publish(topic="a b/x&?y=ü", payload=b"1")


def test_a_body_that_was_packed_after_signing_is_what_was_signed(lab: Lab, ada: Credentials) -> None:
    metrics = [{"MetricName": f"metric-{number:04}", "Value": 1.0} for number in range(400)]
    signed_with(lab, "cloudwatch", ada).put_metric_data(Namespace="signed", MetricData=metrics)


def test_a_request_that_was_changed_after_signing_is_refused(lab: Lab, ada: Credentials) -> None:
    request = _dynamodb(lab, b'{"TableName":"a"}')
    SigV4Auth(ada, "dynamodb", REGION).add_auth(request)
    request.data = b'{"TableName":"b"}'
    answer = send(request)
    assert answer.status == 400
    assert "InvalidSignatureException" in answer.body


def test_an_s3_body_that_is_not_the_one_that_was_hashed_is_refused(lab: Lab, ada: Credentials) -> None:
    request = AWSRequest("PUT", f"{lab.cloud.endpoint_url}/signed/hashed", data=b"one")
    request.headers["X-Amz-Content-SHA256"] = hashlib.sha256(b"one").hexdigest()
    botocore.auth.S3SigV4Auth(ada, "s3", REGION).add_auth(request)
    request.data = b"two"
    answer = send(request)
    assert answer.status == 400
    assert "XAmzContentSHA256Mismatch" in answer.body


def test_an_unsigned_payload_may_be_anything(lab: Lab, ada: Credentials) -> None:
    s3 = signed_with(lab, "s3", ada, s3={"payload_signing_enabled": False, "addressing_style": "path"})
    s3.put_object(Bucket="signed", Key="unsigned", Body=b"x")
    request = AWSRequest("PUT", f"{lab.cloud.endpoint_url}/signed/unsigned", data=b"one")
    request.headers["X-Amz-Content-SHA256"] = "UNSIGNED-PAYLOAD"
    _sign_as_it_stands(request, ada)
    request.data = b"two=2&key=3"
    assert send(request).status == 200
    assert lab.s3.get_object(Bucket="signed", Key="unsigned")["Body"].read() == b"two=2&key=3"  # sent as a form is


def test_a_known_key_without_a_whole_signature_is_told_what_is_missing(lab: Lab, ada: Credentials) -> None:
    for service, code in (("dynamodb", "IncompleteSignatureException"), ("s3", "AuthorizationHeaderMalformed")):
        request = urllib.request.Request(f"{lab.cloud.endpoint_url}/", b"{}")
        scope = f"{ada.access_key}/20260101/{REGION}/{service}/aws4_request"
        request.add_header("Authorization", f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host")
        answer = fetch(request)
        assert answer.status == 400
        assert code in answer.body


# Chunks


@pytest.mark.parametrize("trailer", [False, True], ids=["without a trailer", "with a trailer"])
def test_signed_chunks_are_taken(lab: Lab, ada: Credentials, trailer: bool) -> None:
    assert send(_chunked(lab, ada, trailer=trailer)).status == 200
    assert lab.s3.get_object(Bucket="signed", Key="chunked")["Body"].read() == b"a" * 65536 + b"b" * 100


@pytest.mark.parametrize("spoilt", ["first", "last", "end", "trailer"])
def test_a_chunk_whose_signature_is_wrong_spoils_the_upload(lab: Lab, ada: Credentials, spoilt: str) -> None:
    lab.s3.put_object(Bucket="signed", Key="chunked", Body=b"before")
    answer = send(_chunked(lab, ada, trailer=True, spoilt=spoilt))
    assert answer.status == 403
    assert "SignatureDoesNotMatch" in answer.body
    assert lab.s3.get_object(Bucket="signed", Key="chunked")["Body"].read() == b"before"


def test_unsigned_chunks_with_a_trailer_are_taken(lab: Lab, ada: Credentials) -> None:
    request = AWSRequest("PUT", f"{lab.cloud.endpoint_url}/signed/trailed", data=b"3\r\nabc\r\n0\r\n\r\n")
    request.headers["X-Amz-Content-SHA256"] = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    request.headers["Content-Encoding"] = "aws-chunked"
    request.headers["X-Amz-Decoded-Content-Length"] = "3"
    _sign_as_it_stands(request, ada)
    assert send(request).status == 200
    assert lab.s3.get_object(Bucket="signed", Key="trailed")["Body"].read() == b"abc"


# Presigned URLs


@pytest.fixture
def presigned(lab: Lab, ada: Credentials) -> Callable[..., str]:
    lab.s3.put_object(Bucket="signed", Key="a b", Body=b"shared")

    def make(version: str | None = "s3v4", keys: Credentials = ada, expires_s: int = 60, **more: Any) -> str:
        s3 = signed_with(lab, "s3", keys, **({"signature_version": version} if version else {}))
        parameters = {"Bucket": "signed", "Key": "a b"} | more
        return str(s3.generate_presigned_url("get_object", Params=parameters, ExpiresIn=expires_s))

    return make


VERSIONS = pytest.mark.parametrize("version", ["s3v4", "s3", None], ids=["version 4", "version 2", "boto3's default"])


@VERSIONS
def test_a_presigned_url_needs_nothing_else(
    presigned: Callable[..., str], session: Credentials, version: str | None
) -> None:
    assert fetch(presigned(version)) == (200, "shared")
    assert fetch(presigned(version, session)) == (200, "shared")
    assert fetch(presigned(version, ResponseContentType="text/x y")) == (200, "shared")
    assert fetch(presigned(version, Credentials("test", "test"))) == (200, "shared")


@VERSIONS
def test_a_presigned_url_is_good_for_one_object_only(presigned: Callable[..., str], version: str | None) -> None:
    answer = fetch(presigned(version).replace("/a%20b?", "/other?"))
    assert answer.status == 403
    assert "SignatureDoesNotMatch" in answer.body


@VERSIONS
def test_a_presigned_url_ends(
    presigned: Callable[..., str], monkeypatch: pytest.MonkeyPatch, version: str | None
) -> None:
    _signing_at(monkeypatch, time.time() - 100)
    for keys in ({}, {"keys": Credentials("test", "test")}):
        answer = fetch(presigned(version, expires_s=50, **keys))
        assert answer.status == 403
        assert "<Code>AccessDenied</Code><Message>Request has expired</Message>" in answer.body
    assert fetch(presigned(version, expires_s=150)).status == 200


def test_a_presigned_url_lasts_a_week_at_most(lab: Lab, ada: Credentials) -> None:
    request = AWSRequest("GET", f"{lab.cloud.endpoint_url}/signed/a%20b")
    S3SigV4QueryAuth(ada, "s3", REGION, expires=604_801).add_auth(request)
    answer = send(request)
    assert answer.status == 400
    assert "X-Amz-Expires must be less than a week (in seconds)" in answer.body


# Clocks


def _signing_at(monkeypatch: pytest.MonkeyPatch, moment: float) -> None:
    """boto3 signs as if it were that time."""
    stamp = dt.datetime.fromtimestamp(moment, dt.UTC)
    for signer in (botocore.auth, botocore.crt.auth):
        monkeypatch.setattr(signer, "get_current_datetime", lambda *_, **__: stamp)
    monkeypatch.setattr(botocore.auth, "time", SimpleNamespace(time=lambda: moment))


@pytest.mark.parametrize("ahead_s", [-16 * 60, 16 * 60], ids=["behind", "ahead"])
def test_a_clock_that_is_a_quarter_of_an_hour_off_is_refused(
    lab: Lab, ada: Credentials, monkeypatch: pytest.MonkeyPatch, ahead_s: float
) -> None:
    _signing_at(monkeypatch, time.time() + ahead_s)
    words = "Signature expired: " if ahead_s < 0 else "Signature not yet current: "
    status, code, message = refusal(lab, "dynamodb", ada)
    assert (status, code) == (400, "InvalidSignatureException")
    assert message.startswith(words)
    assert message.endswith("15 min.)")
    assert refusal(lab, "sts", ada)[:2] == (403, "SignatureDoesNotMatch")
    status, code, message = refusal(lab, "s3", ada)
    assert (status, code) == (403, "RequestTimeTooSkewed")
    assert message == "The difference between the request time and the current time is too large."
    assert signed_with(lab, "sts", Credentials("test", "test")).get_caller_identity()


def test_what_the_lab_clock_did_is_nobodys_skew(lab: Lab, ada: Credentials, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs sign in real time, functions in the lab's, and what a jump overtakes was signed in between."""
    begun = lab.cloud.clock.offset_s()
    lab.cloud.clock.advance(7200)
    for ahead_s in (0, 3600, 7200):
        _signing_at(monkeypatch, time.time() + begun + ahead_s)
        assert signed_with(lab, "sts", ada).get_caller_identity()
    _signing_at(monkeypatch, time.time() + begun + 7200 + 16 * 60)
    assert refusal(lab, "sts", ada)[1] == "SignatureDoesNotMatch"
    _signing_at(monkeypatch, time.time() - 16 * 60)
    assert refusal(lab, "sts", ada)[1] == "SignatureDoesNotMatch"


# Making requests


def _dynamodb(lab: Lab, body: bytes) -> AWSRequest:
    headers = {"X-Amz-Target": "DynamoDB_20120810.DescribeTable", "Content-Type": "application/x-amz-json-1.0"}
    return AWSRequest("POST", f"{lab.cloud.endpoint_url}/", headers, data=body)


def _sign_as_it_stands(request: AWSRequest, keys: Credentials) -> str:
    """Signs with the content hash that the request names; gives the signature."""
    auth = botocore.auth.S3SigV4Auth(keys, "s3", REGION)
    named = request.headers["X-Amz-Content-SHA256"]
    auth.payload = lambda _: named  # type: ignore[method-assign]
    auth.add_auth(request)
    return str(request.headers["Authorization"].rsplit("Signature=", 1)[1])


def _chunked(lab: Lab, keys: Credentials, *, trailer: bool, spoilt: str = "") -> AWSRequest:
    """An upload in two chunks, signed as "Signature calculations: transferring payload in multiple chunks" says."""
    request = AWSRequest("PUT", f"{lab.cloud.endpoint_url}/signed/chunked")
    kind = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + ("-TRAILER" if trailer else "")
    request.headers["X-Amz-Content-SHA256"] = kind
    request.headers["Content-Encoding"] = "aws-chunked"
    request.headers["X-Amz-Decoded-Content-Length"] = str(65536 + 100)
    if trailer:
        request.headers["X-Amz-Trailer"] = "x-amz-meta-end"
    before = _sign_as_it_stands(request, keys)
    stamp, empty = request.context["timestamp"], hashlib.sha256(b"").hexdigest()
    scope = f"{stamp[:8]}/{REGION}/s3/aws4_request"
    key = f"AWS4{keys.secret_key}".encode()
    for part in (stamp[:8], REGION, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")

    def sign(kind: str, *hashes: str) -> str:
        nonlocal before
        text = "\n".join((f"AWS4-HMAC-SHA256-{kind}", stamp, scope, before, *hashes))
        before = hmac.digest(key, text.encode(), "sha256").hex()
        return before

    body = b""
    for name, data in (("first", b"a" * 65536), ("last", b"b" * 100), ("end", b"")):
        signature = sign("PAYLOAD", empty, hashlib.sha256(data).hexdigest())
        shown = "0" * 64 if spoilt == name else signature
        body += f"{len(data):x};chunk-signature={shown}\r\n".encode() + data + (b"\r\n" if data else b"")
    if trailer:
        line = b"x-amz-meta-end:1\n"
        signature = sign("TRAILER", hashlib.sha256(line).hexdigest())
        shown = "0" * 64 if spoilt == "trailer" else signature
        body += b"x-amz-meta-end:1\r\n" + f"x-amz-trailer-signature:{shown}\r\n".encode()
    request.data = body + b"\r\n"
    return request
