"""Whatever arrives at the HTTP port is answered with a clear error or hung up on, at once, in bounded memory."""

from __future__ import annotations

import gzip
import json
import random
import socket
import time

import pytest

from labcloud.shell import http_connection
from labcloud.shell.http_environ import LARGEST_HEAD
from tests.gateway.raw import FORM, JSON, connect, exchange, read_answer, request
from tests.running import Lab
from tests.support import wait_until

MIB = 1024 * 1024
PUT_ITEM = f"{JSON}DynamoDB_20120810.PutItem\r\n"


def error_of(body: bytes) -> tuple[str, str]:
    found = json.loads(body)
    return found["__type"].rpartition("#")[2], found.get("Message") or found.get("message", "")


# -- what is no HTTP


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x00\xff\x13 garbage\r\n\r\n", id="no method"),
        pytest.param(b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", id="space before the colon"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", id="folded header"),
        pytest.param(b"GET http://[/x HTTP/1.1\r\nHost: localhost\r\n\r\n", id="target is no URL"),
        pytest.param(b"CONNECT a:443 HTTP/1.1\r\nHost: localhost\r\n\r\n", id="proxy"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="HTTP/2"),
        pytest.param(b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", id="upgrade"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\nabcde", id="negative length"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: 9" + b"9" * 30 + b"\r\n\r\n", id="overflowing length"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", id="two lengths"),
        pytest.param(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", id="chunk without size"),
        pytest.param(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 17 + b"\r\n", id="huge chunk"),
    ],
)
def test_what_is_no_request_is_refused_and_the_connection_closed(port, data):
    answer = exchange(port, data)
    assert answer is not None
    assert (answer.status, answer.headers["connection"]) == (400, "close")


SMUGGLED = b"GET /_lab/health HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    ],
)
def test_no_second_request_hides_behind_two_lengths(port, head):
    with connect(port) as link:
        link.sendall(f"POST / HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n0\r\n\r\n".encode() + SMUGGLED)
        answer = read_answer(link)
        assert answer is not None and answer.status == 400
        assert link.recv(1) == b""


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"GET /" + b"a" * MIB, id="target"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"a" * MIB, id="name of a header"),
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"a" * MIB, id="value of a header"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * (LARGEST_HEAD // 4), id="number of headers"),
    ],
)
def test_a_head_without_end_is_cut_off(port, data):
    answer = exchange(port, data)
    assert answer is None or answer.status == 431


# -- bodies


def test_a_length_beyond_the_services_limit_is_refused_in_the_services_shape(port):
    body = b"{" + b" " * (17 * MIB)
    answer = exchange(port, request("dynamodb", body, PUT_ITEM))
    assert answer is not None and answer.status == 413
    assert error_of(answer.body) == (
        "RequestEntityTooLargeException",
        f"The request's body has more than {16 * MIB} bytes.",
    )


def test_chunks_beyond_the_limit_are_not_kept(port, lab):
    head = request("dynamodb", b"", PUT_ITEM).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    with connect(port) as link:
        link.sendall(head)
        for _ in range(20):
            link.sendall(b"100000\r\n" + b"x" * MIB + b"\r\n")
        wait_until(lambda: lab.cloud.http.bodies.held == 0, because="the body is forgotten")
        link.sendall(b"0\r\n\r\n")
        answer = read_answer(link)
    assert answer is not None and answer.status == 413


def test_all_bodies_together_have_a_limit(port, lab, monkeypatch):
    bodies = lab.cloud.http.bodies
    monkeypatch.setattr(bodies, "_most_bytes", 4 * MIB)
    head = request("s3", b"", method="PUT", path="/b/k").replace(
        b"Content-Length: 0", b"Content-Length: %d" % (3 * MIB)
    )
    links = [connect(port) for _ in range(3)]
    try:
        for link in links:
            link.sendall(head + b"x" * (2 * MIB))
        wait_until(lambda: bodies.held == 4 * MIB or None, because="two bodies are held")
        for link in links:
            link.sendall(b"x" * MIB)
        answers = [read_answer(link) for link in links]
    finally:
        for link in links:
            link.close()
    assert 503 in [answer.status for answer in answers if answer]
    assert any(b"<Code>SlowDown</Code>" in answer.body for answer in answers if answer)
    wait_until(lambda: bodies.held == 0, because="the bodies are given up")


def test_who_expects_to_go_on_is_told_so_only_for_a_body_that_may_come(port):
    expecting = request("s3", b"", "Expect: 100-continue\r\n", method="PUT", path="/b/k")
    with connect(port) as link:
        link.sendall(expecting.replace(b"Content-Length: 0", b"Content-Length: 3"))
        answer = read_answer(link)
        assert answer is not None and answer.status == 100
        link.sendall(b"abc")
        assert read_answer(link).status == 404


@pytest.mark.parametrize(
    ("service", "body", "headers", "code"),
    [
        ("dynamodb", "{", PUT_ITEM, "SerializationException"),
        ("dynamodb", "null", PUT_ITEM, "SerializationException"),
        ("dynamodb", "[1]", PUT_ITEM, "SerializationException"),
        ("dynamodb", '{"TableName": NaN}', PUT_ITEM, "SerializationException"),
        ("dynamodb", b'{"TableName": "\xff"}', PUT_ITEM, "SerializationException"),
        ("dynamodb", "[" * 100_000, PUT_ITEM, "SerializationException"),
        ("dynamodb", '{"a":' * 100_000 + "1" + "}" * 100_000, PUT_ITEM, "SerializationException"),
        ("dynamodb", "{}", PUT_ITEM, "ValidationException"),
        ("dynamodb", '{"TableName": {}, "Item": 5}', PUT_ITEM, "SerializationException"),
        ("dynamodb", '{"TableName": "t", "Item": [1]}', PUT_ITEM, "SerializationException"),
        ("dynamodb", "{}", f"{JSON}DynamoDB_20120810.Nonsense\r\n", "UnknownOperationException"),
        ("timestream", "5", f"{JSON}Timestream_20181101.WriteRecords\r\n", "SerializationException"),
        ("kinesis", '{"StreamName": {}}', f"{JSON}Kinesis_20131202.PutRecord\r\n", "ValidationException"),
    ],
)  # fmt: skip
def test_json_that_no_sdk_sends_gets_an_error_of_the_service(port, service, body, headers, code):
    answer = exchange(port, request(service, body, headers))
    assert answer is not None and 400 <= answer.status < 500
    assert error_of(answer.body)[0] == code


def test_what_is_missing_is_named(port):
    answer = exchange(port, request("dynamodb", '{"Item": {}}', PUT_ITEM))
    assert error_of(answer.body)[1] == (
        "1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null"
    )


ENTITIES = "".join(f'<!ENTITY {chr(98 + i)} "{("&" + chr(97 + i) + ";") * 10}">' for i in range(9))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param("<a", b"unclosed token", id="cut off"),
        pytest.param("<a>" * 100_000 + "</a>" * 100_000, b"more than 64 deep", id="deep"),
        pytest.param(f'<!DOCTYPE l [<!ENTITY a "xxx">{ENTITIES}]><Tagging>&j;</Tagging>', b"document type", id="bomb"),
        pytest.param('<!DOCTYPE l SYSTEM "file:///etc/passwd"><Tagging/>', b"document type", id="file"),
        pytest.param('<?xml version="1.0" encoding="nonsense"?><a/>', b"unknown encoding", id="encoding"),
    ],
)
def test_xml_that_no_sdk_sends_is_malformed_to_s3(port, body, reason):
    began = time.process_time()
    answer = exchange(port, request("s3", body, method="PUT", path="/b?tagging"))
    assert answer is not None and answer.status == 400
    assert b"<Code>MalformedXML</Code>" in answer.body and reason in answer.body
    assert len(answer.body) < 1000
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"zzzz;chunk-signature=1\r\nabc", 400),
        (b"ffffffff;chunk-signature=1\r\nabc\r\n0\r\n\r\n", 400),
        (b"-3;chunk-signature=1\r\nabc\r\n0\r\n\r\n", 400),
        (b"3;chunk-signature=1\r\nabcdef\r\n0\r\n\r\n", 400),
        (b"", 400),
    ],
)
def test_aws_chunks_that_lie_are_incomplete(port, body, status):
    headers = "x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD\r\nContent-Encoding: aws-chunked\r\n"
    headers += "x-amz-decoded-content-length: 99999999999\r\n"
    answer = exchange(port, request("s3", body, headers, method="PUT", path="/b/k"))
    assert answer.status == status and b"<Code>IncompleteBody</Code>" in answer.body


def test_a_gzip_bomb_is_not_unpacked(port):
    bomb = gzip.compress(b"x" * (200 * MIB))
    for service, headers in (("dynamodb", PUT_ITEM), ("monitoring", FORM)):
        answer = exchange(port, request(service, bomb, f"{headers}Content-Encoding: gzip\r\n"))
        assert answer.status == 413
    answer = exchange(port, request("dynamodb", b"no gzip", f"{PUT_ITEM}Content-Encoding: gzip\r\n"))
    assert error_of(answer.body)[0] == "SerializationException"


def test_long_metrics_that_boto3_packs_arrive(lab):
    data = [{"MetricName": f"m{number}", "Value": number, "Unit": "Count"} for number in range(300)]
    lab.cloudwatch.put_metric_data(Namespace="packed", MetricData=data)
    assert lab.cloudwatch.list_metrics(Namespace="packed", MetricName="m299")["Metrics"]


def test_a_form_of_very_many_fields_is_refused(port):
    fields = "&".join(f"Tags.member.{number}.Key=a" for number in range(50_000))
    answer = exchange(port, request("sns", f"Action=CreateTopic&Version=2010-03-31&Name=t&{fields}", FORM))
    assert answer.status == 400 and b"more than 10000 fields" in answer.body


# -- time and connections


@pytest.mark.parametrize(
    ("limit", "data"),
    [
        ("IDLE_S", b""),
        ("HEAD_S", b"GET / HTTP/1.1\r\nHost: loc"),
        ("REQUEST_S", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc"),
    ],
)
def test_who_sends_slowly_is_hung_up_on(port, monkeypatch, limit, data):
    monkeypatch.setattr(http_connection, limit, 0.1)
    with connect(port) as link:
        link.sendall(data)
        assert link.recv(1) == b""


def test_who_takes_no_answer_holds_one_and_is_hung_up_on(port, lab: Lab, monkeypatch):
    lab.s3.create_bucket(Bucket="large", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    lab.s3.put_object(Bucket="large", Key="k", Body=b"x" * (8 * MIB))
    monkeypatch.setattr(http_connection, "WRITE_S", 0.1)
    asked = request("s3", method="GET", path="/large/k").replace(b"Connection: close\r\n", b"")
    with connect(port) as link:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        link.sendall(asked * 16)
        mine = link.getsockname()
        wait_until(lambda: mine not in peers(lab), because="the reader that does not read is hung up on", within_s=10)


def peers(lab: Lab) -> set[object]:
    return {each.transport.get_extra_info("peername") for each in list(lab.cloud.http._connections)}


def test_a_crowd_of_idle_connections_does_not_keep_others_out(port, lab, monkeypatch):
    monkeypatch.setattr(lab.cloud.http, "most_connections", 50)
    crowd = [connect(port) for _ in range(200)]
    try:
        for link in crowd[::2]:
            link.sendall(b"GET / HT")
        answer = exchange(port, request("sts", "Action=GetCallerIdentity&Version=2011-06-15", FORM))
        assert answer is not None and answer.status == 200
        wait_until(lambda: len(lab.cloud.http._connections) <= 50, because="the crowd is bounded")
    finally:
        for link in crowd:
            link.close()


def test_pipelined_requests_are_answered_in_order(port):
    asked = b"".join(
        request("dynamodb", json.dumps({"TableName": f"table-{number}"}), f"{JSON}DynamoDB_20120810.DescribeTable\r\n")
        for number in range(100)
    ).replace(b"Connection: close\r\n", b"")
    with connect(port) as link:
        link.sendall(asked)
        received = b""
        while received.count(b"HTTP/1.1 400") < 100:
            received += link.recv(65536)
    found = [received.index(f"table-{number} ".encode()) for number in range(100)]
    assert found == sorted(found)


def test_a_header_of_an_answer_ends_where_it_should(port, lab):
    lab.s3.create_bucket(Bucket="split", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    lab.s3.put_object(Bucket="split", Key="k", Body=b"x")
    for value in ("a%0d%0aSet-Cookie:%20x", "a%00%0bc"):
        path = f"/split/k?response-content-type={value}"
        answer = exchange(port, request("s3", method="GET", path=path))
        assert answer.status == 400 and b"control characters" in answer.body
    answer = exchange(port, request("s3", b"", "x-amz-meta-a: b\tc\r\n", method="PUT", path="/split/tab"))
    assert answer.status == 200
    assert lab.s3.head_object(Bucket="split", Key="tab")["Metadata"] == {"a": "b\tc"}


# -- pages


def test_a_page_under_a_strange_name_reaches_neither_aws_nor_the_control_surface(port):
    for path in ("/", "/_lab/trace"):
        answer = exchange(port, request("sts", "Action=GetCallerIdentity", FORM, path=path, host="evil.example"))
        assert answer.status == 403 and b"not for this machine" in answer.body


def test_a_form_that_a_page_sends_makes_no_function(port, lab):
    """No header that a browser would ask about first: the credential is in the query, the body is text."""
    data = (
        "POST /2015-03-31/functions?X-Amz-Credential=a/20260101/eu-west-1/lambda/aws4_request HTTP/1.1\r\n"
        "Host: 127.0.0.1\r\nOrigin: http://evil.example\r\nContent-Type: text/plain\r\n"
        "Connection: close\r\nContent-Length: 2\r\n\r\n{}"
    )
    answer = exchange(port, data.encode())
    assert answer.status == 403 and "evil.example" in error_of_lambda(answer.body)


def error_of_lambda(body: bytes) -> str:
    found = json.loads(body)
    return str(found.get("message") or found.get("Message"))


# -- fuzz


SEEDS = [
    request("dynamodb", '{"TableName": "t", "Item": {"a": {"S": "x"}, "n": {"N": "5"}}}', PUT_ITEM),
    request("dynamodb", '{"TableName": "t", "KeyConditionExpression": "a = :a"}', f"{JSON}DynamoDB_20120810.Query\r\n"),
    request("sns", "Action=CreateTopic&Version=2010-03-31&Name=t&Tags.member.1.Key=a&Tags.member.1.Value=b", FORM),
    request("iam", "Action=CreateRole&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument=%7B%7D", FORM),
    request("s3", "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>", method="PUT",
            path="/b?tagging"),
    request("s3", b"body", "x-amz-meta-a: b\r\nContent-MD5: x\r\n", method="PUT", path="/b/k%20k"),
    request("iot", '{"attributePayload": {"attributes": {"a": "b"}}}', method="POST", path="/things/t"),
    request("iotdata", b'{"state": {"desired": {"a": 1}}}', path="/things/t/shadow?name=n"),
    request("lambda", '{"FunctionName": "f", "Role": "r", "Code": {"ZipFile": "UEs="}}', path="/2015-03-31/functions"),
    request("timestream", '{"DatabaseName": "d", "TableName": "t", "Records": [{"Time": "1"}]}',
            f"{JSON}Timestream_20181101.WriteRecords\r\n"),
    request("sqs", '{"QueueUrl": "http://localhost/q", "MessageBody": "m"}', f"{JSON}AmazonSQS.SendMessage\r\n"),
    request("kinesis", '{"StreamName": "s", "Data": "eA==", "PartitionKey": "k"}', f"{JSON}Kinesis_20131202.PutRecord\r\n"),
    b"GET /_lab/trace?limit=5 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b'POST /_lab/clock HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 15\r\n'
    b'Connection: close\r\n\r\n{"advance_s":1}',
]  # fmt: skip
PIECES = [b"\x00", b"\xff", b"\r\n", b"\r\n\r\n", b"%", b"%00", b"..", b"{", b"[", b'"', b"'", b"&", b"=", b"<", b"-1",
          b"null", b"1e999", b"9" * 40, b"\\ud800", b"/", b"?", b":", b";", b" ", b"\xc3\x28", b"Transfer-Encoding: chunked\r\n"]  # fmt: skip


def mutated(seed: random.Random) -> bytes:
    data = bytearray(seed.choice(SEEDS))
    for _ in range(seed.randint(1, 4)):
        at = seed.randrange(len(data))
        kind = seed.randrange(4)
        if kind == 0:
            data[at] = seed.randrange(256)
        elif kind == 1:
            data[at:at] = seed.choice(PIECES)
        elif kind == 2:
            del data[at : at + seed.randint(1, 20)]
        else:
            data[at : at + 1] = data[at : at + seed.randint(1, 30)] * seed.randint(1, 5)
    return bytes(data)


@pytest.mark.parametrize("number", range(4))
def test_any_request_is_answered_or_hung_up_on(port, monkeypatch, number):
    """Requests of every protocol with a few faults each; none of them makes a service fail."""
    for limit in ("HEAD_S", "REQUEST_S"):
        monkeypatch.setattr(http_connection, limit, 0.2)
    seed = random.Random(number)
    for _ in range(250):
        data = mutated(seed)
        with connect(port) as link:
            link.sendall(data)
            link.shutdown(socket.SHUT_WR)
            answer = read_answer(link)
        assert answer is None or answer.status < 500 or answer.status == 501, data
