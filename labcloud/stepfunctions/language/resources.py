"""What a Task's Resource stands for: a function, an optimised integration, or an AWS SDK integration. Pure.

Sources: Step Functions Developer Guide, "Integrating services" and the pages of the single services; error prefixes
as users report them (Lambda.AWSLambdaException, DynamoDB.AmazonDynamoDBException), those of SDK integrations by the
names of the AWS SDK for Java 2.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass

FUNCTION_ARN = re.compile(r"arn:aws[\w-]*:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+(:[\w$-]+)?")
INTEGRATION = "arn:aws:states:::"
SDK = "aws-sdk:"


class UnknownResource(ValueError):
    """AWS would not take it either."""


class UnservedResource(ValueError):
    """AWS would take it, the local cloud does not."""


@dataclass(frozen=True)
class Target:
    """`resource_type` and `resource` as history events name it; `service` and `action` as an AWS SDK names them."""

    service: str
    action: str
    resource_type: str
    resource: str
    function_arn: str | None = None
    """A function that is named directly: its result is the payload alone."""

    @property
    def optimised(self) -> bool:
        return not self.resource_type.startswith(SDK)


@dataclass(frozen=True)
class Integration:
    """An optimised integration: the SDK's name of its service, the actions served, and how its errors are named."""

    service: str
    actions: tuple[str, ...]
    error_prefix: str
    general_error: str
    label: str
    """The service's name in the last part of a cause."""


INTEGRATIONS: Mapping[str, Integration] = {
    "lambda": Integration("lambda", ("invoke",), "Lambda", "AWSLambdaException", "AWSLambda"),
    "dynamodb": Integration(
        "dynamodb",
        ("getItem", "putItem", "updateItem", "deleteItem"),
        "DynamoDB",
        "AmazonDynamoDBException",
        "AmazonDynamoDBv2",
    ),
    "sns": Integration("sns", ("publish",), "SNS", "AmazonSNSException", "AmazonSNS"),
    "sqs": Integration("sqs", ("sendMessage",), "SQS", "AmazonSQSException", "AmazonSQS"),
    "events": Integration(
        "eventbridge", ("putEvents",), "EventBridge", "AmazonEventBridgeException", "AmazonEventBridge"
    ),
    "states": Integration("sfn", ("startExecution",), "StepFunctions", "AWSStepFunctionsException", "AWSStepFunctions"),
}
AWS_ALONE = (
    *("apigateway", "athena", "batch", "bedrock", "codebuild", "databrew", "ecs", "eks", "elasticmapreduce"),
    *("emr-containers", "emr-serverless", "glue", "http", "mediaconvert", "sagemaker"),
)
"""Optimised integrations that the local cloud does not have."""
PATTERNS = (".waitForTaskToken", ".sync:2", ".sync")


@functools.lru_cache(maxsize=1024)
def parse_resource(text: str) -> Target:
    """Raises UnknownResource, UnservedResource."""
    if FUNCTION_ARN.fullmatch(text):
        return Target("lambda", "invoke", "lambda", "", function_arn=text)
    if re.fullmatch(r"arn:aws[\w-]*:states:[a-z0-9-]+:\d{12}:activity:.+", text):
        raise UnservedResource(f"the local cloud does not serve activities ({text})")
    for pattern in PATTERNS:
        if text.startswith(INTEGRATION) and text.endswith(pattern):
            raise UnservedResource(f"the local cloud does not serve the integration pattern {pattern} ({text})")
    if text.startswith(INTEGRATION + SDK):
        service, _, action = text.removeprefix(INTEGRATION + SDK).partition(":")
        return Target(service, action, f"{SDK}{service}", action)
    service, _, action = text.removeprefix(INTEGRATION).partition(":")
    if text.startswith(INTEGRATION) and service in AWS_ALONE:
        raise UnservedResource(f"the local cloud does not serve the integration of {service} ({text})")
    known = INTEGRATIONS.get(service) if text.startswith(INTEGRATION) else None
    if known is None or action not in known.actions:
        raise UnknownResource(
            f"The resource provided {text} is not recognized. The value is not a valid resource ARN, or the resource "
            "is not available in this region."
        )
    return Target(known.service, action, service, action)


def error_name(target: Target, code: str, modelled: str | None, service_id: str) -> str:
    """The error's name for Retry and Catch. `modelled`: the name that the service's model has for the code, if any."""
    class_name = modelled if modelled is None or modelled.endswith("Exception") else f"{modelled}Exception"
    if target.optimised:
        known = INTEGRATIONS[target.resource_type]
        return f"{known.error_prefix}.{class_name or known.general_error}"
    sdk = sdk_class(service_id)
    return f"{sdk}.{class_name or f'{sdk}Exception'}"


def cause_text(target: Target, message: str, code: str, status: int, request_id: str, service_id: str) -> str:
    """AWS's message of an API error, with the SDK's particulars behind it."""
    if target.optimised:
        label = INTEGRATIONS[target.resource_type].label
        details = f"Service: {label}; Status Code: {status}; Error Code: {code}; Request ID: {request_id}; Proxy: null"
    else:
        details = f"Service: {sdk_class(service_id)}, Status Code: {status}, Request ID: {request_id}"
    return f"{message} ({details})"


def sdk_class(service_id: str) -> str:
    """AWS SDK for Java 2's name of a service: DynamoDb for DynamoDB, IotDataPlane for IoT Data Plane."""
    words = [{"IoT": "Iot"}.get(word, word) for word in re.split(r"[\s-]+", service_id)]
    return "".join(re.sub(r"[A-Z]{2,}", lambda run: run[0].capitalize(), word[:1].upper() + word[1:]) for word in words)
