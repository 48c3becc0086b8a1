"""AWS's own device SDK (awsiotsdk on awscrt) talks to the local cloud as it does to AWS."""

from __future__ import annotations

import queue
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest

pytest.importorskip("awsiot", reason="awsiotsdk is not installed: ./lab test installs it")

from awscrt import auth, io, mqtt, mqtt5, mqtt_request_response
from awsiot import iotshadow, mqtt5_client_builder, mqtt_connection_builder

from tests.clients.conftest import HOST, Device
from tests.running import REGION, Lab
from tests.support import wait_until

WITHIN_S = 10.0
NO_ALPN = not io.is_alpn_available()


@pytest.fixture
def opened() -> Iterator[list[Any]]:
    """Connections that the test's end closes."""
    connections: list[Any] = []
    yield connections
    for connection in connections:
        connection.disconnect().result(WITHIN_S)


@pytest.fixture
def connect(device: Device, opened: list[Any]) -> Callable[..., mqtt.Connection]:
    """An MQTT 3.1.1 connection over mutual TLS."""

    def make(client_id: str, **options: Any) -> mqtt.Connection:
        connection = mqtt_connection_builder.mtls_from_path(
            cert_filepath=str(device.certificate),
            pri_key_filepath=str(device.key),
            ca_filepath=str(device.ca),
            endpoint=HOST,
            port=device.port,
            client_id=client_id,
            clean_session=True,
            keep_alive_secs=30,
            reconnect_min_timeout_secs=1,
            **options,
        )
        connection.connect().result(WITHIN_S)
        opened.append(connection)
        return connection

    return make


def subscribe(connection: mqtt.Connection, topic_filter: str) -> queue.Queue[tuple[str, bytes, bool]]:
    """Subscribes with QoS 1; the queue gets (topic, payload, retained)."""
    got: queue.Queue[tuple[str, bytes, bool]] = queue.Queue()

    def on_message(topic: str, payload: bytes, dup: bool, qos: mqtt.QoS, retain: bool, **_: Any) -> None:
        got.put((topic, payload, retain))

    acknowledged, _ = connection.subscribe(topic_filter, mqtt.QoS.AT_LEAST_ONCE, on_message)
    assert acknowledged.result(WITHIN_S)["qos"] == mqtt.QoS.AT_LEAST_ONCE
    return got


@pytest.mark.parametrize("qos", [mqtt.QoS.AT_MOST_ONCE, mqtt.QoS.AT_LEAST_ONCE], ids=["qos0", "qos1"])
def test_the_sdk_publishes_and_receives_over_mutual_tls(connect, qos):
    got = subscribe(connect("display"), "house/kitchen")
    sensor = connect("sensor")
    published, _ = sensor.publish("house/kitchen", b"21.5", qos)
    published.result(WITHIN_S)
    assert got.get(timeout=WITHIN_S) == ("house/kitchen", b"21.5", False)


def test_the_sdk_gets_a_retained_message(connect):
    published, _ = connect("sensor").publish("house/mode", b"night", mqtt.QoS.AT_LEAST_ONCE, retain=True)
    published.result(WITHIN_S)
    assert subscribe(connect("late"), "house/mode").get(timeout=WITHIN_S) == ("house/mode", b"night", True)


def test_the_sdks_will_is_published_when_its_connection_is_deleted_and_it_comes_again(connect, lab: Lab):
    got = subscribe(connect("display"), "house/gone")
    resumed: Future[mqtt.ConnectReturnCode] = Future()
    lost = mqtt.Will("house/gone", mqtt.QoS.AT_LEAST_ONCE, b"sensor", retain=False)
    connect("sensor", will=lost, on_connection_resumed=lambda return_code, **_: resumed.set_result(return_code))
    lab.iot_data.delete_connection(clientId="sensor")
    assert got.get(timeout=WITHIN_S)[1] == b"sensor"
    assert resumed.result(WITHIN_S) == mqtt.ConnectReturnCode.ACCEPTED


@pytest.mark.skipif(NO_ALPN, reason="this system's TLS has no ALPN")
def test_the_sdk_asks_for_mqtt_by_alpn_as_on_port_443(device, opened):
    options = io.TlsContextOptions.create_client_with_mtls_from_path(str(device.certificate), str(device.key))
    options.override_default_trust_store_from_path(None, str(device.ca))
    options.alpn_list = ["x-amzn-mqtt-ca"]
    connection = mqtt.Connection(
        mqtt.Client(tls_ctx=io.ClientTlsContext(options)), host_name=HOST, port=device.port, client_id="by-alpn"
    )
    connection.connect().result(WITHIN_S)
    opened.append(connection)
    assert subscribe(connection, "house/kitchen") is not None


def test_an_unauthorised_publish_interrupts_the_sdks_connection(connect, reason_of):
    interrupted: Future[Exception] = Future()

    def on_interrupted(connection: mqtt.Connection, error: Exception, **_: Any) -> None:
        if not interrupted.done():
            interrupted.set_result(error)

    connection = connect("intruder", on_connection_interrupted=on_interrupted)
    connection.publish("garden/gate", b"open", mqtt.QoS.AT_MOST_ONCE)
    assert "UNEXPECTED_HANGUP" in str(interrupted.result(WITHIN_S))
    assert any("iot:Publish to 'garden/gate' refused" in text for text in reason_of("intruder"))


def test_the_sdk_is_not_let_in_by_a_policy_that_does_not_allow_it(lab: Lab, device: Device, tmp_path):
    made = lab.iot.create_keys_and_certificate(setAsActive=True)
    (tmp_path / "certificate.pem").write_text(made["certificatePem"])
    (tmp_path / "private.key").write_text(made["keyPair"]["PrivateKey"])
    connection = mqtt_connection_builder.mtls_from_path(
        str(tmp_path / "certificate.pem"),
        str(tmp_path / "private.key"),
        ca_filepath=str(device.ca),
        endpoint=HOST,
        port=device.port,
        client_id="stranger",
    )
    with pytest.raises(Exception, match="AWS_ERROR_MQTT_PROTOCOL_ERROR|AWS_ERROR_MQTT"):
        connection.connect().result(WITHIN_S)


@pytest.fixture
def signing(device: Device) -> auth.AwsCredentialsProvider:
    return auth.AwsCredentialsProvider.new_static("AKIAEXAMPLE", "secret")


def test_the_sdk_comes_by_websocket_with_sigv4(device, signing, opened):
    connection = mqtt_connection_builder.websockets_with_default_aws_signing(
        region=REGION,
        credentials_provider=signing,
        endpoint=HOST,
        port=device.port,
        ca_filepath=str(device.ca),
        client_id="console",
    )
    connection.connect().result(WITHIN_S)
    opened.append(connection)
    got = subscribe(connection, "house/websocket")
    published, _ = connection.publish("house/websocket", b"x" * 70_000, mqtt.QoS.AT_LEAST_ONCE)
    published.result(WITHIN_S)
    assert got.get(timeout=WITHIN_S) == ("house/websocket", b"x" * 70_000, False)


class Client5:
    """An MQTT 5 client of the SDK and what it was told."""

    def __init__(self, build: Callable[..., mqtt5.Client], **options: Any) -> None:
        self.got: queue.Queue[mqtt5.PublishPacket] = queue.Queue()
        self.connack: Future[mqtt5.ConnackPacket] = Future()
        self.disconnects: queue.Queue[mqtt5.DisconnectPacket | None] = queue.Queue()
        self.stopped: Future[None] = Future()
        self.client = build(
            on_publish_received=lambda data: self.got.put(data.publish_packet),
            on_lifecycle_connection_success=lambda data: self._first(data.connack_packet),
            on_lifecycle_connection_failure=lambda data: self._first(data.connack_packet),
            on_lifecycle_disconnection=lambda data: self.disconnects.put(data.disconnect_packet),
            on_lifecycle_stopped=lambda data: self.stopped.set_result(None),
            **options,
        )
        self.client.start()

    def _first(self, connack: mqtt5.ConnackPacket) -> None:
        if not self.connack.done():
            self.connack.set_result(connack)

    def disconnect(self) -> Future[None]:
        self.client.stop()
        return self.stopped


@pytest.fixture
def connect_5(device: Device, opened: list[Any]) -> Callable[..., Client5]:
    def make(client_id: str, **options: Any) -> Client5:
        def build(**callbacks: Any) -> mqtt5.Client:
            return mqtt5_client_builder.mtls_from_path(
                str(device.certificate),
                str(device.key),
                ca_filepath=str(device.ca),
                endpoint=HOST,
                port=device.port,
                connect_options=mqtt5.ConnectPacket(client_id=client_id),
                **callbacks,
            )

        opened.append(Client5(build, **options))
        return opened[-1]

    return make


def test_the_sdks_mqtt_5_client_sees_what_aws_serves_and_gets_properties(connect_5):
    client = connect_5("display5")
    connack = client.connack.result(WITHIN_S)
    assert (connack.maximum_qos, connack.retain_available, connack.receive_maximum) == (1, True, 100)
    assert connack.subscription_identifiers_available is False
    wanted = mqtt5.Subscription("house/#", mqtt5.QoS.AT_LEAST_ONCE)
    suback = client.client.subscribe(mqtt5.SubscribePacket([wanted])).result(WITHIN_S)
    assert suback.reason_codes == [mqtt5.SubackReasonCode.GRANTED_QOS_1]
    properties = [mqtt5.UserProperty("room", "kitchen")]
    packet = mqtt5.PublishPacket(
        topic="house/kitchen", qos=mqtt5.QoS.AT_LEAST_ONCE, payload=b"21.5", user_properties=properties
    )
    acknowledged = client.client.publish(packet).result(WITHIN_S)
    assert acknowledged.puback.reason_code == mqtt5.PubackReasonCode.SUCCESS
    got = client.got.get(timeout=WITHIN_S)
    assert (got.payload, [(each.name, each.value) for each in got.user_properties]) == (b"21.5", [("room", "kitchen")])


def test_the_sdks_mqtt_5_client_is_told_why_it_is_disconnected(connect_5):
    client = connect_5("intruder5")
    client.connack.result(WITHIN_S)
    client.client.publish(mqtt5.PublishPacket(topic="garden/gate", qos=mqtt5.QoS.AT_MOST_ONCE, payload=b"open"))
    told = client.disconnects.get(timeout=WITHIN_S)
    assert told.reason_code == mqtt5.DisconnectReasonCode.NOT_AUTHORIZED
    assert "iot:Publish to 'garden/gate' refused" in told.reason_string


def test_the_sdks_shadow_client_updates_gets_and_hears_the_delta(connect):
    shadows = iotshadow.IotShadowClient(connect(f"lamp-{uuid.uuid4()}"))
    deltas: queue.Queue[Any] = queue.Queue()
    accepted: queue.Queue[Any] = queue.Queue()
    documents: queue.Queue[Any] = queue.Queue()
    rejected: queue.Queue[Any] = queue.Queue()
    once = mqtt.QoS.AT_LEAST_ONCE
    for subscribe_to, request, got in (
        ("subscribe_to_shadow_delta_updated_events", iotshadow.ShadowDeltaUpdatedSubscriptionRequest, deltas),
        ("subscribe_to_update_shadow_accepted", iotshadow.UpdateShadowSubscriptionRequest, accepted),
        ("subscribe_to_shadow_updated_events", iotshadow.ShadowUpdatedSubscriptionRequest, documents),
        ("subscribe_to_update_shadow_rejected", iotshadow.UpdateShadowSubscriptionRequest, rejected),
    ):
        acknowledged, _ = getattr(shadows, subscribe_to)(request(thing_name="lamp"), once, got.put)
        acknowledged.result(WITHIN_S)

    def update(**arguments: Any) -> None:
        state = iotshadow.ShadowState(**arguments.pop("state"))
        request = iotshadow.UpdateShadowRequest(thing_name="lamp", client_token="token", state=state, **arguments)
        shadows.publish_update_shadow(request, once).result(WITHIN_S)

    update(state={"desired": {"on": True}, "reported": {"on": False}})
    first = accepted.get(timeout=WITHIN_S)
    assert (first.state.desired, first.client_token, first.version) == ({"on": True}, "token", 1)
    assert deltas.get(timeout=WITHIN_S).state == {"on": True}
    assert documents.get(timeout=WITHIN_S).current.state.reported == {"on": False}
    update(state={"reported": {"on": True}}, version=7)
    error = rejected.get(timeout=WITHIN_S)
    assert (error.code, error.message) == (409, "Version conflict")


def test_the_sdks_request_client_of_shadows_waits_for_the_answer(connect_5, lab: Lab):
    client = connect_5("lamp-v2")
    client.connack.result(WITHIN_S)
    options = mqtt_request_response.ClientOptions(
        max_request_response_subscriptions=4, max_streaming_subscriptions=2, operation_timeout_in_seconds=10
    )
    shadows = iotshadow.IotShadowClientV2(client.client, options)
    state = iotshadow.ShadowState(reported={"on": True})
    request = iotshadow.UpdateNamedShadowRequest(thing_name="lamp", shadow_name="bulb", state=state)
    updated = shadows.update_named_shadow(request).result(WITHIN_S)
    assert updated.state.reported == {"on": True}
    got = shadows.get_named_shadow(iotshadow.GetNamedShadowRequest(thing_name="lamp", shadow_name="bulb"))
    assert got.result(WITHIN_S).state.reported == {"on": True}
    wait_until(lambda: lab.iot_data.list_named_shadows_for_thing(thingName="lamp")["results"] == ["bulb"])
