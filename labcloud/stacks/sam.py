"""The transform AWS::Serverless-2016-10-31 for functions: one resource → a role, a function, its sources. Pure.

Source: AWS SAM documentation, AWS::Serverless::Function. Served events: Schedule, ScheduleV2 is not; S3, SQS, SNS,
Kinesis, DynamoDB, IoTRule, EventBridgeRule. Everything else is refused by name.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from labcloud.stacks.errors import invalid

TRANSFORM = "AWS::Serverless-2016-10-31"
FUNCTION = "AWS::Serverless::Function"
COPIED = (
    *("FunctionName", "Handler", "Runtime", "Timeout", "MemorySize", "Description", "Environment", "Layers"),
    *("EphemeralStorage", "Architectures", "ReservedConcurrentExecutions"),
)
KNOWN = (*COPIED, "CodeUri", "InlineCode", "Role", "Policies", "Events", "Tags", "PackageType")
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
SOURCES = {"SQS": "Queue", "Kinesis": "Stream", "DynamoDB": "Stream"}


def is_serverless(data: Mapping[str, Any]) -> bool:
    """Whether a template asks for the transform."""
    written = data.get("Transform") or ()
    return TRANSFORM in ([written] if isinstance(written, str) else written)


def expand(data: Mapping[str, Any]) -> dict[str, Any]:
    """The template without Serverless resources. Raises AwsError ValidationError."""
    expanded = copy.deepcopy({key: value for key, value in data.items() if key not in ("Transform", "Globals")})
    defaults = (data.get("Globals") or {}).get("Function") or {}
    for name, resource in data["Resources"].items():
        if resource["Type"] == FUNCTION:
            properties = _merged(defaults, resource.get("Properties") or {})
            del expanded["Resources"][name]
            expanded["Resources"].update(_function(name, properties, resource, expanded["Resources"]))
    return expanded


def _merged(defaults: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(copy.deepcopy(defaults))
    for key, value in own.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merged(merged[key], value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def _function(
    name: str, properties: Mapping[str, Any], resource: Mapping[str, Any], others: dict[str, Any]
) -> dict[str, Any]:
    if unknown := sorted(set(properties) - set(KNOWN)):
        raise invalid(f"The local cloud does not serve {', '.join(unknown)} of {FUNCTION} ({name}).")
    made: dict[str, Any] = {}
    role = properties.get("Role")
    if role is None:
        made[f"{name}Role"] = _role(properties)
        role = {"Fn::GetAtt": [f"{name}Role", "Arn"]}
    function = {key: properties[key] for key in COPIED if key in properties}
    function["Role"], function["Code"] = role, _code(name, properties)
    if tags := properties.get("Tags"):
        function["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    attributes = {key: value for key, value in resource.items() if key not in ("Type", "Properties")}
    made[name] = {**attributes, "Type": "AWS::Lambda::Function", "Properties": function}
    for event_name, event in (properties.get("Events") or {}).items():
        made.update(_event(name, event_name, event, others))
    return made


def _code(name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    if "InlineCode" in properties:
        return {"ZipFile": properties["InlineCode"]}
    uri = properties.get("CodeUri")
    if isinstance(uri, str) and uri.startswith("s3://"):
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return {"S3Bucket": bucket, "S3Key": key}
    if isinstance(uri, dict) and "Bucket" in uri:
        return {"S3Bucket": uri["Bucket"], "S3Key": uri["Key"]}
    raise invalid(
        f"Resource with id [{name}] is invalid. 'CodeUri' is not a valid S3 Uri of the form 's3://bucket/key': package the template first."
    )


def _role(properties: Mapping[str, Any]) -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": {"Service": ["lambda.amazonaws.com"]}, "Action": ["sts:AssumeRole"]}
    policies = properties.get("Policies") or []
    policies = policies if isinstance(policies, list) else [policies]
    managed, inline = [BASIC], []
    for number, policy in enumerate(policies):
        if isinstance(policy, str):
            managed.append(policy if policy.startswith("arn:") else f"arn:aws:iam::aws:policy/{policy}")
        elif isinstance(policy, dict) and "Statement" in policy:
            document = {"Version": "2012-10-17", **policy}
            inline.append({"PolicyName": f"Policy{number}", "PolicyDocument": document})
        else:
            raise invalid(
                f"The local cloud does not serve SAM's policy template {', '.join(policy)}; write the statements."
            )
    role = {
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        "ManagedPolicyArns": managed,
        "Policies": inline,
    }
    return {"Type": "AWS::IAM::Role", "Properties": role}


def _event(function: str, event_name: str, event: Mapping[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    kind, settings, arn = event["Type"], dict(event.get("Properties") or {}), {"Fn::GetAtt": [function, "Arn"]}
    name = f"{function}{event_name}"
    if kind in SOURCES:
        source = settings.pop(SOURCES[kind])
        mapping = {**settings, "EventSourceArn": source, "FunctionName": {"Ref": function}}
        return {name: {"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping}}
    if kind in ("Schedule", "EventBridgeRule", "CloudWatchEvent"):
        return _rule_event(function, name, event_name, settings, arn)
    if kind == "IoTRule":
        payload = {"Sql": settings["Sql"], "RuleDisabled": False, "Actions": [{"Lambda": {"FunctionArn": arn}}]}
        if "AwsIotSqlVersion" in settings:
            payload["AwsIotSqlVersion"] = settings["AwsIotSqlVersion"]
        return {
            name: {"Type": "AWS::IoT::TopicRule", "Properties": {"TopicRulePayload": payload}},
            f"{name}Permission": _permission(function, "iot.amazonaws.com", {"Fn::GetAtt": [name, "Arn"]}),
        }
    if kind == "SNS":
        subscription = {"TopicArn": settings["Topic"], "Protocol": "lambda", "Endpoint": arn}
        return {
            name: {"Type": "AWS::SNS::Subscription", "Properties": subscription},
            f"{name}Permission": _permission(function, "sns.amazonaws.com", settings["Topic"]),
        }
    if kind == "S3":
        return _bucket_event(function, name, settings, arn, others)
    raise invalid(f"The local cloud does not serve events of type {kind} of {FUNCTION} ({function}).")


def _rule_event(function: str, name: str, event_name: str, settings: dict[str, Any], arn: Any) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "Targets": [
            {
                "Id": f"{event_name}Target",
                "Arn": arn,
                **({"Input": settings.pop("Input")} if "Input" in settings else {}),
            }
        ]
    }
    names = {"Schedule": "ScheduleExpression", "Pattern": "EventPattern"}
    rule.update({names.get(key, key): value for key, value in settings.items() if key != "Enabled"})
    rule["State"] = "DISABLED" if str(settings.get("Enabled", True)).lower() == "false" else "ENABLED"
    return {
        name: {"Type": "AWS::Events::Rule", "Properties": rule},
        f"{name}Permission": _permission(function, "events.amazonaws.com", {"Fn::GetAtt": [name, "Arn"]}),
    }


def _bucket_event(
    function: str, name: str, settings: Mapping[str, Any], arn: Any, others: dict[str, Any]
) -> dict[str, Any]:
    """SAM writes the notification into the template's own bucket, which then waits for the permission."""
    bucket = settings["Bucket"].get("Ref") if isinstance(settings["Bucket"], dict) else None
    if bucket not in others or others[bucket]["Type"] != "AWS::S3::Bucket":
        raise invalid(
            f"Resource with id [{function}] is invalid. Event {name}: S3 events must reference an S3 bucket in the same template."
        )
    events = settings["Events"] if isinstance(settings["Events"], list) else [settings["Events"]]
    properties = others[bucket].setdefault("Properties", {})
    configurations = properties.setdefault("NotificationConfiguration", {}).setdefault("LambdaConfigurations", [])
    more = {"Filter": settings["Filter"]} if "Filter" in settings else {}
    configurations += [{"Event": event, "Function": arn, **more} for event in events]
    depends = others[bucket].get("DependsOn") or []
    others[bucket]["DependsOn"] = [*([depends] if isinstance(depends, str) else depends), f"{name}Permission"]
    permission = _permission(function, "s3.amazonaws.com", None)
    permission["Properties"]["SourceAccount"] = {"Ref": "AWS::AccountId"}
    return {f"{name}Permission": permission}


def _permission(function: str, service: str, source: Any) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "Action": "lambda:InvokeFunction",
        "FunctionName": {"Ref": function},
        "Principal": service,
    }
    if source is not None:
        properties["SourceArn"] = source
    return {"Type": "AWS::Lambda::Permission", "Properties": properties}
