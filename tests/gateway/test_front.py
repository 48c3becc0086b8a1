"""The gateway answers real boto3 clients, and refuses what it does not serve at once and by name."""

from __future__ import annotations

import time

import boto3
import pytest
from botocore.exceptions import ClientError

from labcloud.api import AccessKey, ApiRequest, Caller, Served
from labcloud.errors import AccessDenied
from labcloud.gateway.front import Front
from labcloud.motobase.backends import ACCOUNT_ID, MotoBackends
from labcloud.shell.http import HttpServer


class Callers:
    def access_key(self, access_key_id):
        return AccessKey(Caller(ACCOUNT_ID, f"arn:aws:iam::{ACCOUNT_ID}:root", access_key_id))


class Authoriser:
    def __init__(self):
        self.seen: list[ApiRequest] = []

    def authorise(self, request):
        self.seen.append(request)
        if request.caller.access_key_id == "FORBIDDEN":
            raise AccessDenied("User: x is not authorized to perform: y")


OURS = {
    "quicksight": Served(
        {"ListDashboards": lambda request: {"DashboardSummaryList": [{"Name": request.region}], "Status": 200}},
        rest_by_moto=False,
    )
}


@pytest.fixture(scope="module")
def front():
    front = Front(Callers(), Authoriser(), MotoBackends(), lambda service: OURS.get(service, Served()))
    server = HttpServer("127.0.0.1", 0, front.answer)
    server.start()
    front.url = f"http://127.0.0.1:{server.port}"
    yield front
    server.stop()


def client(front, service, key="test"):
    return boto3.client(
        service,
        endpoint_url=front.url,
        region_name="eu-west-1",
        aws_access_key_id=key,
        aws_secret_access_key="test",
    )


def test_our_own_service_answers_by_its_table_of_operations(front):
    dashboards = client(front, "quicksight").list_dashboards(AwsAccountId=ACCOUNT_ID)
    assert dashboards["DashboardSummaryList"] == [{"Name": "eu-west-1"}]


@pytest.mark.parametrize("service", ["sts", "sns", "dynamodb", "lambda", "s3", "iot"])
def test_moto_answers_in_every_protocol(front, service):
    call = {
        "sts": "get_caller_identity",
        "sns": "list_topics",
        "dynamodb": "list_tables",
        "lambda": "list_functions",
        "s3": "list_buckets",
        "iot": "list_things",
    }[service]
    assert getattr(client(front, service), call)()["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize(
    ("service", "call", "arguments"),
    [
        ("quicksight", "list_analyses", {"AwsAccountId": ACCOUNT_ID}),
        ("iot", "list_fleet_metrics", {}),
        ("ec2", "describe_instances", {}),
        ("cloudwatch", "describe_alarm_contributors", {"AlarmName": "x"}),
    ],
)
def test_what_is_not_served_is_refused_by_name_without_retries(front, service, call, arguments):
    begun = time.monotonic()
    with pytest.raises(ClientError) as refused:
        getattr(client(front, service), call)(**arguments)
    error = refused.value.response
    assert error["Error"]["Code"] == "NotImplementedException"
    assert error["Error"]["Message"].startswith(f"The local cloud does not serve {service}")
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert error["ResponseMetadata"]["RetryAttempts"] == 0
    assert time.monotonic() - begun < 30


def test_what_moto_would_accept_and_never_do_is_refused_with_the_reason(front):
    with pytest.raises(ClientError, match="lambda CreateFunctionUrlConfig: the URL would not be served"):
        client(front, "lambda").create_function_url_config(FunctionName="f", AuthType="NONE")


def test_every_refused_operation_is_one_of_aws():
    from labcloud.gateway.refused import NEVER_DONE
    from labcloud.motobase.wire import operations_of

    unknown = [
        f"{service} {name}"
        for service, names in NEVER_DONE.items()
        for name in set(names) - set(operations_of(service))
    ]
    assert unknown == []


def test_a_refused_caller_gets_the_error_of_the_service(front):
    with pytest.raises(ClientError) as refused:
        client(front, "dynamodb", "FORBIDDEN").list_tables()
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def test_the_authoriser_sees_parameters_by_the_models_names(front):
    client(front, "iot-data").publish(topic="a/b", qos=1, payload=b"\x00\x01")
    seen = front.authoriser.seen[-1]
    assert (seen.service, seen.operation) == ("iot-data", "Publish")
    assert seen.parameters == {"topic": "a/b", "qos": 1, "payload": b"\x00\x01"}


def test_an_unsigned_request_is_told_to_sign(front):
    import urllib.error
    import urllib.request

    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(front.url + "/anything")
    assert refused.value.code == 403
    assert b"not signed" in refused.value.read()
