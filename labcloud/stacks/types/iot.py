"""AWS IoT: things, policies, certificates, attachments, topic rules. Source: CloudFormation, AWS::IoT::*."""

from __future__ import annotations

import json
from collections.abc import Mapping

from labcloud.stacks.types.base import Api, Made, Properties, ResourceType, api_case, as_boolean, words


def create_thing(api: Api, name: str, properties: Properties) -> Made:
    """AWS::IoT::Thing."""
    made = api("iot", "CreateThing", thingName=name, attributePayload=_attributes(properties))
    return Made(name, {"Arn": made["thingArn"], "Id": made.get("thingId", "")})


def update_thing(api: Api, made: Made, before: Properties, now: Properties) -> Made:
    api("iot", "UpdateThing", thingName=made.physical_id, attributePayload=_attributes(now))
    return made


def delete_thing(api: Api, made: Made, properties: Properties) -> None:
    for principal in api("iot", "ListThingPrincipals", thingName=made.physical_id)["principals"]:
        api("iot", "DetachThingPrincipal", thingName=made.physical_id, principal=principal)
    api("iot", "DeleteThing", thingName=made.physical_id)


def _attributes(properties: Properties) -> dict[str, object]:
    return {"attributes": (properties.get("AttributePayload") or {}).get("Attributes") or {}, "merge": False}


def create_policy(api: Api, name: str, properties: Properties) -> Made:
    """AWS::IoT::Policy."""
    made = api("iot", "CreatePolicy", policyName=name, policyDocument=_document(properties))
    return Made(name, {"Arn": made["policyArn"], "Id": name})


def update_policy(api: Api, made: Made, before: Properties, now: Properties) -> Made:
    _delete_versions(api, made.physical_id)
    api("iot", "CreatePolicyVersion", policyName=made.physical_id, policyDocument=_document(now), setAsDefault=True)
    return made


def delete_policy(api: Api, made: Made, properties: Properties) -> None:
    _delete_versions(api, made.physical_id)
    api("iot", "DeletePolicy", policyName=made.physical_id)


def _delete_versions(api: Api, name: str) -> None:
    for version in api("iot", "ListPolicyVersions", policyName=name)["policyVersions"]:
        if not version["isDefaultVersion"]:
            api("iot", "DeletePolicyVersion", policyName=name, policyVersionId=version["versionId"])


def _document(properties: Properties) -> str:
    document = properties["PolicyDocument"]
    return document if isinstance(document, str) else json.dumps(document)


def create_certificate(api: Api, name: str, properties: Properties) -> Made:
    """AWS::IoT::Certificate, from a signing request."""
    request, active = properties["CertificateSigningRequest"], properties["Status"] == "ACTIVE"
    made = api("iot", "CreateCertificateFromCsr", certificateSigningRequest=request, setAsActive=active)
    return Made(made["certificateId"], {"Arn": made["certificateArn"], "Id": made["certificateId"]})


def update_certificate(api: Api, made: Made, before: Properties, now: Properties) -> Made:
    api("iot", "UpdateCertificate", certificateId=made.physical_id, newStatus=now["Status"])
    return made


def delete_certificate(api: Api, made: Made, properties: Properties) -> None:
    api("iot", "UpdateCertificate", certificateId=made.physical_id, newStatus="INACTIVE")
    api("iot", "DeleteCertificate", certificateId=made.physical_id)


def create_policy_attachment(api: Api, name: str, properties: Properties) -> Made:
    """AWS::IoT::PolicyPrincipalAttachment."""
    policy, principal = properties["PolicyName"], properties["Principal"]
    api("iot", "AttachPolicy", policyName=policy, target=principal)
    return Made(f"{policy}|{principal}")


def delete_policy_attachment(api: Api, made: Made, properties: Properties) -> None:
    policy, _, principal = made.physical_id.partition("|")
    api("iot", "DetachPolicy", policyName=policy, target=principal)


def create_thing_attachment(api: Api, name: str, properties: Properties) -> Made:
    """AWS::IoT::ThingPrincipalAttachment."""
    thing, principal = properties["ThingName"], properties["Principal"]
    api("iot", "AttachThingPrincipal", thingName=thing, principal=principal)
    return Made(f"{thing}|{principal}")


def delete_thing_attachment(api: Api, made: Made, properties: Properties) -> None:
    thing, _, principal = made.physical_id.partition("|")
    api("iot", "DetachThingPrincipal", thingName=thing, principal=principal)


def create_rule(api: Api, name: str, properties: Properties) -> Made:
    """AWS::IoT::TopicRule."""
    api("iot", "CreateTopicRule", ruleName=name, topicRulePayload=_payload(properties))
    return Made(name, {"Arn": api("iot", "GetTopicRule", ruleName=name)["ruleArn"]})


def update_rule(api: Api, made: Made, before: Properties, now: Properties) -> Made:
    api("iot", "ReplaceTopicRule", ruleName=made.physical_id, topicRulePayload=_payload(now))
    return made


def delete_rule(api: Api, made: Made, properties: Properties) -> None:
    api("iot", "DeleteTopicRule", ruleName=made.physical_id)


def _payload(properties: Properties) -> dict[str, object]:
    payload: dict[str, object] = api_case(properties["TopicRulePayload"])
    payload["ruleDisabled"] = as_boolean(payload.get("ruleDisabled", False))
    return payload


IOT: Mapping[str, ResourceType] = {
    "AWS::IoT::Thing": ResourceType(
        create_thing,
        delete_thing,
        words("ThingName AttributePayload"),
        "ThingName",
        update_thing,
        words("AttributePayload"),
    ),
    "AWS::IoT::Policy": ResourceType(
        create_policy,
        delete_policy,
        words("PolicyName PolicyDocument"),
        "PolicyName",
        update_policy,
        words("PolicyDocument"),
    ),
    "AWS::IoT::Certificate": ResourceType(
        create_certificate,
        delete_certificate,
        words("CertificateSigningRequest Status"),
        None,
        update_certificate,
        words("Status"),
    ),
    "AWS::IoT::PolicyPrincipalAttachment": ResourceType(
        create_policy_attachment, delete_policy_attachment, words("PolicyName Principal")
    ),
    "AWS::IoT::ThingPrincipalAttachment": ResourceType(
        create_thing_attachment, delete_thing_attachment, words("ThingName Principal")
    ),
    "AWS::IoT::TopicRule": ResourceType(
        create_rule,
        delete_rule,
        words("RuleName TopicRulePayload"),
        "RuleName",
        update_rule,
        words("TopicRulePayload"),
        separator="_",
    ),
}
