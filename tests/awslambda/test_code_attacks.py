"""Code that is replaced, gone, too large or hostile, in a running cloud."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labcloud.api import ApiRequest, Caller
from labcloud.awslambda.checks import FunctionChecks
from labcloud.awslambda.errors import InvalidParameterValue
from tests.awslambda.conftest import zip_of
from tests.awslambda.test_package import entry, link, zip_with
from tests.running import ACCOUNT, REGION, Lab, running_lab

CODE = "def handle(event, context): return {!r}"
MB = 1_048_576


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with running_lab() as running:
        yield running


def create(lab: Lab, name: str, code: dict[str, Any], **settings: Any) -> None:
    role = lab.role(f"{name}_role", "lambda.amazonaws.com", ("logs:*", "*"))
    lab.lambda_.create_function(
        FunctionName=name, Runtime="python3.11", Handler="code.handle", Code=code, Role=role, **settings
    )


def call(lab: Lab, name: str) -> Any:
    return json.loads(lab.lambda_.invoke(FunctionName=name)["Payload"].read())


def test_code_from_s3_stays_what_it_was_though_the_object_is_replaced_or_deleted(lab: Lab) -> None:
    lab.s3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": REGION})
    place = {"S3Bucket": "code", "S3Key": "f.zip"}
    lab.s3.put_object(Bucket="code", Key="f.zip", Body=zip_of({"code.py": CODE.format("first")}))
    create(lab, "copied", place)
    lab.s3.put_object(Bucket="code", Key="f.zip", Body=zip_of({"code.py": CODE.format("second")}))
    lab.lambda_.update_function_configuration(FunctionName="copied", Timeout=9)
    assert call(lab, "copied") == "first"
    lab.lambda_.update_function_code(FunctionName="copied", **place)
    assert call(lab, "copied") == "second"
    lab.s3.put_object(Bucket="code", Key="f.zip", Body=b"no zip any more")
    with pytest.raises(ClientError, match="Could not unzip uploaded file"):
        lab.lambda_.update_function_code(FunctionName="copied", **place)
    lab.s3.delete_object(Bucket="code", Key="f.zip")
    with pytest.raises(ClientError, match="Error occurred while GetObject. S3 Error Code: NoSuchKey"):
        lab.lambda_.update_function_code(FunctionName="copied", **place)
    lab.lambda_.update_function_configuration(FunctionName="copied", Timeout=10)
    assert call(lab, "copied") == "second"


def test_layers_that_lead_outside_together_are_refused_each_time(lab: Lab) -> None:
    hostile = [
        zip_with(link("a", "b/b/b/../../..")),
        zip_with(link("b", ".")),
        zip_with((entry("python/x.py"), b"")),
    ]
    layers = [
        lab.lambda_.publish_layer_version(LayerName=f"l{number}", Content={"ZipFile": package})["LayerVersionArn"]
        for number, package in enumerate(hostile)
    ]
    create(lab, "bent", {"ZipFile": zip_of({"code.py": CODE.format("ran")})}, Layers=layers)
    for _ in range(2):
        with pytest.raises(ClientError, match="link outside of its folder: 'a'"):
            lab.lambda_.invoke(FunctionName="bent")
    lab.lambda_.update_function_configuration(FunctionName="bent", Layers=layers[1:])
    assert call(lab, "bent") == "ran"


def checks(code_bytes: int, layer_bytes: int) -> FunctionChecks:
    """Of a function with so many unzipped bytes; each layer that a request names has 200 MB."""
    return FunctionChecks(
        lambda role: None, lambda *place: b"", lambda *arn: 200 * MB, lambda _: (code_bytes, layer_bytes)
    )


def asked(operation: str, **parameters: Any) -> ApiRequest:
    caller = Caller(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")
    return ApiRequest("lambda", operation, {"FunctionName": "f", **parameters}, REGION, caller)


def test_new_layers_count_with_the_code_that_is_there() -> None:
    request = asked("UpdateFunctionConfiguration", Layers=["arn:aws:lambda:eu-west-1:123456789012:layer:l:1"])
    checks(40 * MB, 0).update_function_configuration(request)
    with pytest.raises(
        InvalidParameterValue, match="combined with layers exceeds .* The actual size is 272629760 bytes"
    ):
        checks(60 * MB, 0).update_function_configuration(request)


def test_new_code_counts_with_the_layers_that_are_there() -> None:
    request = asked("UpdateFunctionCode", ZipFile=zip_of({"a.py": "x" * 100}))
    checks(0, 250 * MB - 100).update_function_code(request)
    with pytest.raises(InvalidParameterValue, match="The actual size is 262144001 bytes"):
        checks(0, 250 * MB - 99).update_function_code(request)
