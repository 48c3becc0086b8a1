"""SUBSCRIBE and UNSUBSCRIBE: limits, authorisation, retained messages.

MQTT 3.1.1 clients are closed for what is not allowed, without a SUBACK; MQTT 5 clients get a reason per filter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labcloud.mqtt import encoding
from labcloud.mqtt.delivery import deliver
from labcloud.mqtt.journal import Subscribed, Unsubscribed
from labcloud.mqtt.lifecycle import subscribed, unsubscribed
from labcloud.mqtt.packets import Subscribe, SubscriptionRequest, parse_subscribe, parse_unsubscribe
from labcloud.mqtt.reasons import Ended, Fault, Reason
from labcloud.mqtt.subscriptions import Subscription
from labcloud.mqtt.topics import InvalidTopic, TopicFilter, parse_topic_filter

if TYPE_CHECKING:
    from labcloud.mqtt.connection import Connection


def on_subscribe(connection: Connection, body: bytes) -> None:
    """The SUBSCRIBE packet (§3.8)."""
    packet = parse_subscribe(body, connection.version)
    if "subscription_identifier" in packet.properties:
        text = "AWS IoT has no subscription identifiers"
        raise Fault(Reason.SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED, text)
    allowed = connection.broker.limits.filters_per_subscribe
    if len(packet.requests) > allowed:
        text = f"{len(packet.requests)} filters in one SUBSCRIBE; AWS IoT allows {allowed}"
        raise Fault(Reason.QUOTA_EXCEEDED, text)
    if connection.version == 3 and any(request.qos == 2 for request in packet.requests):
        connection.broker.log(connection, "SUBSCRIBE with QoS 2 ignored, no SUBACK: AWS IoT serves 0 and 1")
        return
    _subscribe(connection, packet)


def _subscribe(connection: Connection, packet: Subscribe) -> None:
    codes: list[int] = []
    granted: list[tuple[Subscription, bool]] = []
    refusals: list[str] = []
    for request, considered in [(request, _consider(connection, request)) for request in packet.requests]:
        wants_retained = _wants_retained(connection, request)
        outcome = considered if isinstance(considered, Fault) else _add(connection, considered)
        if isinstance(outcome, Fault):
            codes.append(outcome.reason)
            refusals.append(outcome.text)
        else:
            codes.append(outcome.qos)
            granted.append((outcome, wants_retained))
    if refusals:
        connection.broker.log(connection, "; ".join(refusals))
    reason = "; ".join(refusals) or None
    connection.send(
        encoding.suback(connection.version, packet.packet_id, codes, reason if connection.reports_problems else None)
    )
    if granted:
        subscribed(connection, [subscription.topic_filter.text for subscription, _ in granted])
    for subscription, wants_retained in granted:
        if wants_retained:
            _send_retained(connection, subscription)


def _consider(connection: Connection, request: SubscriptionRequest) -> Subscription | Fault:
    """The subscription, or why this filter is refused; raises what ends an MQTT 3.1.1 connection."""
    session, limits = connection.session, connection.broker.limits
    assert session is not None
    try:
        topic_filter = parse_topic_filter(request.topic_filter, limits)
    except InvalidTopic as invalid:
        return _refuse(connection, Fault(Reason.TOPIC_FILTER_INVALID, f"SUBSCRIBE refused: {invalid}"))
    # A shared subscription needs the permission for the filter behind $share/<group>/.
    decision = connection.permissions.subscribe(topic_filter.matched)
    if not decision.allowed:
        text = f"iot:Subscribe to {topic_filter.matched!r} refused: {decision.reason}"
        return _refuse(connection, Fault(Reason.NOT_AUTHORIZED, text, Ended.AUTH_ERROR))
    qos = min(request.qos, 1)
    return Subscription(session, topic_filter, qos, request.no_local, request.retain_as_published)


def _refuse(connection: Connection, fault: Fault) -> Fault:
    if connection.version == 3:
        raise fault
    return fault


def _over_quota(connection: Connection, topic_filter: TopicFilter) -> str | None:
    limits, session = connection.broker.limits, connection.session
    assert session is not None
    if len(session.subscriptions) >= limits.subscriptions_per_connection:
        return f"more than {limits.subscriptions_per_connection} subscriptions on one connection"
    return _over_shared_quota(connection, topic_filter) if topic_filter.share else None


def _over_shared_quota(connection: Connection, topic_filter: TopicFilter) -> str | None:
    limits, tree = connection.broker.limits, connection.space.tree
    members = tree.group_size(topic_filter)
    if members >= limits.shared_group_members:
        return f"more than {limits.shared_group_members} members of {topic_filter.text}"
    if not members and tree.groups >= limits.shared_groups:
        return f"more than {limits.shared_groups} shared subscriptions in the account"
    return None


def _add(connection: Connection, subscription: Subscription) -> Subscription | Fault:
    known = subscription.session.subscriptions
    text = subscription.topic_filter.text
    if text not in known and (refusal := _over_quota(connection, subscription.topic_filter)):
        return Fault(Reason.UNSPECIFIED_ERROR if connection.version == 3 else Reason.QUOTA_EXCEEDED, refusal)
    known[text] = subscription
    connection.space.tree.add(subscription)
    session = subscription.session
    if session.durable:
        request = SubscriptionRequest(
            text,
            subscription.qos,
            no_local=subscription.no_local,
            retain_as_published=subscription.retain_as_published,
        )
        connection.broker.record(Subscribed(connection.space.key, session.key, request))
    return subscription


def _wants_retained(connection: Connection, request: SubscriptionRequest) -> bool:
    """Retain handling of MQTT 5 (§3.8.3.1): 0 always, 1 for a new subscription only, 2 never."""
    assert connection.session is not None
    known = request.topic_filter in connection.session.subscriptions
    return request.retain_handling == 0 or (request.retain_handling == 1 and not known)


def _send_retained(connection: Connection, subscription: Subscription) -> None:
    """Only filters that name one topic get its retained message (Developer Guide, differences)."""
    topic_filter, broker = subscription.topic_filter, connection.broker
    if topic_filter.share or topic_filter.has_wildcard or connection.session is None:
        return
    retained = connection.space.retained.get(topic_filter.text)
    if retained is None or retained.message.expired(broker.now):
        return
    message = retained.message
    decision = connection.permissions.receive(message.topic)
    if decision.allowed:
        deliver(broker, subscription.session, message, message.qos & subscription.qos, True, {})
        broker.note(message, "retained message sent to %s", connection.client_id)
    else:
        broker.note(message, "not delivered to %s: iot:Receive refused: %s", connection.client_id, decision.reason)


def on_unsubscribe(connection: Connection, body: bytes) -> None:
    """The UNSUBSCRIBE packet (§3.10)."""
    packet = parse_unsubscribe(body, connection.version)
    session = connection.session
    assert session is not None
    codes: list[int] = []
    gone: list[str] = []
    for text in packet.topic_filters:
        subscription = session.subscriptions.pop(text, None)
        if subscription is None:
            codes.append(Reason.SUCCESS)  # AWS IoT does not list 17, "no subscription existed"
            continue
        connection.space.tree.remove(session, subscription.topic_filter)
        codes.append(Reason.SUCCESS)
        gone.append(text)
        if session.durable:
            connection.broker.record(Unsubscribed(connection.space.key, session.key, text))
    connection.send(encoding.unsuback(connection.version, packet.packet_id, codes))
    if gone:
        unsubscribed(connection, gone)
