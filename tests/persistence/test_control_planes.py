"""What was made through the API is there after `kill -9`, with the same ids, secrets and links."""

from __future__ import annotations

import io
import json
import zipfile

import boto3

from tests.persistence.process import CloudProcess, Device

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
ALLOW = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
LOGS = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def package(code: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", code)
    return buffer.getvalue()


def make_function(cloud: CloudProcess, name: str, code: str = "def handler(event, context): return event") -> str:
    iam = cloud.client("iam")
    role = iam.create_role(RoleName=f"{name}_role", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.attach_role_policy(RoleName=f"{name}_role", PolicyArn=LOGS)
    return cloud.client("lambda").create_function(
        FunctionName=name, Runtime="python3.11", Role=role, Handler="app.handler", Code={"ZipFile": package(code)}
    )["FunctionArn"]


def without_metadata(answer: dict) -> dict:
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


def test_roles_keep_their_ids_policies_and_access_keys(cloud):
    iam = cloud.client("iam")
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST, Tags=[{"Key": "a", "Value": "b"}])["Role"]
    iam.put_role_policy(RoleName="r", PolicyName="inline", PolicyDocument=ALLOW)
    iam.attach_role_policy(RoleName="r", PolicyArn=LOGS)
    iam.create_user(UserName="u")
    key = iam.create_access_key(UserName="u")["AccessKey"]
    cloud.kill_and_start()
    assert iam.get_role(RoleName="r")["Role"]["RoleId"] == role["RoleId"]
    assert iam.get_role_policy(RoleName="r", PolicyName="inline")["PolicyDocument"]["Version"] == "2012-10-17"
    assert iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"][0]["PolicyArn"] == LOGS
    assert iam.list_access_keys(UserName="u")["AccessKeyMetadata"][0]["AccessKeyId"] == key["AccessKeyId"]


def test_sessions_of_roles_go_on(cloud):
    cloud.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    role_arn = "arn:aws:iam::123456789012:role/r"
    session = cloud.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="s")["Credentials"]
    cloud.kill_and_start()
    sts = boto3.client(
        "sts",
        endpoint_url=cloud.url,
        region_name="eu-west-1",
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    assert sts.get_caller_identity()["Arn"] == "arn:aws:sts::123456789012:assumed-role/r/s"


def test_a_function_runs_with_its_code_and_its_log_goes_on(cloud):
    make_function(cloud, "f", "def handler(event, context):\n    print('seen', event)\n    return {'got': event}")
    functions, logs = cloud.client("lambda"), cloud.client("logs")
    before = functions.get_function(FunctionName="f")["Configuration"]
    functions.publish_version(FunctionName="f")
    functions.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    functions.invoke(FunctionName="f", Payload=b'{"n": 1}')
    cloud.kill_and_start()
    assert functions.get_function(FunctionName="f")["Configuration"] == before
    answer = functions.invoke(FunctionName="f", Qualifier="live", Payload=b'{"n": 2}')
    assert json.load(answer["Payload"]) == {"got": {"n": 2}}
    events = logs.filter_log_events(logGroupName="/aws/lambda/f")["events"]
    assert [e["message"].strip() for e in events if "seen" in e["message"]] == ["seen {'n': 1}", "seen {'n': 2}"]


def test_a_function_updated_after_a_restart_keeps_the_published_code(cloud):
    make_function(cloud, "f", "def handler(event, context): return 'old'")
    functions = cloud.client("lambda")
    functions.publish_version(FunctionName="f")
    cloud.kill_and_start()
    functions.update_function_code(FunctionName="f", ZipFile=package("def handler(event, context): return 'new'"))
    cloud.kill_and_start()
    assert json.load(functions.invoke(FunctionName="f")["Payload"]) == "new"
    assert json.load(functions.invoke(FunctionName="f", Qualifier="1")["Payload"]) == "old"


def test_a_certificate_still_connects_and_its_policy_still_decides(cloud, tmp_path):
    device = Device(cloud, tmp_path)
    cloud.kill_and_start()
    client = device.connect("after")
    client.subscribe("a/#")
    client.publish("a/b", b"1")
    client.close()
    cloud.client("iot").update_certificate(certificateId=device.certificate_id, newStatus="INACTIVE")
    cloud.kill_and_start()
    status = cloud.client("iot").describe_certificate(certificateId=device.certificate_id)["certificateDescription"]
    assert status["status"] == "INACTIVE"


def test_the_endpoint_and_the_certificate_authority_stay_the_same(cloud):
    iot = cloud.client("iot")
    endpoint = iot.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"]
    authority = (cloud.state_dir / "ca" / "ca.pem").read_bytes()
    cloud.stop().start()
    assert iot.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"] == endpoint
    assert (cloud.state_dir / "ca" / "ca.pem").read_bytes() == authority


def test_quicksight_scheduler_alarms_topics_and_secrets_are_there(cloud):
    account = {"AwsAccountId": "123456789012"}
    quicksight = cloud.client("quicksight")
    quicksight.create_data_source(
        **account,
        DataSourceId="d",
        Name="d",
        Type="S3",
        DataSourceParameters={"S3Parameters": {"ManifestFileLocation": {"Bucket": "bucket", "Key": "key"}}},
    )
    cloud.client("sns").create_topic(Name="t")
    cloud.client("secretsmanager").create_secret(Name="s", SecretString="hush")
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName="a",
        Namespace="n",
        MetricName="m",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        Statistic="Sum",
    )
    before = without_metadata(quicksight.describe_data_source(**account, DataSourceId="d"))
    cloud.kill_and_start()
    after = without_metadata(quicksight.describe_data_source(**account, DataSourceId="d"))
    assert {**after, "RequestId": ""} == {**before, "RequestId": ""}
    assert len(cloud.client("sns").list_topics()["Topics"]) == 1
    assert cloud.client("secretsmanager").get_secret_value(SecretId="s")["SecretString"] == "hush"
    assert cloud.client("cloudwatch").describe_alarms()["MetricAlarms"][0]["AlarmName"] == "a"


def test_what_was_deleted_stays_deleted(cloud):
    iam, dynamodb = cloud.client("iam"), cloud.client("dynamodb")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    iam.delete_role(RoleName="r")
    make_table(dynamodb)
    dynamodb.put_item(TableName="t", Item={"k": {"S": "old"}})
    dynamodb.delete_table(TableName="t")
    make_table(dynamodb)
    cloud.kill_and_start()
    assert [role for role in iam.list_roles()["Roles"] if role["RoleName"] == "r"] == []
    assert dynamodb.scan(TableName="t")["Items"] == []


def make_table(dynamodb) -> None:
    dynamodb.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
