"""AWS IoT's control plane as boto3 sees it."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from labcloud import ca
from labcloud.ca import CertificateAuthority
from labcloud.motobase import iot_policies
from tests.motobase.conftest import ACCOUNT, REGION
from tests.motobase.test_ca import client_context, shake_hands

ALLOW = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]})
SELECT = {"sql": "SELECT * FROM 'sensor/+'", "actions": []}


@pytest.fixture
def api(client: Callable[..., Any]) -> Any:
    return client("iot")


@pytest.fixture
def certificate(api: Any) -> Any:
    """An active certificate with its keys."""
    return api.create_keys_and_certificate(setAsActive=True)


def refusal(call: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    """The code and message that a call is refused with."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


# Certificates


def test_new_certificate_is_signed_by_the_clouds_authority_and_matches_its_key(
    certificate: Any, authority: CertificateAuthority
) -> None:
    parsed = x509.load_pem_x509_certificate(certificate["certificatePem"].encode())
    parsed.verify_directly_issued_by(authority.certificate)
    key = serialization.load_pem_private_key(certificate["keyPair"]["PrivateKey"].encode(), password=None)
    assert key.public_key() == parsed.public_key()
    assert certificate["certificateId"] == parsed.fingerprint(hashes.SHA256()).hex()


def test_description_tells_the_certificates_own_validity(api: Any, certificate: Any) -> None:
    described = api.describe_certificate(certificateId=certificate["certificateId"])["certificateDescription"]
    assert described["validity"]["notAfter"].year in (2049, 2050)


def test_certificate_from_a_request_has_its_key_and_is_inactive_unless_asked_for(api: Any) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kitchen")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    pem = request.public_bytes(serialization.Encoding.PEM).decode()
    answer = api.create_certificate_from_csr(certificateSigningRequest=pem, setAsActive=False)
    assert x509.load_pem_x509_certificate(answer["certificatePem"].encode()).public_key() == key.public_key()
    described = api.describe_certificate(certificateId=answer["certificateId"])["certificateDescription"]
    assert described["status"] == "INACTIVE"


def test_nonsense_is_not_a_signing_request(api: Any) -> None:
    code, message = refusal(api.create_certificate_from_csr, certificateSigningRequest="nonsense")
    assert (code, message) == ("InvalidRequestException", "The CSR is not valid: it is not a PEM request")


def test_certificate_of_a_stranger_can_be_registered_without_its_authority_once(api: Any) -> None:
    pem = CertificateAuthority.in_memory().issue_device_certificate(ca.generate_device_key().public_key())
    answer = api.register_certificate_without_ca(certificatePem=pem, status="ACTIVE")
    assert answer["certificateId"] == ca.certificate_id_of_pem(pem)
    assert refusal(api.register_certificate_without_ca, certificatePem=pem)[0] == "ResourceAlreadyExistsException"


def test_certificate_of_an_unregistered_authority_is_refused(api: Any) -> None:
    pem = CertificateAuthority.in_memory().issue_device_certificate(ca.generate_device_key().public_key())
    assert refusal(api.register_certificate, certificatePem=pem)[0] == "CertificateValidationException"


def test_authority_is_registered_with_a_verification_certificate_and_then_vouches(api: Any) -> None:
    owner, key = CertificateAuthority.in_memory(), ca.generate_device_key()
    code = api.get_registration_code()["registrationCode"]
    assert api.get_registration_code()["registrationCode"] == code
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, code)])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    wrong = owner.issue_device_certificate(key.public_key())
    assert refusal(api.register_ca_certificate, caCertificate=owner.pem, verificationCertificate=wrong)[0] == (
        "CertificateValidationException"
    )
    api.register_ca_certificate(
        caCertificate=owner.pem, verificationCertificate=owner.issue_device_certificate(request), setAsActive=True
    )
    device = owner.issue_device_certificate(ca.generate_device_key().public_key())
    assert api.register_certificate(certificatePem=device)["certificateId"] == ca.certificate_id_of_pem(device)


def test_active_certificate_cannot_be_deleted(api: Any, certificate: Any) -> None:
    code, message = refusal(api.delete_certificate, certificateId=certificate["certificateId"])
    assert code == "CertificateStateException"
    assert message.startswith("Certificate must be deactivated (not ACTIVE) before deletion.")


def test_attached_certificate_cannot_be_deleted_unless_forced(api: Any, certificate: Any) -> None:
    api.create_policy(policyName="all", policyDocument=ALLOW)
    api.attach_policy(policyName="all", target=certificate["certificateArn"])
    api.update_certificate(certificateId=certificate["certificateId"], newStatus="INACTIVE")
    code, message = refusal(api.delete_certificate, certificateId=certificate["certificateId"])
    assert code == "DeleteConflictException"
    assert message.startswith("Certificate policies must be detached before deletion")
    api.delete_certificate(certificateId=certificate["certificateId"], forceDelete=True)
    api.delete_policy(policyName="all")


def test_certificate_on_a_thing_cannot_be_deleted(api: Any, certificate: Any) -> None:
    api.create_thing(thingName="lamp")
    api.attach_thing_principal(thingName="lamp", principal=certificate["certificateArn"])
    api.update_certificate(certificateId=certificate["certificateId"], newStatus="INACTIVE")
    message = refusal(api.delete_certificate, certificateId=certificate["certificateId"], forceDelete=True)[1]
    assert message.startswith("Things must be detached before deletion")


def test_certificate_can_be_deleted_while_a_policy_hangs_on_a_thing_group(api: Any, certificate: Any) -> None:
    api.create_policy(policyName="all", policyDocument=ALLOW)
    group = api.create_thing_group(thingGroupName="house")["thingGroupArn"]
    api.attach_policy(policyName="all", target=group)
    api.update_certificate(certificateId=certificate["certificateId"], newStatus="INACTIVE")
    api.delete_certificate(certificateId=certificate["certificateId"])
    assert api.list_certificates()["certificates"] == []


def test_status_that_cannot_be_set_is_refused(api: Any, certificate: Any) -> None:
    identity = certificate["certificateId"]
    assert refusal(api.update_certificate, certificateId=identity, newStatus="PENDING_TRANSFER")[0] == (
        "InvalidRequestException"
    )
    assert "enum value set" in refusal(api.update_certificate, certificateId=identity, newStatus="active")[1]


# Policies


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("{", "Invalid JSON"),
        ('{"Version": "2012-10-17"}', "Invalid policy syntax."),
        ('{"Version": "2013-01-01", "Statement": []}', "Version must be one of"),
        (ALLOW.replace("Allow", "Maybe"), "Invalid effect: Maybe"),
        (ALLOW.replace('"Resource"', '"Ressource"'), "Unknown member Ressource"),
        (ALLOW.replace("iot:*", "publish"), "The following actions are invalid : publish"),
        (ALLOW.replace('"Resource": "*"', '"Resource": "topic/a"'), "The following resources are invalid : topic/a"),
        (ALLOW.replace("iot:*", "iot:" + "a" * 2048), "exceeds maximum size of 2048"),
    ],
    ids=["syntax", "no statement", "version", "effect", "misspelt", "action", "resource", "size"],
)
def test_malformed_policy_document_is_refused(api: Any, document: str, reason: str) -> None:
    code, message = refusal(api.create_policy, policyName="p", policyDocument=document)
    assert code == "MalformedPolicyException"
    assert message.startswith("Policy document is Malformed: ")
    assert reason in message


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:iot:eu-central-1:123456789012:topic/a/${iot:ClientId}",
        "arn:aws:iot:*:*:client/${iot:Connection.Thing.ThingName}",
        "*",
    ],
)
def test_policy_variables_and_wildcards_are_well_formed(resource: str) -> None:
    statement = {"Effect": "Allow", "Action": ["iot:Publish"], "Resource": [resource]}
    assert iot_policies.fault_of_document(json.dumps({"Version": "2012-10-17", "Statement": statement})) is None


def test_policy_that_is_attached_or_has_versions_cannot_be_deleted(api: Any, certificate: Any) -> None:
    api.create_policy(policyName="all", policyDocument=ALLOW)
    api.attach_policy(policyName="all", target=certificate["certificateArn"])
    assert refusal(api.delete_policy, policyName="all")[0] == "DeleteConflictException"
    api.detach_policy(policyName="all", target=certificate["certificateArn"])
    api.create_policy_version(policyName="all", policyDocument=ALLOW)
    assert refusal(api.delete_policy, policyName="all")[0] == "DeleteConflictException"


def test_principal_has_ten_policies_at_most(api: Any, certificate: Any) -> None:
    for number in range(11):
        api.create_policy(policyName=f"p{number}", policyDocument=ALLOW)
    for number in range(10):
        api.attach_policy(policyName=f"p{number}", target=certificate["certificateArn"])
    api.attach_policy(policyName="p0", target=certificate["certificateArn"])
    code, _ = refusal(api.attach_policy, policyName="p10", target=certificate["certificateArn"])
    assert code == "LimitExceededException"


# Things


def test_thing_name_with_a_blank_is_refused_in_aws_words(api: Any) -> None:
    code, message = refusal(api.create_thing, thingName="my lamp")
    assert code == "InvalidRequestException"
    assert message == (
        "1 validation error detected: Value 'my lamp' at 'thingName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [a-zA-Z0-9:_-]+"
    )


def test_same_thing_once_more_is_fine_and_another_of_that_name_is_refused(api: Any) -> None:
    first = api.create_thing(thingName="lamp", attributePayload={"attributes": {"room": "kitchen"}})
    again = api.create_thing(thingName="lamp", attributePayload={"attributes": {"room": "kitchen"}})
    assert again["thingId"] == first["thingId"]
    assert refusal(api.create_thing, thingName="lamp")[0] == "ResourceAlreadyExistsException"


def test_thing_without_a_type_has_three_attributes_at_most(api: Any) -> None:
    attributes = {f"a{number}": "x" for number in range(4)}
    parameters = {"thingName": "lamp", "attributePayload": {"attributes": attributes}}
    assert "at most 3 attributes" in refusal(api.create_thing, **parameters)[1]
    api.create_thing_type(thingTypeName="light")
    api.create_thing(thingTypeName="light", **parameters)


def test_update_raises_the_version_and_an_old_expected_version_is_refused(api: Any) -> None:
    api.create_thing(thingName="lamp")
    api.update_thing(thingName="lamp", attributePayload={"attributes": {"room": "hall"}}, expectedVersion=1)
    assert api.describe_thing(thingName="lamp")["version"] == 2
    code, _ = refusal(api.delete_thing, thingName="lamp", expectedVersion=1)
    assert code == "VersionConflictException"


def test_thing_with_a_principal_cannot_be_deleted(api: Any, certificate: Any) -> None:
    api.create_thing(thingName="lamp")
    api.attach_thing_principal(thingName="lamp", principal=certificate["certificateArn"])
    assert "still attached to one or more principals" in refusal(api.delete_thing, thingName="lamp")[1]


def test_exclusive_thing_has_its_principal_for_itself(api: Any, certificate: Any) -> None:
    arn = certificate["certificateArn"]
    for name in ("lamp", "fridge"):
        api.create_thing(thingName=name)
    api.attach_thing_principal(thingName="lamp", principal=arn, thingPrincipalType="EXCLUSIVE_THING")
    told = [{"principal": arn, "thingPrincipalType": "EXCLUSIVE_THING"}]
    assert api.list_thing_principals_v2(thingName="lamp")["thingPrincipalObjects"] == told
    told = [{"thingName": "lamp", "thingPrincipalType": "EXCLUSIVE_THING"}]
    assert api.list_principal_things_v2(principal=arn)["principalThingObjects"] == told
    unwanted = api.list_principal_things_v2(principal=arn, thingPrincipalType="NON_EXCLUSIVE_THING")
    assert unwanted["principalThingObjects"] == []
    code, message = refusal(api.attach_thing_principal, thingName="fridge", principal=arn)
    assert code == "InvalidRequestException" and "attached to thing lamp" in message
    api.detach_thing_principal(thingName="lamp", principal=arn)
    api.attach_thing_principal(thingName="fridge", principal=arn)
    api.attach_thing_principal(thingName="lamp", principal=arn)
    exclusively = {"principal": arn, "thingPrincipalType": "EXCLUSIVE_THING"}
    assert refusal(api.attach_thing_principal, thingName="lamp", **exclusively)[0] == "InvalidRequestException"


def test_thing_groups_are_seven_deep_and_a_thing_is_in_ten_at_most(api: Any) -> None:
    api.create_thing_group(thingGroupName="g1")
    for depth in range(2, 8):
        api.create_thing_group(thingGroupName=f"g{depth}", parentGroupName=f"g{depth - 1}")
    code, message = refusal(api.create_thing_group, thingGroupName="g8", parentGroupName="g7")
    assert code == "InvalidRequestException" and "deeper than 7" in message
    api.create_thing(thingName="lamp")
    for number in range(11):
        api.create_thing_group(thingGroupName=f"h{number}")
    for number in range(10):
        api.add_thing_to_thing_group(thingName="lamp", thingGroupName=f"h{number}")
    api.add_thing_to_thing_group(thingName="lamp", thingGroupName="h0")
    code, message = refusal(api.add_thing_to_thing_group, thingName="lamp", thingGroupName="h10")
    assert code == "InvalidRequestException" and "AWS IoT allows 10" in message


def test_role_alias_lasts_twelve_hours_at_most(api: Any) -> None:
    role = {"roleAlias": "camera", "roleArn": "arn:aws:iam::123456789012:role/camera"}
    code, _ = refusal(api.create_role_alias, credentialDurationSeconds=43_201, **role)
    assert code == "InvalidRequestException"
    api.create_role_alias(credentialDurationSeconds=43_200, **role)


def test_thing_type_goes_only_when_deprecated_and_unused(api: Any) -> None:
    api.create_thing_type(thingTypeName="light")
    api.create_thing(thingName="lamp", thingTypeName="light")
    assert "Please deprecate" in refusal(api.delete_thing_type, thingTypeName="light")[1]
    api.deprecate_thing_type(thingTypeName="light")
    assert "still associated with things" in refusal(api.delete_thing_type, thingTypeName="light")[1]
    api.delete_thing(thingName="lamp")
    api.delete_thing_type(thingTypeName="light")


# Topic rules


def test_rule_reads_back_as_it_was_written(api: Any) -> None:
    republish = {"republish": {"roleArn": "arn:aws:iam::123456789012:role/r", "topic": "copy/${topic()}", "qos": 1}}
    payload = {
        "sql": "SELECT * FROM 'sensor/+' WHERE temperature >= 40",
        "description": "hot",
        "awsIotSqlVersion": "2016-03-23",
        "ruleDisabled": True,
        "actions": [republish],
        "errorAction": republish,
    }
    api.create_topic_rule(ruleName="hot", topicRulePayload=payload)
    rule = api.get_topic_rule(ruleName="hot")["rule"]
    assert {key: rule[key] for key in payload} == payload


def test_rule_without_version_and_error_action_is_of_2015_and_has_none(api: Any) -> None:
    api.create_topic_rule(ruleName="hot", topicRulePayload=SELECT)
    rule = api.get_topic_rule(ruleName="hot")["rule"]
    assert rule["awsIotSqlVersion"] == "2015-10-08"
    assert "errorAction" not in rule


def test_replacing_keeps_creation_date_and_tags(api: Any) -> None:
    api.create_topic_rule(ruleName="hot", topicRulePayload=SELECT, tags="course=iot&mail=a%40b.example")
    before = api.get_topic_rule(ruleName="hot")
    api.replace_topic_rule(ruleName="hot", topicRulePayload=SELECT | {"description": "new"})
    after = api.get_topic_rule(ruleName="hot")
    assert (after["rule"]["createdAt"], after["rule"]["description"]) == (before["rule"]["createdAt"], "new")
    tags = api.list_tags_for_resource(resourceArn=after["ruleArn"])["tags"]
    assert tags == [{"Key": "course", "Value": "iot"}, {"Key": "mail", "Value": "a@b.example"}]


def test_refused_replacement_leaves_the_old_rule(api: Any) -> None:
    api.create_topic_rule(ruleName="hot", topicRulePayload=SELECT)
    code, _ = refusal(api.replace_topic_rule, ruleName="hot", topicRulePayload={"sql": "nonsense", "actions": []})
    assert code == "SqlParseException"
    assert api.get_topic_rule(ruleName="hot")["rule"]["sql"] == SELECT["sql"]


def test_missing_rule_looks_like_a_forbidden_one(api: Any) -> None:
    code, message = refusal(api.get_topic_rule, ruleName="hot")
    assert (code, message) == ("UnauthorizedException", "Access to topic rule 'hot' was denied")


def test_topic_pattern_of_a_rule_is_listed(api: Any) -> None:
    api.create_topic_rule(ruleName="hot", topicRulePayload=SELECT)
    assert api.list_topic_rules()["rules"][0]["topicPattern"] == "sensor/+"


# Tags and endpoint


def test_tags_of_a_creation_can_be_changed_and_removed(api: Any) -> None:
    arn = api.create_policy(policyName="all", policyDocument=ALLOW, tags=[{"Key": "a", "Value": "1"}])["policyArn"]
    api.tag_resource(resourceArn=arn, tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}])
    api.untag_resource(resourceArn=arn, tagKeys=["b"])
    assert api.list_tags_for_resource(resourceArn=arn)["tags"] == [{"Key": "a", "Value": "2"}]


def test_resource_made_again_does_not_inherit_tags(api: Any) -> None:
    arn = api.create_policy(policyName="all", policyDocument=ALLOW, tags=[{"Key": "a", "Value": "1"}])["policyArn"]
    api.delete_policy(policyName="all")
    assert refusal(api.list_tags_for_resource, resourceArn=arn)[0] == "ResourceNotFoundException"
    api.create_policy(policyName="all", policyDocument=ALLOW)
    assert api.list_tags_for_resource(resourceArn=arn)["tags"] == []


def test_things_cannot_be_tagged(api: Any) -> None:
    arn = api.create_thing(thingName="lamp")["thingArn"]
    assert refusal(api.list_tags_for_resource, resourceArn=arn)[0] == "InvalidRequestException"


def test_endpoint_is_the_clouds_at_each_call_and_an_unknown_type_is_refused(api: Any) -> None:
    addresses = {api.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"] for _ in range(3)}
    assert addresses == {"localhost"}
    assert "not recognized" in refusal(api.describe_endpoint, endpointType="iot:Nothing")[1]


# What the rest of the cloud hears


def test_cloud_is_told_of_every_change_but_not_of_refusals(api: Any, changes: list[tuple[str, str, str]]) -> None:
    certificate = api.create_keys_and_certificate(setAsActive=True)
    api.create_policy(policyName="all", policyDocument=ALLOW)
    api.attach_policy(policyName="all", target=certificate["certificateArn"])
    api.update_certificate(certificateId=certificate["certificateId"], newStatus="INACTIVE")
    refusal(api.create_policy, policyName="bad", policyDocument="{")
    assert changes == [(kind, ACCOUNT, REGION) for kind in ("certificate", "policy", "attachment", "certificate")]


def test_registered_certificate_of_a_stranger_passes_the_tls_handshake(
    api: Any, authority: CertificateAuthority, tmp_path: Path
) -> None:
    key, server = ca.generate_device_key(), authority.server_context()
    pem = CertificateAuthority.in_memory().issue_device_certificate(key.public_key())
    device = client_context(authority, tmp_path, pem, ca.private_key_pem(key))
    with pytest.raises(ssl.SSLError):
        shake_hands(server, device)
    api.register_certificate_without_ca(certificatePem=pem, status="ACTIVE")
    der = shake_hands(server, device)
    assert ca.certificate_id(der) == ca.certificate_id_of_pem(pem)
