"""CONNECT and how connections end: identifiers, authorisation, takeover, keep-alive, lifecycle events."""

from __future__ import annotations

import json

import pytest

from labcloud.mqtt import Broker, Principal, Refusal

from .peer import ACCOUNT, REGION, THING, Peer, block, packet, text

VERSIONS = pytest.mark.parametrize("version", [4, 5], ids=["mqtt3", "mqtt5"])


def number(identifier: int, value: int, size: int) -> bytes:
    return bytes((identifier,)) + value.to_bytes(size, "big")


def connack_properties(frame) -> dict[int, bytes]:
    """Identifier → raw value of the CONNACK's fixed-size and text properties."""
    sizes = {17: 4, 33: 2, 34: 2, 36: 1, 37: 1, 39: 4, 40: 1, 41: 1, 42: 1, 19: 2}
    raw, found = frame.body[3:], {}
    while raw:
        size = sizes.get(raw[0]) or 2 + int.from_bytes(raw[1:3], "big")
        found[raw[0]] = raw[1 : 1 + size]
        raw = raw[1 + size :]
    return found


@VERSIONS
def test_connect_is_accepted(broker, version):
    connack = Peer(broker, version).connect()
    assert (connack.kind, connack.body[:2]) == (2, b"\x00\x00")


def test_connack_of_mqtt_5_names_what_aws_serves(broker):
    properties = connack_properties(Peer(broker, 5).connect(keep_alive_s=60))
    numbers = {identifier: int.from_bytes(raw, "big") for identifier, raw in properties.items()}
    assert numbers == {33: 100, 36: 1, 37: 1, 39: 146 * 1024, 34: 8, 40: 1, 41: 0, 42: 1}


@pytest.mark.parametrize(("asked", "given"), [(0, 1200), (5, 30), (65535, 1200)])
def test_keep_alive_is_clamped_and_mqtt_5_clients_are_told(broker, asked, given):
    properties = connack_properties(Peer(broker, 5).connect(keep_alive_s=asked))
    assert int.from_bytes(properties[19], "big") == given


def test_an_unauthorised_mqtt_3_client_gets_code_7(broker, policies, ears):
    policies.denied.add(("iot:Connect", "thermometer"))
    peer = Peer(broker)
    assert peer.connect().body == b"\x00\x07"
    assert peer.closed
    assert json.loads(ears.event("connect_failed"))["connectFailureReason"] == "AUTHORIZATION_FAILED"
    assert any("iot:Connect refused: no statement allows iot:Connect" in note for note in ears.notes)


def test_an_unauthorised_mqtt_5_client_gets_code_135_and_a_reason(broker, policies):
    policies.denied.add(("iot:Connect", "thermometer"))
    connack = Peer(broker, 5).connect()
    assert connack.body[1] == 135
    assert b"no statement allows iot:Connect" in connack.body


def test_the_policy_sees_client_id_thing_and_connect_attributes(broker, policies):
    principal = Principal("id", "arn", ACCOUNT, REGION, thing_names=("fridge",))
    Peer(broker, 4, principal).connect("fridge", clean=False, will=("t", b"", 0, False))
    context = policies.contexts[0]
    assert (context.client_id, context.thing_name, context.source_ip) == ("fridge", "fridge", "127.0.0.1")
    assert (context.connect_attributes, context.last_will_topic) == (("PersistentConnect", "LastWill"), "t")


@pytest.mark.parametrize(("version", "code"), [(4, 2), (5, 133)], ids=["mqtt3", "mqtt5"])
def test_a_client_id_over_128_bytes_is_refused(broker, version, code):
    peer = Peer(broker, version)
    assert peer.connect("x" * 129).body[1] == code
    assert peer.closed


def test_an_empty_client_id_needs_a_clean_session_in_mqtt_3(broker):
    assert Peer(broker).connect("", clean=False).body[1] == 2
    assert Peer(broker).connect("", clean=True).body[1] == 0


def test_an_empty_client_id_is_assigned_in_mqtt_5(broker):
    assert len(connack_properties(Peer(broker, 5).connect(""))[18]) == 2 + 36


def test_an_unknown_protocol_level_gets_code_1(broker):
    peer = Peer(broker)
    (frame,) = peer.send(packet(0x10, text("MQTT") + b"\x06\x02\x00\x3c" + text("x")))
    assert frame.body == b"\x00\x01" and peer.closed


def test_enhanced_authentication_is_refused(broker):
    peer = Peer(broker, 5)
    assert peer.connect(properties=b"\x15" + text("SCRAM")).body[1] == 128
    assert peer.closed


def test_a_client_packet_size_under_512_is_refused(broker):
    assert Peer(broker, 5).connect(properties=number(39, 511, 4)).body[1] == 128


@VERSIONS
@pytest.mark.parametrize(
    "data",
    [b"\xc0\x00", b"\x10\x00", b"\x30\x05\x00\x01aXX", b"GET / HTTP/1.1\r\n\r\n", b"\xff\xff\xff\xff\xff"],
    ids=["ping", "empty connect", "publish", "http", "long length"],
)
def test_anything_but_connect_first_is_closed(broker, version, data):
    peer = Peer(broker, version)
    assert peer.send(data) == []
    assert peer.closed


def test_a_second_connect_is_a_client_error(client, ears):
    peer = client()
    peer.send(packet(0x10, text("MQTT") + b"\x04\x02\x00\x3c" + text("x")))
    assert peer.closed
    assert json.loads(ears.event("disconnected"))["disconnectReason"] == "CLIENT_ERROR"


@pytest.mark.parametrize(
    "first", [0x50, 0x62, 0x70, 0xF0, 0x20, 0x00], ids=["rec", "rel", "comp", "auth", "connack", "zero"]
)
def test_packets_that_aws_does_not_serve_end_the_connection(client, first):
    peer = client(version=5)
    (frame,) = peer.send(packet(first, b"\x00\x01"))
    assert (frame.kind, frame.body[0]) == (14, 130)
    assert peer.closed


def test_the_same_client_id_takes_over(client, ears):
    first = client("twin", version=5)
    second = client("twin", version=5)
    (frame,) = first.frames()
    assert (frame.kind, frame.body[0], first.closed, second.closed) == (14, 142, True, False)
    assert json.loads(ears.event("disconnected"))["disconnectReason"] == "DUPLICATE_CLIENTID"


def test_takeover_works_across_versions(client):
    first = client("twin", version=4)
    client("twin", version=5)
    assert first.closed and first.frames() == []


def test_silence_longer_than_one_and_a_half_keep_alives_ends_the_connection(client, broker, ears):
    peer = client(version=5, keep_alive_s=60)
    broker.tick(90.0)
    assert not peer.closed
    broker.tick(90.1)
    (frame,) = peer.frames()
    assert (frame.body[0], peer.closed) == (141, True)
    assert json.loads(ears.event("disconnected"))["disconnectReason"] == "MQTT_KEEP_ALIVE_TIMEOUT"


def test_any_packet_is_a_sign_of_life(client, broker):
    peer = client(keep_alive_s=30)
    peer.at_s = 40.0
    peer.send(b"\xc0\x00")
    broker.tick(80.0)
    assert not peer.closed


def test_a_jump_of_the_lab_clock_disconnects_nobody(client, broker, clock):
    peer = client(keep_alive_s=30)
    clock.advance(86_400)
    broker.tick(1.0)
    assert not peer.closed


def test_a_half_open_connection_is_closed_after_ten_seconds_even_if_it_dribbles(broker):
    silent, dribbling = Peer(broker), Peer(broker)
    dribbling.at_s = 9.0
    dribbling.send(b"\x10")
    broker.tick(9.9)
    assert not silent.closed and not dribbling.closed
    broker.tick(10.1)
    assert silent.closed and dribbling.closed and not broker.connections


def test_a_certificate_that_is_not_known_is_refused_with_a_reason(broker, ears):
    assert broker.accept_certificate(b"der", "127.0.0.1", 0.0) == Refusal("unknown certificate")
    assert broker.accept_certificate(None, "127.0.0.1", 0.0) == Refusal("no client certificate was presented")
    assert "MQTT connection from 127.0.0.1 refused: unknown certificate" in ears.notes


def test_disconnect_principal_ends_its_connections(client, broker, ears):
    peer = client(version=5)
    assert broker.disconnect_principal(THING.id) == 1
    assert (peer.frames()[0].body[0], peer.closed) == (152, True)
    assert json.loads(ears.event("disconnected"))["disconnectReason"] == "FORBIDDEN_ACCESS"


def test_disconnect_client_ends_one_connection(client, broker):
    one, other = client("one"), client("other")
    assert broker.disconnect_client(ACCOUNT, REGION, "one")
    assert one.closed and not other.closed
    assert not broker.disconnect_client(ACCOUNT, REGION, "one")


def test_shut_down_tells_mqtt_5_clients(client, broker):
    peer = client(version=5)
    broker.shut_down()
    assert peer.frames()[0].body[0] == 139


def test_lifecycle_events_of_one_connection(client, ears, clock):
    peer = client("fridge")
    peer.subscribe("a", "b/+")
    peer.unsubscribe("a")
    peer.disconnect()
    connected, disconnected = json.loads(ears.event("connected")), json.loads(ears.event("disconnected"))
    assert connected == {
        "clientId": "fridge",
        "timestamp": clock.now_ms(),
        "eventType": "connected",
        "sessionIdentifier": connected["sessionIdentifier"],
        "principalIdentifier": "c0ffee",
        "ipAddress": "127.0.0.1",
        "versionNumber": 0,
    }
    assert disconnected == {
        "clientId": "fridge",
        "timestamp": clock.now_ms(),
        "eventType": "disconnected",
        "sessionIdentifier": connected["sessionIdentifier"],
        "principalIdentifier": "c0ffee",
        "clientInitiatedDisconnect": True,
        "disconnectReason": "CLIENT_INITIATED_DISCONNECT",
        "versionNumber": 0,
    }
    assert json.loads(ears.event("subscribed"))["topics"] == ["a", "b/+"]
    assert json.loads(ears.event("unsubscribed"))["topics"] == ["a"]


def test_lifecycle_events_reach_subscribers(client):
    watcher = client("watcher")
    watcher.subscribe("$aws/events/presence/#")
    watcher.messages()
    client("fridge").vanish()
    topics = [message.topic for message in watcher.messages()]
    assert topics == [f"$aws/events/presence/{event}/fridge" for event in ("connected", "disconnected")]


def test_version_numbers_grow_and_start_again_after_an_hour(client, ears, broker, clock):
    for expected in (0, 1):
        client("fridge").disconnect()
        assert json.loads(ears.event("disconnected"))["versionNumber"] == expected
    clock.advance(3601)
    broker.tick(1.0)
    client("fridge")
    assert json.loads(ears.event("connected"))["versionNumber"] == 0


def test_version_numbers_go_on_as_long_as_there_is_a_session(broker, ears, clock):
    week = b"\x11" + (7 * 24 * 3600).to_bytes(4, "big")
    for expected, pause_s in ((0, 3 * 24 * 3600), (1, 8 * 24 * 3600), (0, 0)):
        peer = Peer(broker, 5)
        peer.connect("fridge", clean=False, properties=week)
        assert json.loads(ears.event("connected"))["versionNumber"] == expected
        peer.vanish()
        clock.advance(pause_s)
        broker.tick(1.0)
        broker.tick(2.0)


def test_a_websocket_lasts_a_day(broker, ears):
    page = Peer(broker)
    page.core = broker.accept_websocket(THING, "127.0.0.1", 0.0)
    page.connect("page")
    page.core.last_heard_s = 24 * 3600.0
    broker.tick(24 * 3600.0)
    assert not page.closed
    broker.tick(24 * 3600.0 + 1)
    assert page.closed
    assert json.loads(ears.event("disconnected"))["disconnectReason"] == "WEBSOCKET_TTL_EXPIRATION"


@pytest.mark.parametrize("client_id", ["a#", "a+b"])
def test_client_ids_with_wildcards_have_no_lifecycle_events(client, ears, client_id):
    client(client_id).disconnect()
    assert ears.heard == []


def test_an_exclusive_thing_is_the_connections_whatever_the_client_id(broker, policies):
    principal = Principal("c", "arn:aws:iot:r:a:cert/c", ACCOUNT, REGION, ("lamp",), "lamp")
    Peer(broker, principal=principal).connect("session-7")
    assert policies.contexts[0].thing_name == "lamp"


def test_only_an_exclusive_thing_is_named_in_events(broker, ears):
    principal = Principal("id", "arn", ACCOUNT, REGION, exclusive_thing_name="fridge")
    Peer(broker, 4, principal).connect("x")
    assert json.loads(ears.event("connected"))["thingName"] == "fridge"


def test_connect_flags_that_contradict_each_other_are_malformed(broker):
    for flags in (0x03, 0x0A, 0x22, 0x1E, 0x42):
        peer = Peer(broker)
        assert peer.send(packet(0x10, text("MQTT") + bytes((4, flags)) + b"\x00\x3c" + text("x") + text("t") * 3)) == []
        assert peer.closed


def test_mqtt_5_properties_that_do_not_belong_are_malformed(broker):
    for properties in (b"\x24\x01", b"\x11\x00\x00\x00\x01" * 2, b"\x7f\x00", b"\x11\x00"):
        peer = Peer(broker, 5)
        assert peer.send(packet(0x10, text("MQTT") + b"\x05\x02\x00\x3c" + block(properties) + text("x"))) == []
        assert peer.closed


def test_a_broker_needs_no_listener_no_trace_and_no_reserved_topics(policies, clock):
    bare = Broker(principals=None, policies=policies, now=clock.now)  # type: ignore[arg-type]
    peer = Peer(bare)
    peer.connect()
    peer.publish("t", b"x", 1)
    peer.publish("$aws/rules/r/t")
    assert peer.closed
