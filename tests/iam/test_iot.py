"""IoT policies of devices and the values of their variables."""

from __future__ import annotations

import datetime
import ipaddress
import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from labcloud.iam import Cause, certificate_context, decide_iot, device_context
from tests.iam.support import ACCOUNT, allow, deny, document

IOT = f"arn:aws:iot:eu-west-1:{ACCOUNT}"


def may(action: str, resource: str, *statements: dict, **context: object) -> bool:
    written = json.dumps(document(*statements))
    return decide_iot([("device", written)], action, f"{IOT}:{resource}", context).allowed


def test_the_client_id_stands_in_for_its_variable() -> None:
    own = allow("iot:Connect", f"{IOT}:client/${{iot:ClientId}}")
    assert may("iot:Connect", "client/house", own, **{"iot:ClientId": "house"})
    assert not may("iot:Connect", "client/other", own, **{"iot:ClientId": "house"})


def test_mqtt_wildcards_are_plain_characters_in_a_policy() -> None:
    filters = allow("iot:Subscribe", f"{IOT}:topicfilter/house/+/temperature")
    assert may("iot:Subscribe", "topicfilter/house/+/temperature", filters)
    assert not may("iot:Subscribe", "topicfilter/house/kitchen/temperature", filters)


def test_a_star_covers_levels_and_mqtt_wildcards() -> None:
    below = allow("iot:Subscribe", f"{IOT}:topicfilter/house/*")
    assert may("iot:Subscribe", "topicfilter/house/#", below)
    assert may("iot:Subscribe", "topicfilter/house/a/b/c", below)


def test_a_deny_of_any_policy_wins() -> None:
    policies = [("open", document(allow("iot:*"))), ("shut", document(deny("iot:Publish", f"{IOT}:topic/secret")))]
    refused = decide_iot(policies, "iot:Publish", f"{IOT}:topic/secret")
    assert refused.cause is Cause.EXPLICIT_DENY
    assert refused.reason == (
        f"the certificate may not do iot:Publish on {IOT}:topic/secret: explicitly denied by policy shut statement 1"
    )
    assert decide_iot(policies, "iot:Publish", f"{IOT}:topic/open").allowed


def test_no_policy_allows_nothing() -> None:
    refused = decide_iot([], "iot:Connect", f"{IOT}:client/house")
    assert refused.reason == (f"the certificate lacks iot:Connect on {IOT}:client/house: no policy is attached to it")


def test_a_policy_that_is_not_valid_is_named() -> None:
    refused = decide_iot([("broken", "{}")], "iot:Connect", f"{IOT}:client/house")
    assert refused.reason.endswith(
        "policy broken is not valid: Statement must be a statement or a list of at least one"
    )


def test_thing_variables_and_attributes() -> None:
    context = device_context(
        "pump", thing_name="pump", thing_type="motor", attributes={"floor": "2"}, source_ip="203.0.113.7"
    )
    thing = "${iot:Connection.Thing.ThingTypeName}/${iot:Connection.Thing.Attributes[floor]}"
    statement = allow(
        "iot:Publish", f"{IOT}:topic/{thing}", Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
    )
    assert may("iot:Publish", "topic/motor/2", statement, **context)
    assert not may("iot:Publish", "topic/motor/3", statement, **context)


def test_only_an_attached_thing_meets_is_attached() -> None:
    attached = allow("iot:Connect", Condition={"Bool": {"iot:Connection.Thing.IsAttached": ["true"]}})
    assert may("iot:Connect", "client/pump", attached, **device_context("pump", thing_name="pump"))
    assert not may("iot:Connect", "client/pump", attached, **device_context("pump"))


def test_a_variable_of_a_thing_that_is_not_there_is_not_replaced() -> None:
    statement = allow("iot:Connect", f"{IOT}:client/${{iot:Connection.Thing.ThingName}}")
    assert not may("iot:Connect", "client/pump", statement, **device_context("pump"))


@pytest.fixture(scope="module")
def certificate_pem() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = [(NameOID.COMMON_NAME, "bulb"), (NameOID.COUNTRY_NAME, "DE"), (NameOID.COUNTRY_NAME, "FR")]
    name = x509.Name([x509.NameAttribute(oid, text) for oid, text in [*subject, (NameOID.TITLE, "a*b")]])
    names = [x509.DNSName("bulb.example"), x509.IPAddress(ipaddress.ip_address("192.0.2.1"))]
    now = datetime.datetime(2026, 1, 1)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 4711, now, now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


def test_certificate_attributes_are_variables(certificate_pem: bytes) -> None:
    context = certificate_context(certificate_pem)
    assert context["iot:Certificate.Subject.CommonName"] == "bulb"
    assert context["iot:Certificate.Issuer.CommonName"] == "bulb"
    assert context["iot:Certificate.SerialNumber"] == "4711"
    assert context["iot:Certificate.Subject.AlternativeName.DNSName"] == "bulb.example"
    assert context["iot:Certificate.Subject.AlternativeName.IPAddress"] == "192.0.2.1"
    assert "iot:Certificate.Subject.Country" in context["iot:Certificate.AvailableKeys"]


def test_an_attribute_with_several_values_has_an_index_and_a_list(certificate_pem: bytes) -> None:
    context = certificate_context(certificate_pem)
    assert context["iot:Certificate.Subject.Country"] == "DE"
    assert context["iot:Certificate.Subject.Country.1"] == "FR"
    assert context["iot:Certificate.Subject.Country.List"] == ["DE", "FR"]
    assert "iot:Certificate.Subject.Country.2" not in context


def test_an_attribute_with_a_wildcard_is_not_replaced(certificate_pem: bytes) -> None:
    statement = allow("iot:Publish", f"{IOT}:topic/${{iot:Certificate.Subject.Title}}")
    context = device_context("bulb", certificate_pem=certificate_pem)
    assert not may("iot:Publish", "topic/a*b", statement, **context)
    assert not may("iot:Publish", "topic/axb", statement, **context)
