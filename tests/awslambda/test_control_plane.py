"""Functions in a running cloud: what is refused, versions and aliases, layers, S3 code, destinations, concurrency."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.running import ACCOUNT, REGION, Lab, running_lab
from tests.support import wait_until

ECHO = "def handle(event, context):\n    return [context.function_version, context.invoked_function_arn]\n"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with running_lab() as running:
        yield running


def packed(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/") + ".py", text)
    return buffer.getvalue()


def create(lab: Lab, name: str = "f", **settings: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "FunctionName": name,
        "Runtime": "python3.11",
        "Handler": "code.handle",
        "Code": {"ZipFile": packed(code=ECHO)},
    }
    if "Role" not in settings:
        given["Role"] = lab.role(f"{name}_role", "lambda.amazonaws.com", ("logs:*", "*"))
    answer: dict[str, Any] = lab.lambda_.create_function(**{**given, **settings})
    return answer


def call(lab: Lab, name: str, payload: Any = None, **options: Any) -> Any:
    answer = lab.lambda_.invoke(FunctionName=name, Payload=json.dumps(payload), **options)
    return answer["ExecutedVersion"], json.loads(answer["Payload"].read())


@pytest.mark.parametrize(
    ("settings", "code", "sentence"),
    [
        ({"Runtime": "python3.7"}, "InvalidParameterValueException", "The runtime parameter of python3.7 is no longer"),
        ({"Runtime": "python4"}, "InvalidParameterValueException", "Value python4 at 'runtime' failed to satisfy"),
        ({"Runtime": "nodejs22.x"}, "InvalidParameterValueException", "local cloud runs functions of python3.8"),
        ({"Timeout": 901}, "ValidationException", "Value '901' at 'timeout' failed to satisfy constraint"),
        ({"MemorySize": 20_000}, "ValidationException", "'memorySize' failed to satisfy constraint"),
        ({"Handler": "a b"}, "ValidationException", "'handler' failed to satisfy constraint"),
        ({"Code": {"ZipFile": b"no zip"}}, "InvalidParameterValueException", "Could not unzip uploaded file"),
        ({"Code": {"S3Bucket": "none", "S3Key": "k"}}, "InvalidParameterValueException", "S3 Error Code: NoSuchBucket"),
        (
            {"Role": f"arn:aws:iam::{ACCOUNT}:role/missing"},
            "InvalidParameterValueException",
            f"Lambda cannot assume the role arn:aws:iam::{ACCOUNT}:role/missing: ",
        ),
        (
            {"Environment": {"Variables": {"AWS_REGION": "x"}}},
            "InvalidParameterValueException",
            "Reserved keys used in this request: AWS_REGION",
        ),
        (
            {"Environment": {"Variables": {"LONG": "x" * 5000}}},
            "InvalidParameterValueException",
            "exceeded the 4KB limit",
        ),
        (
            {"VpcConfig": {"SubnetIds": ["s"]}},
            "InvalidParameterValueException",
            "does not serve VpcConfig of a function",
        ),
        ({"PackageType": "Image"}, "InvalidParameterValueException", "PackageType Zip only"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_function_is_refused_as_aws_refuses_it(lab: Lab, settings: dict[str, Any], code: str, sentence: str) -> None:
    with pytest.raises(ClientError) as refused:
        create(lab, "refused", **settings)
    assert refused.value.response["Error"]["Code"] == code
    assert sentence in refused.value.response["Error"]["Message"]
    with pytest.raises(lab.lambda_.exceptions.ResourceNotFoundException):
        lab.lambda_.get_function(FunctionName="refused")


def test_role_that_trusts_another_service_is_refused_in_words_that_terraform_does_not_wait_for(lab: Lab) -> None:
    """Of AWS's sentence ("cannot be assumed by Lambda") Terraform's provider thinks that it heals within five minutes."""
    role = lab.role("for_iot", "iot.amazonaws.com")
    with pytest.raises(ClientError) as refused:
        create(lab, "trusting", Role=role)
    message = refused.value.response["Error"]["Message"]
    assert message == (
        f"Lambda cannot assume the role {role}: role for_iot cannot be assumed by lambda.amazonaws.com: "
        "it trusts iot.amazonaws.com"
    )
    assert "cannot be assumed by Lambda" not in message


def test_update_is_checked_too(lab: Lab) -> None:
    create(lab, "updated")
    with pytest.raises(ClientError, match="python3.6 is no longer supported"):
        lab.lambda_.update_function_configuration(FunctionName="updated", Runtime="python3.6")
    with pytest.raises(ClientError, match="Could not unzip uploaded file"):
        lab.lambda_.update_function_code(FunctionName="updated", ZipFile=b"x")
    lab.lambda_.update_function_configuration(FunctionName="updated", EphemeralStorage={"Size": 1024}, Environment={})
    assert lab.lambda_.get_function_configuration(FunctionName="updated")["EphemeralStorage"] == {"Size": 1024}


def test_version_and_alias_run_the_code_of_their_time(lab: Lab) -> None:
    arn = create(lab, "versioned")["FunctionArn"]
    lab.lambda_.publish_version(FunctionName="versioned")
    lab.lambda_.create_alias(FunctionName="versioned", Name="live", FunctionVersion="1")
    lab.lambda_.update_function_code(FunctionName="versioned", ZipFile=packed(code="def handle(e, c): return 'new'"))
    assert call(lab, "versioned") == ("$LATEST", "new")
    assert call(lab, "versioned", Qualifier="1") == ("1", ["1", f"{arn}:1"])
    assert call(lab, "versioned:live") == ("1", ["1", f"{arn}:live"])
    assert call(lab, f"{arn}:live") == ("1", ["1", f"{arn}:live"])
    with pytest.raises(lab.lambda_.exceptions.ResourceNotFoundException, match="versioned:old"):
        call(lab, "versioned", Qualifier="old")


def test_alias_splits_invocations_by_weight(lab: Lab) -> None:
    create(lab, "split")
    lab.lambda_.publish_version(FunctionName="split")
    lab.lambda_.update_function_code(FunctionName="split", ZipFile=packed(code="def handle(e, c): return 2"))
    lab.lambda_.publish_version(FunctionName="split")
    weights = {"AdditionalVersionWeights": {"2": 0.5}}
    lab.lambda_.create_alias(FunctionName="split", Name="both", FunctionVersion="1", RoutingConfig=weights)
    assert {call(lab, "split:both")[0] for _ in range(40)} == {"1", "2"}


def test_permission_of_an_alias_is_for_the_alias_only(lab: Lab) -> None:
    arn = create(lab, "guarded")["FunctionArn"]
    lab.lambda_.publish_version(FunctionName="guarded")
    lab.lambda_.create_alias(FunctionName="guarded", Name="live", FunctionVersion="1")
    permission = {"StatementId": "iot", "Action": "lambda:InvokeFunction", "Principal": "iot.amazonaws.com"}
    lab.lambda_.add_permission(FunctionName="guarded", Qualifier="live", **permission)
    lab.rule("to_alias", {"lambda": {"functionArn": f"{arn}:live"}}, sql="SELECT * FROM 'alias'")
    lab.rule("to_function", {"lambda": {"functionArn": arn}}, sql="SELECT * FROM 'plain'")
    assert not any("refused" in text or "no permission" in text for text in lab.publish("alias", {}))
    assert any("no permission" in text or "is for" in text for text in lab.publish("plain", {}))


def test_code_from_s3_and_a_published_layer(lab: Lab) -> None:
    lab.s3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": REGION})
    lab.s3.put_object(Bucket="code", Key="f.zip", Body=packed(code="import extra\ndef handle(e, c): return extra.NAME"))
    layer = lab.lambda_.publish_layer_version(
        LayerName="extra", Content={"ZipFile": packed(python__extra="NAME = 'layer'")}
    )
    create(lab, "layered", Code={"S3Bucket": "code", "S3Key": "f.zip"}, Layers=[layer["LayerVersionArn"]])
    assert call(lab, "layered") == ("$LATEST", "layer")


def test_code_is_updated_by_the_aws_cli(lab: Lab, tmp_path: Path) -> None:
    create(lab, "by_cli")
    package = tmp_path / "f.zip"
    package.write_bytes(packed(code="def handle(e, c): return 'by the CLI'"))
    command = [sys.executable, "-m", "awscli", "lambda", "update-function-code", "--function-name", "by_cli"]
    environment = {
        "AWS_ENDPOINT_URL": lab.cloud.endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "HOME": str(tmp_path),
    }
    done = subprocess.run(
        [*command, "--zip-file", f"fileb://{package}"], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["LastUpdateStatus"] == "Successful"
    assert call(lab, "by_cli") == ("$LATEST", "by the CLI")


def test_reserved_concurrency_of_zero_throttles(lab: Lab) -> None:
    create(lab, "still")
    lab.lambda_.put_function_concurrency(FunctionName="still", ReservedConcurrentExecutions=0)
    with pytest.raises(lab.lambda_.exceptions.TooManyRequestsException) as refused:
        call(lab, "still")
    assert refused.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    lab.lambda_.delete_function_concurrency(FunctionName="still")
    assert call(lab, "still")[0] == "$LATEST"


# -- asynchronous invocations


def queue(lab: Lab, name: str) -> tuple[str, str]:
    return lab.sqs.create_queue(QueueName=name)["QueueUrl"], lab.arn("sqs", name)


def records(lab: Lab, url: str) -> list[dict[str, Any]]:
    got = lab.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in got]


FAILS = "def handle(event, context):\n    raise ValueError('too hot')\n"


def test_failure_goes_to_its_destination_after_the_configured_retries(lab: Lab) -> None:
    url, arn = queue(lab, "failures")
    role = lab.role("fails_role", "lambda.amazonaws.com", ("sqs:SendMessage", arn), ("logs:*", "*"))
    function = create(lab, "fails", Role=role, Code={"ZipFile": packed(code=FAILS)})["FunctionArn"]
    lab.lambda_.put_function_event_invoke_config(
        FunctionName="fails", MaximumRetryAttempts=1, DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    lab.lambda_.invoke(FunctionName="fails", InvocationType="Event", Payload=b'{"t": 40}')
    assert lab.cloud.settle()
    assert records(lab, url) == []
    lab.cloud.clock.advance(61)
    [record] = wait_until(lambda: records(lab, url), within_s=10, because="a record in the queue")
    context = record["requestContext"]
    assert (context["condition"], context["approximateInvokeCount"]) == ("RetriesExhausted", 2)
    assert context["functionArn"] == f"{function}:$LATEST"
    assert record["requestPayload"] == {"t": 40}
    assert record["responsePayload"]["errorMessage"] == "too hot"


def test_success_goes_to_a_function_and_to_a_bus(lab: Lab) -> None:
    seen = lab.function("seen", "def handle(event, context):\n    print('seen', event['responsePayload'])\n")
    url, arn = queue(lab, "results")
    allow = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:*", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    lab.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    lab.events.put_rule(Name="results", EventPattern='{"source": ["lambda"]}')
    lab.events.put_targets(Rule="results", Targets=[{"Id": "1", "Arn": arn, "InputPath": "$.detail-type"}])
    able = (("lambda:InvokeFunction", seen), ("events:PutEvents", "*"), ("logs:*", "*"))
    create(lab, "works", Role=lab.role("works_role", "lambda.amazonaws.com", *able))
    for destination in (seen, lab.arn("events", "event-bus/default")):
        lab.lambda_.put_function_event_invoke_config(
            FunctionName="works", DestinationConfig={"OnSuccess": {"Destination": destination}}
        )
        lab.lambda_.invoke(FunctionName="works", InvocationType="Event", Payload=b"{}")
        assert lab.cloud.settle()
    assert any("seen" in line for line in lab.lines_of("/aws/lambda/seen", at_least=4))
    assert records(lab, url) == ["Lambda Function Invocation Result - Success"]


def test_configuration_is_kept_for_each_qualifier(lab: Lab) -> None:
    create(lab, "configured")
    lab.lambda_.publish_version(FunctionName="configured")
    put = lab.lambda_.put_function_event_invoke_config
    put(FunctionName="configured", MaximumRetryAttempts=0)
    put(FunctionName="configured", Qualifier="1", MaximumEventAgeInSeconds=60)
    lab.lambda_.update_function_event_invoke_config(FunctionName="configured", MaximumEventAgeInSeconds=120)
    found = lab.lambda_.list_function_event_invoke_configs(FunctionName="configured")["FunctionEventInvokeConfigs"]
    assert [one["FunctionArn"].rsplit(":", 1)[-1] for one in found] == ["$LATEST", "1"]
    latest = lab.lambda_.get_function_event_invoke_config(FunctionName="configured")
    assert (latest["MaximumRetryAttempts"], latest["MaximumEventAgeInSeconds"]) == (0, 120)
    lab.lambda_.delete_function_event_invoke_config(FunctionName="configured")
    with pytest.raises(lab.lambda_.exceptions.ResourceNotFoundException, match="doesn't have an EventInvokeConfig"):
        lab.lambda_.get_function_event_invoke_config(FunctionName="configured")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"MaximumRetryAttempts": 3}, "Value '3' at 'maximumRetryAttempts'"),
        ({"MaximumEventAgeInSeconds": 30_000}, "less than or equal to 21600"),
        (
            {"DestinationConfig": {"OnFailure": {"Destination": f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"}}},
            "does not have permissions to call SendMessage on arn:aws:sqs",
        ),
        (
            {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::lake"}}},
            "does not serve arn:aws:s3:::lake",
        ),
    ],
)
def test_event_invoke_configuration_is_refused(lab: Lab, settings: dict[str, Any], sentence: str) -> None:
    if "plain" not in [one["FunctionName"] for one in lab.lambda_.list_functions()["Functions"]]:
        create(lab, "plain")
    with pytest.raises(ClientError, match=sentence):
        lab.lambda_.put_function_event_invoke_config(FunctionName="plain", **settings)
