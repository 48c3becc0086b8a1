"""MQTT over WebSocket: the upgrade, its SigV4 signature (made by botocore), frames, and paho over the whole."""

from __future__ import annotations

import calendar
import socket
import ssl
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import paho.mqtt.client as paho
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Keys
from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion

from labcloud.mqtt import Broker, Principal, Refusal
from labcloud.mqtt.entrance import Admitted, Entrance, Rejected
from labcloud.mqtt.sigv4 import SignedScope, is_signed_with, read_scope
from labcloud.mqtt.websocket import CLOSE, PING, PONG, TEXT, Frames, encode_frame, parse_upgrade
from labcloud.shell.mqtt import MqttServer
from tests.support import wait_until

from .conftest import Strangers
from .peer import ACCOUNT, REGION, AllowAll, Ears
from .pki import Authority

KEYS = Keys("AKIDEXAMPLE", "a secret")
SESSION_KEYS = Keys("ASIAEXAMPLE", "a secret", "a+token/with=signs")
UPGRADE = {
    "Host": "localhost",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Protocol": "mqtt",
}


class KnownKeys:
    """One user; `secret` None: the cloud does not know it."""

    def __init__(self, secret: str | None = "a secret") -> None:
        self.secret = secret
        self.seen: list[SignedScope] = []

    def principal_of_key(self, scope: SignedScope) -> Principal | Refusal:
        self.seen.append(scope)
        if scope.access_key_id not in ("AKIDEXAMPLE", "ASIAEXAMPLE"):
            return Refusal(f"the access key {scope.access_key_id} is unknown")
        return Principal(scope.access_key_id, f"arn:aws:iam::{ACCOUNT}:user/somebody", ACCOUNT, scope.region)

    def secret_of(self, access_key_id: str) -> str | None:
        return self.secret


def signed_target(keys: Keys = KEYS, service: str = "iotdevicegateway", host: str = "localhost") -> str:
    """Path and query of a presigned URL, as botocore signs it."""
    request = AWSRequest("GET", f"https://{host}/mqtt")
    SigV4QueryAuth(keys, service, REGION, expires=300).add_auth(request)
    parts = urlsplit(request.prepare().url)
    return f"{parts.path}?{parts.query}"


def request(target: str, **headers: str) -> bytes:
    lines = [f"GET {target} HTTP/1.1"] + [f"{name}: {value}" for name, value in (UPGRADE | headers).items() if value]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def enter(data: bytes, callers: KnownKeys | None = None, now: float | None = None) -> Admitted | Rejected | None:
    return Entrance(callers or KnownKeys()).receive(data, time.time() if now is None else now)


def masked(payload: bytes, opcode: int = 2, *, final: bool = True) -> bytes:
    key = b"\x01\x02\x03\x04"
    size = len(payload)
    head = bytes((size | 0x80,)) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    body = bytes(byte ^ key[index % 4] for index, byte in enumerate(payload))
    return bytes((opcode | (0x80 if final else 0),)) + head + key + body


@pytest.mark.parametrize("keys", [KEYS, SESSION_KEYS], ids=["user", "session"])
def test_a_presigned_upgrade_is_admitted(keys):
    callers = KnownKeys()
    outcome = enter(request(signed_target(keys)) + b"more", callers)
    assert isinstance(outcome, Admitted), outcome
    assert (outcome.principal.region, outcome.rest) == (REGION, b"more")
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in outcome.response
    assert callers.seen[0].session_token == keys.token


def test_a_token_appended_after_signing_is_admitted():
    target = signed_target() + "&X-Amz-Security-Token=a%2Btoken"
    assert isinstance(enter(request(target)), Admitted)


def test_a_signature_in_the_authorization_header_is_admitted():
    signed = AWSRequest("GET", "https://localhost/mqtt", headers={"Host": "localhost"})
    SigV4Auth(KEYS, "iotdevicegateway", REGION).add_auth(signed)
    assert isinstance(enter(request("/mqtt", **dict(signed.headers.items()))), Admitted)


def test_an_upgrade_in_single_bytes_is_admitted():
    entrance = Entrance(KnownKeys())
    outcomes = [entrance.receive(bytes((byte,)), time.time()) for byte in request(signed_target())]
    assert outcomes[:-1] == [None] * (len(outcomes) - 1) and isinstance(outcomes[-1], Admitted)


def test_a_signature_with_another_secret_is_refused_where_the_secret_is_known():
    data = request(signed_target(Keys("AKIDEXAMPLE", "wrong")))
    outcome = enter(data)
    assert isinstance(outcome, Rejected) and outcome.response.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert "the signature does not match" in outcome.reason
    assert isinstance(enter(data, KnownKeys(secret=None)), Admitted)


def test_a_changed_request_does_not_match_its_signature():
    target = signed_target()
    parsed = parse_upgrade(request(target))
    changed = parse_upgrade(request(target + "&extra=1"))
    assert parsed and changed
    assert is_signed_with(parsed[0], read_scope(parsed[0]), "a secret")
    assert not is_signed_with(changed[0], read_scope(changed[0]), "a secret")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (request(signed_target(service="s3")), "signed for 's3'"),
        (request("/mqtt"), "not signed with SigV4"),
        (request("/mqtt?X-Amz-Credential=x"), "X-Amz-Algorithm is None"),
        (request("/mqtt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=x"), "the credential scope 'x'"),
        (request(signed_target().split("&X-Amz-Signature")[0]), "not 64 hexadecimal digits"),
        (request(signed_target().replace("X-Amz-Date=2", "X-Amz-Date=x")), "malformed"),
        (request(signed_target(Keys("AKIDOTHER", "a secret"))), "the access key AKIDOTHER is unknown"),
        (request("/other"), "at /mqtt, not at /other"),
        (request("/mqtt", **{"Upgrade": "h2c"}), "does not ask for a WebSocket"),
        (request("/mqtt", **{"Sec-WebSocket-Version": "8"}), "only WebSocket version 13"),
        (request("/mqtt", **{"Sec-WebSocket-Protocol": "chat"}), "the subprotocol mqtt is missing"),
        (b"GET /mqtt\r\n\r\n", "not a WebSocket upgrade"),
        (b"POST /mqtt HTTP/1.1\r\n\r\n", "no WebSocket is asked for"),
        (b"\x10\x0c\x00\x04MQTT", "no client certificate was presented"),
        (b"GET /" + b"x" * 20_000, "the request's head is too long"),
    ],
)
def test_an_upgrade_is_refused_with_its_reason(data, reason):
    outcome = enter(data)
    assert isinstance(outcome, Rejected) and reason in outcome.reason


def test_an_old_signature_is_refused():
    target = signed_target()
    signed_at = calendar.timegm(time.strptime(target.split("X-Amz-Date=")[1][:16], "%Y%m%dT%H%M%SZ"))
    assert isinstance(enter(request(target), now=signed_at + 600), Admitted)
    outcome = enter(request(target), now=signed_at + 601)
    assert isinstance(outcome, Rejected) and "is too old" in outcome.reason


# -- frames


@given(st.lists(st.binary(max_size=300), max_size=6), st.integers(1, 50))
@settings(deadline=None)
def test_frames_are_read_however_they_are_cut(payloads, step):
    frames, found = Frames(), b""
    stream = b"".join(masked(payload) for payload in payloads)
    for at in range(0, len(stream), step):
        found += frames.receive(stream[at : at + step])
    assert found == b"".join(payloads) and not frames.closed


def test_fragments_and_pings_between_them():
    frames = Frames()
    data = masked(b"ab", 2, final=False) + masked(b"hello", PING) + masked(b"cd", 0)
    assert frames.receive(data) == b"abcd"
    assert frames.replies == [encode_frame(b"hello", PONG)]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (encode_frame(b"unmasked" * 2), 1002),
        (masked(b"text", TEXT), 1003),
        (b"\x82\xff" + (1 << 40).to_bytes(8, "big") + b"\x00" * 4, 1009),
        (masked(b"x" * 126, PING), 1002),
        (masked(b"x", PING, final=False), 1002),
        (b"\xc2\x80\x00\x00\x00\x00", 1002),
        (masked((1000).to_bytes(2, "big"), CLOSE), 1000),
    ],
    ids=["unmasked", "text", "huge", "long ping", "fragmented ping", "reserved bit", "close"],
)
def test_frames_that_end_the_connection(data, code):
    frames = Frames()
    assert frames.receive(data + masked(b"after")) == b""
    assert frames.closed and frames.replies == [encode_frame(code.to_bytes(2, "big"), CLOSE)]


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_random_bytes_in_frames_are_survived(data):
    Frames().receive(data)
    enter(data)
    enter(b"GET /" + data + b"\r\n\r\n")


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_frame_lengths(size):
    frame = encode_frame(b"x" * size)
    assert len(frame) - size == (2 if size < 126 else 4 if size < 65_536 else 10)


# -- the whole


@pytest.fixture
def server(tmp_path) -> Iterator[tuple[MqttServer, Authority, Ears]]:
    authority, ears = Authority(tmp_path), Ears()
    broker = Broker(principals=Strangers(), policies=AllowAll(), now=time.time, listener=ears, trace=ears)
    server = MqttServer(broker, authority.server_context(), callers=KnownKeys(), handshake_timeout_s=0.5)
    server.start_in_thread()
    yield server, authority, ears
    server.stop_thread()


@pytest.mark.parametrize("version", [paho.MQTTv311, paho.MQTTv5], ids=["mqtt3", "mqtt5"])
def test_paho_publishes_and_receives_over_websocket(server, version):
    mqtt, authority, ears = server
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="browser", protocol=version, transport="websockets")
    client.ws_set_options(path=signed_target(host=f"localhost:{mqtt.port}"))
    client.tls_set_context(authority.client_context())
    got: list[bytes] = []
    client.on_connect = lambda *_: client.subscribe("t", 1)
    client.on_subscribe = lambda *_: client.publish("t", b"x" * 70_000, 1)
    client.on_message = lambda _, __, message: got.append(message.payload)
    client.connect("localhost", mqtt.port)
    client.loop_start()
    wait_until(lambda: got, because="the message")
    client.disconnect()
    client.loop_stop()
    assert got == [b"x" * 70_000]
    wait_until(lambda: not mqtt.broker.connections, because="the connection has ended")
    assert b"CLIENT_INITIATED_DISCONNECT" in ears.event("disconnected")


def plain_tls(server: MqttServer, authority: Authority) -> ssl.SSLSocket:
    raw = socket.create_connection(("127.0.0.1", server.port), 5)
    return authority.client_context().wrap_socket(raw, server_hostname="localhost")


def test_a_refused_upgrade_is_answered_and_told(server):
    mqtt, authority, ears = server
    with plain_tls(mqtt, authority) as tls:
        tls.sendall(request("/mqtt"))
        assert tls.recv(1000).startswith(b"HTTP/1.1 403 Forbidden")
    wait_until(lambda: any("not signed with SigV4" in note for note in ears.notes), because="the refusal in the trace")


def test_an_unfinished_upgrade_is_cut_off(server):
    mqtt, authority, _ = server
    with plain_tls(mqtt, authority) as tls:
        tls.sendall(b"GET /mqtt HTTP/1.1\r\n")
        with pytest.raises((OSError, AssertionError)):
            assert tls.recv(1000)
