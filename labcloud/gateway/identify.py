"""Which service and region a request is for and which access key signed it. Pure; signatures are not verified.

The local cloud takes any key pair as the account's administrator, as the course's environment sets one; session
credentials that the cloud itself issued stand for their role.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from labcloud.errors import AwsError

SERVED: Mapping[str, tuple[str, ...]] = {
    "athena": ("athena",),
    "cloudformation": ("cloudformation",),
    "dynamodb": ("dynamodb", "dynamodbstreams"),
    "events": ("events",),
    "firehose": ("firehose",),
    "glue": ("glue",),
    "iam": ("iam",),
    "iot": ("iot",),
    "execute-api": ("iot",),
    "iotdata": ("iot-data",),
    "kinesis": ("kinesis",),
    "kms": ("kms",),
    "lambda": ("lambda",),
    "logs": ("logs",),
    "monitoring": ("cloudwatch",),
    "quicksight": ("quicksight",),
    "s3": ("s3",),
    "sagemaker": ("sagemaker",),
    "scheduler": ("scheduler",),
    "secretsmanager": ("secretsmanager",),
    "sns": ("sns",),
    "sqs": ("sqs",),
    "ssm": ("ssm",),
    "states": ("stepfunctions",),
    "sts": ("sts",),
    "tagging": ("resourcegroupstaggingapi",),
    "timestream": ("timestream-write", "timestream-query"),
}
"""SigV4 signing name → botocore services that share it."""

MIB = 1024 * 1024
LARGEST_BODIES: Mapping[str, int] = {"s3": 512 * MIB, "lambda": 70_167_211}
"""By signing name. AWS takes objects of 5 GiB; this machine keeps them in memory. Lambda's is a package in base64."""
LARGEST_OTHER_BODY = 16 * MIB
"""DynamoDB's limit, the largest of the others ("Quotas in Amazon DynamoDB", BatchWriteItem)."""
LARGEST_UNSIGNED_BODY = MIB

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request")


@dataclass(frozen=True)
class Signature:
    """What the SigV4 credential scope of a request says."""

    access_key_id: str
    region: str
    signing_name: str


def read_signature(headers: Mapping[str, str], query: Mapping[str, str]) -> Signature:
    """Reads the credential scope from the Authorization header or a presigned URL.

    Raises AwsError MissingAuthenticationTokenException (403) for an unsigned request.
    """
    scope = headers.get("Authorization", "")
    if "X-Amz-Credential" in query:
        scope = f"Credential={query['X-Amz-Credential']}"
    match = _CREDENTIAL.search(scope)
    if not match:
        raise AwsError(
            "The request is not signed with SigV4: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (any value serves here).",
            code="MissingAuthenticationTokenException",
            status=403,
        )
    access_key_id, _, region, signing_name = match.groups()
    return Signature(access_key_id, region, signing_name.lower())


def largest_body(authorization: str, query: Mapping[str, str]) -> int:
    """How many bytes the body of a request with this head may have."""
    try:
        name = read_signature({"Authorization": authorization}, query).signing_name
    except AwsError:
        return LARGEST_UNSIGNED_BODY
    return LARGEST_BODIES.get(name, LARGEST_OTHER_BODY)


def candidate_services(signing_name: str, path: str) -> tuple[str, ...]:
    """The botocore services that this cloud serves under a signing name; empty if it serves none."""
    if signing_name == "s3" and path.startswith("/v20180820/"):
        return ("s3control",)
    return SERVED.get(signing_name, ())
