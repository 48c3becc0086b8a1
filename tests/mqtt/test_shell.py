"""The broker behind real sockets and TLS, with paho-mqtt; other clients are in tests/clients."""

from __future__ import annotations

import hashlib
import shutil
import socket
import ssl
import time
from collections.abc import Callable, Iterator

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from labcloud.mqtt import Broker, Limits, Origin, Principal, Refusal
from labcloud.shell.mqtt import MqttServer
from labcloud.shell.mqtt_journal import MqttJournal
from tests.support import wait_until

from .peer import ACCOUNT, REGION, AllowAll, Ears, packet, text
from .pki import Authority, Credentials

VERSIONS = pytest.mark.parametrize("version", [paho.MQTTv311, paho.MQTTv5], ids=["mqtt3", "mqtt5"])


class Registered:
    """Knows the certificates it was told."""

    def __init__(self) -> None:
        self.active: set[str] = set()

    def principal_of(self, der: bytes) -> Principal | Refusal:
        certificate_id = hashlib.sha256(der).hexdigest()
        if certificate_id not in self.active:
            return Refusal(f"certificate {certificate_id} is not ACTIVE")
        return Principal(certificate_id, f"arn:aws:iot:{REGION}:{ACCOUNT}:cert/{certificate_id}", ACCOUNT, REGION)


@pytest.fixture(scope="session")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="session")
def device(authority) -> Credentials:
    return authority.issue("device")


@pytest.fixture
def registered(device) -> Registered:
    known = Registered()
    known.active.add(device.id)
    return known


@pytest.fixture
def server(authority, registered, policies, ears) -> Iterator[MqttServer]:
    limits = Limits(connect_timeout_s=1.0)
    broker = Broker(
        principals=registered, policies=policies, now=time.time, listener=ears, reserved=ears, trace=ears, limits=limits
    )
    server = MqttServer(broker, authority.server_context(), handshake_timeout_s=0.5)
    server.start_in_thread()
    yield server
    server.stop_thread()


class Device:
    """A paho client that notes what happens to it."""

    def __init__(self, context: ssl.SSLContext, port: int, client_id: str, version: int) -> None:
        self.got: list[paho.MQTTMessage] = []
        self.answers: list[object] = []
        self.connacks: list[object] = []
        self.disconnects: list[object] = []
        self.mqtt = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=version, reconnect_on_failure=False
        )
        self.mqtt.tls_set_context(context)
        self.mqtt.on_message = lambda client, data, message: self.got.append(message)
        self.mqtt.on_connect = lambda client, data, flags, code, properties: self.connacks.append(code)
        self.mqtt.on_subscribe = lambda client, data, mid, codes, properties: self.answers.append(codes)
        self.mqtt.on_disconnect = lambda client, data, flags, code, properties: self.disconnects.append(code)
        self.port = port

    def connect(self, **options: object) -> Device:
        self.mqtt.connect("127.0.0.1", self.port, **options)  # type: ignore[arg-type]
        self.mqtt.loop_start()
        return self

    def connected(self) -> Device:
        wait_until(lambda: self.connacks, because="CONNACK")
        return self

    def subscribed(self, *filters: str) -> Device:
        self.mqtt.subscribe([(item, 1) for item in filters])
        wait_until(lambda: self.answers, because="SUBACK")
        return self


@pytest.fixture
def join(authority, device, server) -> Iterator[Callable[..., Device]]:
    devices: list[Device] = []

    def make(
        client_id: str = "fridge", version: int = paho.MQTTv311, credentials: Credentials | None = device
    ) -> Device:
        devices.append(Device(authority.client_context(credentials), server.port, client_id, version))
        return devices[-1]

    yield make
    for each in devices:
        each.mqtt.disconnect()
        each.mqtt.loop_stop()


@VERSIONS
@pytest.mark.parametrize("qos", [0, 1])
def test_paho_publishes_and_receives_over_mutual_tls(join, version, qos):
    display = join("display", version).connect().connected().subscribed("house/#")
    sensor = join("sensor", version).connect().connected()
    published = sensor.mqtt.publish("house/kitchen", b"x" * 100_000, qos)
    published.wait_for_publish(5)
    wait_until(lambda: display.got, because="the message")
    message = display.got[0]
    assert (message.topic, len(message.payload), message.qos) == ("house/kitchen", 100_000, qos)


def test_paho_sees_the_properties_of_mqtt_5(join):
    display = join("display", paho.MQTTv5).connect().connected().subscribed("t")
    properties = Properties(PacketTypes.PUBLISH)
    properties.ContentType = "application/json"
    properties.UserProperty = [("unit", "°C")]
    properties.CorrelationData = b"\x00\x01"
    join("sensor", paho.MQTTv5).connect().connected().mqtt.publish("t", b"21", 1, properties=properties)
    wait_until(lambda: display.got, because="the message")
    got = display.got[0].properties
    assert (got.ContentType, got.UserProperty, got.CorrelationData) == (
        "application/json",
        [("unit", "°C")],
        b"\x00\x01",
    )


def test_a_thousand_qos_1_messages_arrive_once_and_in_order(join):
    display = join("display").connect().connected().subscribed("t")
    sensor = join("sensor").connect().connected()
    for number in range(1000):
        sensor.mqtt.publish("t", str(number), 1)
    wait_until(lambda: len(display.got) >= 1000, because="1,000 messages")
    assert [int(message.payload) for message in display.got] == list(range(1000))


def test_a_forbidden_publish_hangs_up_on_paho(join, policies, ears):
    policies.denied.add(("iot:Publish", "secret"))
    sensor = join("sensor").connect().connected()
    sensor.mqtt.publish("secret", b"x", 1)
    wait_until(lambda: sensor.disconnects, because="the disconnect")
    assert any("iot:Publish to 'secret' refused" in note for note in ears.notes)


def test_paho_is_told_why_it_may_not_connect(join, policies):
    policies.denied.add(("iot:Connect", "fridge"))
    five = join("fridge", paho.MQTTv5).connect().connected()
    assert str(five.connacks[0]) == "Not authorized"


def test_paho_resumes_its_session(join):
    def come() -> Device:
        display = join("display")
        display.mqtt._clean_session = False
        return display.connect().connected()

    first = come().subscribed("t")
    first.mqtt.disconnect()
    first.mqtt.loop_stop()
    join("sensor").connect().connected().mqtt.publish("t", b"while away", 1).wait_for_publish(5)
    second = come()
    wait_until(lambda: second.got, because="the stored message")
    assert second.got[0].payload == b"while away"


def test_a_certificate_that_is_not_active_is_closed(join, authority, ears):
    stranger = join("stranger", credentials=authority.issue("stranger")).connect()
    wait_until(lambda: any("is not ACTIVE" in note for note in ears.notes), because="the refusal in the trace")
    assert stranger.connacks == []


def test_no_certificate_is_closed(join, ears):
    join("nobody", credentials=None).connect()
    wait_until(lambda: any("no client certificate" in note for note in ears.notes), because="the refusal")


def test_a_certificate_of_another_authority_fails_in_the_handshake(server, authority, tmp_path, ears):
    other = Authority(tmp_path).issue("device")
    context = authority.client_context(other)
    with pytest.raises((ssl.SSLError, ConnectionError)), socket.create_connection(("127.0.0.1", server.port), 5) as raw:
        tls = context.wrap_socket(raw, server_hostname="localhost")
        tls.sendall(packet(0x10, text("MQTT") + b"\x04\x02\x00\x3c" + text("x")))
        if not tls.recv(10):
            raise ConnectionResetError
    assert ears.heard == []


def test_a_deactivated_certificate_ends_its_connections(join, server, device):
    fridge = join().connect().connected()
    assert server.call_threadsafe(lambda: server.broker.disconnect_principal(device.id)).result(5) == 1
    wait_until(lambda: fridge.disconnects, because="the disconnect")


def test_other_threads_publish(join, server):
    display = join("display").connect().connected().subscribed("t")
    outcome = server.publish_threadsafe(Origin(ACCOUNT, REGION), "t", b"from HTTP", qos=1).result(5)
    assert outcome.accepted
    wait_until(lambda: display.got, because="the message")
    with pytest.raises(ZeroDivisionError):
        server.call_threadsafe(lambda: 1 / 0).result(5)


def raw_connection(server: MqttServer, authority: Authority, device: Credentials) -> ssl.SSLSocket:
    raw = socket.create_connection(("127.0.0.1", server.port), 5)
    return authority.client_context(device).wrap_socket(raw, server_hostname="localhost")


def test_peers_that_say_nothing_are_closed(server, authority, device):
    with socket.create_connection(("127.0.0.1", server.port), 5) as silent:
        assert silent.recv(1) == b""
    with raw_connection(server, authority, device) as tls:
        assert tls.recv(1) == b""
    wait_until(lambda: not server._links, because="the server forgets them")


def test_random_bytes_on_the_port_do_no_harm(server, authority, device, join):
    for data in (b"\x00" * 100, b"GET / HTTP/1.0\r\n\r\n", bytes(range(256))):
        with socket.create_connection(("127.0.0.1", server.port), 5) as raw:
            raw.sendall(data)
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(1000):
                pass
        with raw_connection(server, authority, device) as tls:
            tls.sendall(data)
            assert tls.recv(10) == b""
    assert join().connect().connected().connacks[0] == 0


def test_a_slow_reader_does_not_lose_qos_1_nor_fill_the_memory(server, authority, device, join):
    """It subscribes and does not read; publishers are held up; then it reads, and everything is there."""
    payload, count = b"x" * 50_000, 400
    with raw_connection(server, authority, device) as slow:
        slow.sendall(packet(0x10, text("MQTT") + b"\x04\x02\x00\x3c" + text("slow")))
        slow.sendall(packet(0x82, b"\x00\x01" + text("t") + b"\x01"))
        wait_until(lambda: server.broker.space(ACCOUNT, REGION).online, because="the slow client is there")
        sensor = join("sensor").connect().connected()
        infos = [sensor.mqtt.publish("t", payload, 1) for _ in range(count)]
        session = server.broker.space(ACCOUNT, REGION).sessions["slow", 3]
        wait_until(lambda: session.waiting, because="publishers are held up")
        assert not all(info.is_published() for info in infos)
        data, got = b"", 0
        size = len(packet(0x32, text("t") + b"\x00\x01" + payload))
        slow.settimeout(10)
        skip = 4 + 5
        while got < count:
            data += slow.recv(1 << 18)
            if skip and len(data) >= skip:
                data, skip = data[skip:], 0
            while not skip and len(data) >= size:
                at = 1 + 3 + 2 + 1
                slow.sendall(b"\x40\x02" + data[at : at + 2])
                data, got = data[size:], got + 1
        wait_until(lambda: all(info.is_published() for info in infos), because="all are acknowledged")
        assert session.queue_bytes == 0


def test_there_is_an_upper_bound_of_clients_and_strangers_make_room_first(authority, device, registered):
    server = MqttServer(
        Broker(principals=registered, policies=AllowAll(), now=time.time, trace=Ears()),
        authority.server_context(),
        most_clients=1,
    )
    server.start_in_thread()
    try:
        with socket.create_connection(("127.0.0.1", server.port), 5) as stranger:
            wait_until(lambda: server._links, because="the stranger")
            with raw_connection(server, authority, device) as known:
                assert is_hung_up_on(stranger)
                known.sendall(packet(0x10, text("MQTT") + b"\x04\x02\x00\x3c" + text("known")))
                assert known.recv(1) == b"\x20"
                with socket.create_connection(("127.0.0.1", server.port), 5) as late:
                    assert is_hung_up_on(late)
    finally:
        server.stop_thread()


def is_hung_up_on(link: socket.socket) -> bool:
    try:
        return not link.recv(1)
    except ConnectionError:
        return True


def test_a_server_goes_on_with_its_journal(authority, registered, device, tmp_path):
    """The first server is not stopped, only abandoned, as if it had been killed."""

    def start() -> MqttServer:
        broker = Broker(principals=registered, policies=AllowAll(), now=time.time)
        server = MqttServer(broker, authority.server_context(), journal=MqttJournal(tmp_path))
        server.start_in_thread()
        return server

    def come(server: MqttServer) -> Device:
        display = Device(authority.client_context(device), server.port, "display", paho.MQTTv311)
        display.mqtt._clean_session = False
        return display.connect().connected()

    first = start()
    display = come(first).subscribed("t")
    display.mqtt.disconnect()
    display.mqtt.loop_stop()
    assert first.publish_threadsafe(Origin(ACCOUNT, REGION), "t", b"acknowledged", qos=1).result(5).accepted
    copy = tmp_path.parent / "copy"
    shutil.copytree(tmp_path, copy)
    first.stop_thread()
    shutil.rmtree(tmp_path)
    copy.rename(tmp_path)
    second = start()
    try:
        display = come(second)
        wait_until(lambda: display.got, because="the stored message")
        display.mqtt.disconnect()
        display.mqtt.loop_stop()
        assert display.got[0].payload == b"acknowledged"
    finally:
        second.stop_thread()


def test_while_the_rules_are_behind_publishers_wait_and_nothing_is_lost(authority, registered, device, policies, ears):
    behind: list[bool] = [False]
    broker = Broker(principals=registered, policies=policies, now=time.time, listener=ears, reserved=ears, trace=ears)
    server = MqttServer(broker, authority.server_context(), is_behind=lambda: behind[0])
    server.start_in_thread()
    joined = Device(authority.client_context(device), server.port, "busy", paho.MQTTv311)
    acknowledged: list[int] = []
    joined.mqtt.on_publish = lambda client, data, mid, code, properties: acknowledged.append(mid)
    joined.mqtt.max_inflight_messages_set(1)
    try:
        joined.connect().connected()
        [connection] = broker.connections
        behind[0] = True
        for number in range(20):
            joined.mqtt.publish("readings", str(number), qos=1)
        wait_until(lambda: server.held, because="the publisher is not read from any more")
        halted_s = connection.last_heard_s
        wait_until(lambda: connection.last_heard_s > halted_s + 0.1, because="it does not count as silent")
        assert len(acknowledged) < 20
        behind[0] = False
        wait_until(lambda: len(acknowledged) == 20, because="every message is acknowledged")
        assert [message.payload for message in ears.heard if message.topic == "readings"] == [
            str(number).encode() for number in range(20)
        ]
    finally:
        joined.mqtt.loop_stop()
        server.stop_thread()
