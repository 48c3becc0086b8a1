"""Which service and region a request is for and which access key signed it. Pure; `signature` says whether it did."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

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

NO_REGION = "us-east-1"
"""Of a signature that names none. Buckets are found without."""

_CREDENTIAL = re.compile(
    r"Credential=([^/,\s]+)/(\d{8}/([^/]+)/([^/]+)/aws4_request)"
    r"(?:,\s*SignedHeaders=([^,\s]+))?(?:,\s*Signature=([0-9a-f]+))?"
)


class Form(Enum):
    """Where a signature stands, and of which version it is."""

    HEADER = "version 4, in the Authorization header"
    QUERY = "version 4, in the query"
    QUERY_2 = "version 2, in the query: S3's, and boto3's default for presigned URLs in the older regions"


@dataclass(frozen=True)
class Signature:
    """What the credential of a signature says."""

    access_key_id: str
    region: str
    signing_name: str
    scope: str = ""
    """<day>/<region>/<signing name>/aws4_request, as it is signed."""
    form: Form = Form.HEADER
    signed_headers: str = ""
    signature: str = ""


def read_signature(headers: Mapping[str, str], query: Mapping[str, str]) -> Signature:
    """Reads the credential from the Authorization header or a presigned URL.

    Raises AwsError MissingAuthenticationTokenException (403) for an unsigned request.
    """
    if (authorization := headers.get("Authorization", "")) and (match := _CREDENTIAL.search(authorization)):
        access_key_id, scope, region, name, signed_headers, signature = match.groups()
        return Signature(
            access_key_id, region, name.lower(), scope, signed_headers=signed_headers or "", signature=signature or ""
        )
    if (credential := query.get("X-Amz-Credential")) and (match := _CREDENTIAL.match(f"Credential={credential}")):
        access_key_id, scope, region, name, *_ = match.groups()
        parts = {"signed_headers": query.get("X-Amz-SignedHeaders", ""), "signature": query.get("X-Amz-Signature", "")}
        return Signature(access_key_id, region, name.lower(), scope, Form.QUERY, **parts)
    if not authorization and "AWSAccessKeyId" in query and "Signature" in query:
        return Signature(query["AWSAccessKeyId"], NO_REGION, "s3", form=Form.QUERY_2, signature=query["Signature"])
    raise AwsError(
        "The request is not signed with SigV4: set AWS_ACCESS_KEY_ID=test and AWS_SECRET_ACCESS_KEY=test.",
        code="MissingAuthenticationTokenException",
        status=403,
    )


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
