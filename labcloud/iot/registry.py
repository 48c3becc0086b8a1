"""What the broker asks about its peers: whose certificate is this, and do its IoT policies allow it?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from labcloud.api import AccessKey, Caller
from labcloud.ca import certificate_id
from labcloud.errors import NotAuthentic
from labcloud.iam import decide_iot, device_context
from labcloud.iam.parser import PolicyError, parse_policy
from labcloud.iam.policy import Policy
from labcloud.motobase import iot_reads
from labcloud.mqtt.ports import Context, Decision, Principal, Refusal
from labcloud.mqtt.sigv4 import SignedScope

WhyNot = Callable[[Caller, str, str, Mapping[str, Any]], str | None]
"""why_not(caller, action, resource, context): None if the caller's IAM policies allow it, else the reason."""


def is_certificate(principal: Principal) -> bool:
    """Whether the peer came with a client certificate and not with an access key."""
    return ":cert/" in principal.arn


class Registry:
    """The broker's ports Principals, Policies and Callers, read from the control plane."""

    def __init__(
        self, access_key: Callable[[str], AccessKey], unique_id: Callable[[Caller], str], why_not: WhyNot
    ) -> None:
        self._access_key = access_key
        self._unique_id = unique_id
        self._why_not = why_not
        self.epoch = 0
        self._parsed: dict[str, Policy] = {}

    def changed(self) -> None:
        """A policy, attachment, certificate or thing has changed: remembered decisions are void."""
        self.epoch += 1
        self._parsed.clear()

    def principal_of(self, der: bytes) -> Principal | Refusal:
        """Who presents this certificate; a refusal if it is unknown or not ACTIVE."""
        fingerprint = certificate_id(der)
        certificate = iot_reads.certificate_of(None, None, fingerprint)
        if certificate is None:
            return Refusal(f"certificate {fingerprint} is not registered with AWS IoT")
        if certificate.status != "ACTIVE":
            return Refusal(f"certificate {fingerprint} is {certificate.status}, not ACTIVE")
        things = tuple(iot_reads.things_of(certificate.arn))
        exclusive = iot_reads.exclusive_thing_of(certificate.arn)
        return Principal(fingerprint, certificate.arn, certificate.account_id, certificate.region, things, exclusive)

    def principal_of_key(self, scope: SignedScope) -> Principal | Refusal:
        """Who signs a WebSocket with this access key; the id is the user's or session's (iot-sql-functions, principal)."""
        try:
            key = self._access_key(scope.access_key_id)
        except NotAuthentic as error:
            return Refusal(f"access key {scope.access_key_id}: {error.message}")
        if key.secret is not None and scope.session_token != key.session_token:
            return Refusal(f"access key {scope.access_key_id} is shown without its session token")
        caller = key.caller
        name = self._unique_id(caller)
        return Principal(name, caller.arn, caller.account_id, scope.region, access_key_id=scope.access_key_id)

    def secret_of(self, access_key_id: str) -> str | None:
        """None for any word that is no key of this cloud's: it is the administrator's, whatever the secret."""
        try:
            return self._access_key(access_key_id).secret
        except NotAuthentic:
            return None

    def decide(self, principal: Principal, action: str, resource_arn: str, context: Context) -> Decision:
        """Decides by the policies that are attached to the certificate and to its things' groups.

        A peer that signed its WebSocket is decided by its IAM policies.
        """
        if not is_certificate(principal):
            return self._decide_for_key(principal.access_key_id, action, resource_arn, context)
        policies = iot_reads.policies_of(principal.arn, context.thing_name or context.client_id)
        if not policies:
            return Decision(False, f"the certificate has no policy attached, so it may not do {action}")
        documents = [(policy.name, self._policy(policy)) for policy in policies]
        keys = self._keys(principal, context)
        decision = decide_iot([d for d in documents if d[1]], action, resource_arn, keys)
        return Decision(decision.allowed, "" if decision.allowed else decision.reason)

    def _decide_for_key(self, access_key_id: str, action: str, resource_arn: str, context: Context) -> Decision:
        try:
            caller = self._access_key(access_key_id).caller
        except NotAuthentic as error:
            return Decision(False, error.message)
        reason = self._why_not(caller, action, resource_arn, {"iot:ClientId": context.client_id})
        return Decision(reason is None, reason or "")

    def _policy(self, policy: iot_reads.IotPolicy) -> Policy | None:
        if policy.arn not in self._parsed:
            try:
                self._parsed[policy.arn] = parse_policy(policy.document, "iot")
            except PolicyError:
                return None
        return self._parsed[policy.arn]

    def _keys(self, principal: Principal, context: Context) -> dict:
        thing = context.thing_name and iot_reads.thing(principal.account_id, principal.region, context.thing_name)
        certificate = iot_reads.certificate_of(principal.account_id, principal.region, principal.id)
        keys = device_context(
            context.client_id,
            source_ip=context.source_ip or None,
            thing_name=context.thing_name,
            thing_type=thing.type_name if thing else None,
            attributes=thing.attributes if thing else None,
            certificate_pem=certificate.pem.encode() if certificate else None,
        )
        if context.connect_attributes:
            keys["iot:ConnectAttributes"] = list(context.connect_attributes)
        if context.last_will_topic:
            keys["iot:LastWillTopic"] = context.last_will_topic
        return keys
