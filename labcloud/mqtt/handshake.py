"""CONNECT: identifier, limits, authorisation, takeover, session, and the CONNACK that says how it went.

Sources: Developer Guide, "MQTT" (differences, MQTT 5 features, reason codes) and "Lifecycle events".
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labcloud.mqtt import encoding
from labcloud.mqtt.delivery import redeliver
from labcloud.mqtt.journal import Kept
from labcloud.mqtt.lifecycle import connect_failed, connected
from labcloud.mqtt.message import Origin
from labcloud.mqtt.packets import Connect, UnacceptableVersion, Will, parse_connect
from labcloud.mqtt.permissions import Permissions
from labcloud.mqtt.ports import Context
from labcloud.mqtt.properties import MessageProperties
from labcloud.mqtt.publishing import check_properties
from labcloud.mqtt.reasons import (
    CONNACK_3_IDENTIFIER_REJECTED,
    CONNACK_3_NOT_AUTHORIZED,
    CONNACK_3_UNACCEPTABLE_VERSION,
    Ended,
    Fault,
    Reason,
)
from labcloud.mqtt.session import Session
from labcloud.mqtt.topics import InvalidTopic, check_topic_name, is_reserved, parse_reserved

if TYPE_CHECKING:
    from labcloud.mqtt.connection import Connection


@dataclass
class Refused(Exception):
    """The CONNECT is answered with a refusal; `code_3` None: MQTT 3.1.1 has no code for it, the peer is just closed."""

    reason: Reason
    text: str
    code_3: int | None = None
    ended: Ended = Ended.CLIENT_ERROR


def on_connect(connection: Connection, body: bytes) -> None:
    """Accepts or refuses the client."""
    try:
        packet = parse_connect(body)
    except UnacceptableVersion as refused:
        connection.send(encoding.connack(3, False, CONNACK_3_UNACCEPTABLE_VERSION))
        raise Fault(Reason.UNSPECIFIED_ERROR, str(refused)) from None
    connection.version = packet.version
    connection.reports_problems = bool(packet.properties.get("request_problem_information", 1))
    connection.client_id = packet.client_id
    try:
        _check(connection, packet)
        _authorise(connection, packet)
    except Refused as refused:
        _refuse(connection, refused)
        return
    _accept(connection, packet)


def _refuse(connection: Connection, refused: Refused) -> None:
    if connection.version == 5:
        text = refused.text if connection.reports_problems else None
        connection.send(encoding.connack(5, False, refused.reason, {"reason_string": text}))
    elif refused.code_3 is not None:
        connection.send(encoding.connack(3, False, refused.code_3))
    if refused.ended is Ended.AUTH_ERROR:
        connect_failed(connection)
    raise Fault(refused.reason, f"CONNECT of {connection.client_id!r} refused: {refused.text}", refused.ended)


def _check(connection: Connection, packet: Connect) -> None:
    limits = connection.broker.limits
    if not packet.client_id:
        if packet.version == 3 and not packet.clean_start:
            text = "an empty client id needs clean session [MQTT-3.1.3-8]"
            raise Refused(Reason.CLIENT_IDENTIFIER_NOT_VALID, text, CONNACK_3_IDENTIFIER_REJECTED)
        connection.client_id = str(uuid.uuid4())
    if len(packet.client_id.encode()) > limits.client_id_bytes:
        text = f"the client id has more than {limits.client_id_bytes} bytes"
        raise Refused(Reason.CLIENT_IDENTIFIER_NOT_VALID, text, CONNACK_3_IDENTIFIER_REJECTED)
    properties = packet.properties
    if "authentication_method" in properties or "authentication_data" in properties:
        raise Refused(Reason.UNSPECIFIED_ERROR, "AWS IoT has no enhanced authentication")
    if properties.get("receive_maximum") == 0 or properties.get("maximum_packet_size") == 0:
        raise Refused(Reason.UNSPECIFIED_ERROR, "receive maximum and maximum packet size may not be 0")
    smallest = limits.smallest_client_packet_bytes
    if properties.get("maximum_packet_size", smallest) < smallest:
        raise Refused(Reason.UNSPECIFIED_ERROR, f"the maximum packet size is under {smallest} bytes")
    if packet.will:
        _check_will(connection, packet.will)
    if _expiry_s(connection, packet) and not _has_room(connection, packet):
        raise Refused(Reason.QUOTA_EXCEEDED, f"there are {limits.absent_sessions} persistent sessions already")


def _has_room(connection: Connection, packet: Connect) -> bool:
    """For a further session that outlives its client."""
    space, limits = connection.space, connection.broker.limits
    known = (connection.client_id, packet.version) in space.sessions
    return known or len(space.sessions) - len(space.online) < limits.absent_sessions


def _check_will(connection: Connection, will: Will) -> None:
    limits = connection.broker.limits
    if will.qos > 1:
        raise Refused(Reason.QOS_NOT_SUPPORTED, "the will asks for QoS 2")
    if len(will.payload) > limits.payload_bytes:
        raise Refused(Reason.QUOTA_EXCEEDED, f"the will has more than {limits.payload_bytes} bytes")
    try:
        check_topic_name(will.topic, limits)
    except InvalidTopic as invalid:
        raise Refused(Reason.TOPIC_NAME_INVALID, f"will: {invalid}") from None
    if is_reserved(will.topic) and (will.retain or parse_reserved(will.topic) is None):
        raise Refused(Reason.TOPIC_NAME_INVALID, f"the will's topic {will.topic!r} is reserved")
    try:
        check_properties(MessageProperties.from_wire(will.properties), limits)
    except Fault as fault:
        raise Refused(fault.reason, f"will: {fault.text}") from None


def _authorise(connection: Connection, packet: Connect) -> None:
    """iot:Connect with its connect attributes; a will's topic must be allowed to be published to as well."""
    client_id, principal, will = connection.client_id, connection.principal, packet.will
    persistent = _expiry_s(connection, packet) > 0
    attributes = (("PersistentConnect",) if persistent else ()) + (("LastWill",) if will else ())
    thing = principal.exclusive_thing_name or (client_id if client_id in principal.thing_names else None)
    context = Context(client_id, connection.source_ip, thing, attributes, will.topic if will else None)
    connection.permissions = Permissions(connection.broker.policies, principal, context)
    decisions = [("iot:Connect", connection.permissions.connect())]
    if will:
        decisions.append(("iot:Publish (will)", connection.permissions.publish(will.topic)))
        if will.retain:
            decisions.append(("iot:RetainPublish (will)", connection.permissions.retain(will.topic)))
    for action, decision in decisions:
        if not decision.allowed:
            text = f"{action} refused: {decision.reason}"
            raise Refused(Reason.NOT_AUTHORIZED, text, CONNACK_3_NOT_AUTHORIZED, Ended.AUTH_ERROR)


def _expiry_s(connection: Connection, packet: Connect) -> int:
    """How long the session outlives the connection: of MQTT 3 the account's setting, of 5 what is asked, capped."""
    limits = connection.broker.limits
    if packet.version == 3:
        return 0 if packet.clean_start else limits.session_expiry_default_s
    asked_s: int = packet.properties.get("session_expiry_interval", 0)
    return min(asked_s, limits.session_expiry_max_s)


def _accept(connection: Connection, packet: Connect) -> None:
    broker, space, limits = connection.broker, connection.space, connection.broker.limits
    client_id = connection.client_id
    if other := space.online.get(client_id):
        text = "another connection uses the client id"
        other.fail(Fault(Reason.SESSION_TAKEN_OVER, text, Ended.DUPLICATE_CLIENT_ID))
    session = _session(connection, packet)
    present = session.left_at is not None
    session.left_at, session.will, session.connection = None, None, connection
    session.expiry_s = _expiry_s(connection, packet)
    session.progress_at = connection.last_heard_s
    session.durable = session.durable or session.expiry_s > 0
    if session.durable:
        broker.record(Kept(space.key, session.key, session.expiry_s, None))
    space.online[client_id] = connection
    if session.subscriptions:
        space.forget_routes()
    connection.session = session
    connection.will = packet.will
    connection.origin = Origin(space.account_id, space.region, client_id, connection.principal, connection.source_ip)
    connection.keep_alive_s = _keep_alive_s(connection, packet)
    connection.send_quota = min(packet.properties.get("receive_maximum", limits.unacknowledged), limits.unacknowledged)
    connection.packet_limit = packet.properties.get("maximum_packet_size", connection.packet_limit)
    connection.session_identifier = uuid.uuid4().hex
    connection.presence_version = space.next_presence_version(client_id, broker.now)
    properties = _connack_properties(connection, packet) if packet.version == 5 else None
    connection.send(encoding.connack(packet.version, present, 0, properties))
    version = "3.1.1" if packet.version == 3 else "5"
    broker.log(connection, f"connected with MQTT {version}, session {'resumed' if present else 'new'}")
    connected(connection)
    redeliver(broker, session)


def _session(connection: Connection, packet: Connect) -> Session:
    space = connection.space
    key = connection.client_id, packet.version
    known = space.sessions.get(key)
    if known and (packet.clean_start or _expired(known, connection.broker.now)):
        connection.broker.end_session(space, known)
        known = None
    if known is None:
        known = space.sessions[key] = Session(*key)
    return known


def _expired(session: Session, now: float) -> bool:
    expires_at = session.expires_at()
    return expires_at is not None and expires_at <= now


def _keep_alive_s(connection: Connection, packet: Connect) -> int:
    limits = connection.broker.limits
    asked_s = packet.keep_alive_s or limits.keep_alive_max_s
    return min(max(asked_s, limits.keep_alive_min_s), limits.keep_alive_max_s)


def _connack_properties(connection: Connection, packet: Connect) -> dict[str, object]:
    limits = connection.broker.limits
    session = connection.session
    assert session is not None
    asked_expiry_s = packet.properties.get("session_expiry_interval", 0)
    return {
        "session_expiry_interval": session.expiry_s if session.expiry_s != asked_expiry_s else None,
        "receive_maximum": limits.unacknowledged,
        "maximum_qos": 1,
        "retain_available": 1,
        "maximum_packet_size": limits.packet_bytes,
        "assigned_client_identifier": None if packet.client_id else connection.client_id,
        "topic_alias_maximum": limits.topic_aliases,
        "wildcard_subscription_available": 1,
        "subscription_identifier_available": 0,
        "shared_subscription_available": 1,
        "server_keep_alive": connection.keep_alive_s if connection.keep_alive_s != packet.keep_alive_s else None,
    }
