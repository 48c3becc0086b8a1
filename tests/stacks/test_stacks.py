"""Stacks: the pipeline of the sibling system, updates, rollback, refusals, change sets, SAM."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.stacks.conftest import Stacks

PIPELINE = """
AWSTemplateFormatVersion: "2010-09-09"
Description: IoT Core to S3 in batches
Parameters:
  Environment: {Type: String, Default: dev, AllowedValues: [dev, prod]}
  IotTopicName: {Type: String, Default: sensors}
Conditions:
  IsProd: !Equals [!Ref Environment, prod]
Resources:
  IoTThing:
    Type: AWS::IoT::Thing
    DeletionPolicy: Delete
    Properties: {ThingName: !Sub "${Environment}-iot-thing-321"}
  IoTPolicy:
    Type: AWS::IoT::Policy
    Properties:
      PolicyName: IotPolicy
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Action: ["iot:Connect", "iot:Publish"]
            Resource:
              - !Sub "arn:aws:iot:${AWS::Region}:${AWS::AccountId}:client/${Environment}-iot-thing-321"
              - !Sub "arn:aws:iot:${AWS::Region}:${AWS::AccountId}:topic/${IotTopicName}/*"
  RawDataBucket:
    Type: AWS::S3::Bucket
    Properties: {BucketName: !Join ["-", [!Ref Environment, raw]]}
  FirehoseRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: firehose.amazonaws.com}, Action: "sts:AssumeRole"}]
      Policies:
        - PolicyName: deliver
          PolicyDocument:
            Version: "2012-10-17"
            Statement: [{Effect: Allow, Action: ["s3:*"], Resource: [!GetAtt RawDataBucket.Arn, !Sub "${RawDataBucket.Arn}/*"]}]
  FirehoseDeliveryStream:
    Type: AWS::KinesisFirehose::DeliveryStream
    DependsOn: [FirehoseRole]
    Properties:
      DeliveryStreamName: !Sub "${Environment}-stream"
      DeliveryStreamType: DirectPut
      S3DestinationConfiguration:
        BucketARN: !GetAtt RawDataBucket.Arn
        RoleARN: !GetAtt FirehoseRole.Arn
        BufferingHints: {IntervalInSeconds: 60, SizeInMBs: 1}
        CompressionFormat: GZIP
        Prefix: !Sub "${Environment}/data/"
        ErrorOutputPrefix: !Sub "${Environment}/error/"
  IotRoleFirehose:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: iot.amazonaws.com}, Action: "sts:AssumeRole"}]
      Policies:
        - PolicyName: put
          PolicyDocument:
            Version: "2012-10-17"
            Statement: [{Effect: Allow, Action: "firehose:PutRecord", Resource: !GetAtt FirehoseDeliveryStream.Arn}]
  IoTRuleTopic:
    Type: AWS::IoT::TopicRule
    Properties:
      RuleName: !Sub "${Environment}iotrule321"
      TopicRulePayload:
        Actions:
          - Firehose: {DeliveryStreamName: !Ref FirehoseDeliveryStream, RoleArn: !GetAtt IotRoleFirehose.Arn, Separator: "\\n"}
        AwsIotSqlVersion: "2016-03-23"
        Sql: !Sub SELECT topic() as topic, * FROM '${IotTopicName}/+'
        RuleDisabled: false
  ProdGroup:
    Type: AWS::Logs::LogGroup
    Condition: IsProd
    Properties: {RetentionInDays: 7}
Outputs:
  Bucket: {Value: !Ref RawDataBucket, Export: {Name: !Sub "${AWS::StackName}-bucket"}}
"""


def test_pipeline_stack_carries_messages_into_the_bucket(stacks: Stacks) -> None:
    stack = stacks.create(PIPELINE)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stacks.reasons()
    assert stack["Outputs"] == [{"OutputKey": "Bucket", "OutputValue": "dev-raw", "ExportName": "pipe-bucket"}]
    stacks.lab.publish("sensors/a", {"message": "hello"})
    stacks.lab.cloud.clock.advance(61)
    assert stacks.lab.cloud.settle()
    [(key, body)] = stacks.lab.objects_in("dev-raw").items()
    assert key.startswith("dev/data/")
    assert json.loads(gzip.decompress(body)) == {"topic": "sensors/a", "message": "hello"}
    logical = [
        one["LogicalResourceId"] for one in stacks.api.list_stack_resources(StackName="pipe")["StackResourceSummaries"]
    ]
    assert "ProdGroup" not in logical


def test_update_changes_in_place_adds_and_removes(stacks: Stacks) -> None:
    stacks.create(PIPELINE)
    changed = PIPELINE.replace("SELECT topic() as topic, *", "SELECT 1 AS one").replace(
        "Resources:", "Resources:\n  More: {Type: AWS::SNS::Topic}"
    )
    changed = changed.replace(
        '  IoTThing:\n    Type: AWS::IoT::Thing\n    DeletionPolicy: Delete\n    Properties: {ThingName: !Sub "${Environment}-iot-thing-321"}\n',
        "",
    )
    assert stacks.update(changed)["StackStatus"] == "UPDATE_COMPLETE", stacks.reasons()
    assert stacks.lab.iot.get_topic_rule(ruleName="deviotrule321")["rule"]["sql"] == "SELECT 1 AS one FROM 'sensors/+'"
    assert stacks.lab.iot.list_things()["things"] == []
    assert len(stacks.lab.sns.list_topics()["Topics"]) == 1
    with pytest.raises(ClientError, match="No updates are to be performed"):
        stacks.update(changed)


def test_deleted_stack_leaves_nothing(stacks: Stacks) -> None:
    stacks.create(PIPELINE)
    assert stacks.delete()["StackStatus"] == "DELETE_COMPLETE", stacks.reasons()
    lab = stacks.lab
    assert (lab.iot.list_things()["things"], lab.iot.list_policies()["policies"]) == ([], [])
    assert (lab.iot.list_topic_rules()["rules"], lab.firehose.list_delivery_streams()["DeliveryStreamNames"]) == (
        [],
        [],
    )
    assert (stacks.buckets(), lab.iam.list_roles()["Roles"]) == ([], [])
    with pytest.raises(ClientError, match="Stack with id pipe does not exist"):
        stacks.api.describe_stacks(StackName="pipe")


def test_bucket_with_objects_makes_the_deletion_fail(stacks: Stacks) -> None:
    template = {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "full"}}}}
    stacks.create(template)
    stacks.lab.s3.put_object(Bucket="full", Key="a", Body=b"")
    assert stacks.delete()["StackStatus"] == "DELETE_FAILED"
    assert "The bucket you tried to delete is not empty" in stacks.reasons()


BROKEN: dict[str, Any] = {
    "Resources": {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "first"}},
        "Rule": {
            "Type": "AWS::IoT::TopicRule",
            "DependsOn": "Bucket",
            "Properties": {"TopicRulePayload": {"Sql": "SELEC", "Actions": []}},
        },
    }
}


def test_failed_creation_is_rolled_back_with_its_reason(stacks: Stacks) -> None:
    assert stacks.create(BROKEN)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert stacks.history() == [
        ("pipe", "CREATE_IN_PROGRESS"),
        ("Bucket", "CREATE_IN_PROGRESS"),
        ("Bucket", "CREATE_COMPLETE"),
        ("Rule", "CREATE_IN_PROGRESS"),
        ("Rule", "CREATE_FAILED"),
        ("pipe", "ROLLBACK_IN_PROGRESS"),
        ("Bucket", "DELETE_IN_PROGRESS"),
        ("Bucket", "DELETE_COMPLETE"),
        ("pipe", "ROLLBACK_COMPLETE"),
    ]
    assert "expected SELECT at the start of the statement" in stacks.reasons()
    assert stacks.buckets() == []
    with pytest.raises(ClientError, match="is in ROLLBACK_COMPLETE state and can not be updated"):
        stacks.update(BROKEN)


def test_failed_update_brings_the_old_state_back(stacks: Stacks) -> None:
    good = {"Resources": {"Bucket": BROKEN["Resources"]["Bucket"]}}
    stacks.create(good)
    assert stacks.update(BROKEN)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.buckets() == ["first"]
    assert json.loads(json.dumps(stacks.api.get_template(StackName="pipe")["TemplateBody"])) == good


def test_function_of_a_stack_is_checked_as_any_function(stacks: Stacks) -> None:
    function = {
        "Runtime": "python3.7",
        "Handler": "index.handler",
        "Role": "arn:aws:iam::123456789012:role/r",
        "Code": {"ZipFile": "x"},
    }
    assert (
        stacks.create({"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": function}}})["StackStatus"]
        == "ROLLBACK_COMPLETE"
    )
    assert "The runtime parameter of python3.7 is no longer supported" in stacks.reasons()


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        (
            {"Resources": {"Vpc": {"Type": "AWS::EC2::VPC"}}},
            r"Unrecognized resource types: \[AWS::EC2::VPC\].*Vpc \(AWS::EC2::VPC\)",
        ),
        (
            {"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"KmsMasterKeyId": "k"}}}},
            "KmsMasterKeyId of AWS::SQS::Queue",
        ),
        ({"Resources": {}}, "At least one Resources member must be defined"),
        ({"Resources": {"A": {"Properties": {}}}}, "must contain a Type member"),
        ({"Resorces": {}}, r"Invalid template property or properties \[Resorces\]"),
        ("Resources: [", "YAML not well-formed"),
        (
            {"Parameters": {"P": {"Type": "String"}}, "Resources": {"T": {"Type": "AWS::SNS::Topic"}}},
            r"Parameters: \[P\] must have values",
        ),
        (
            {
                "Resources": {
                    "A": {"Type": "AWS::SNS::Topic", "DependsOn": "B"},
                    "B": {"Type": "AWS::SNS::Topic", "DependsOn": "A"},
                }
            },
            r"Circular dependency between resources: \[A, B\]",
        ),
        (
            {"Resources": {"A": {"Type": "AWS::SNS::Topic", "DependsOn": "X"}}},
            r"Unresolved resource dependencies \[X\]",
        ),
    ],
)
def test_template_is_refused_as_a_whole(stacks: Stacks, template: Any, sentence: str) -> None:
    with pytest.raises(ClientError, match=sentence) as refused:
        stacks.create(template)
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    assert stacks.api.describe_stacks()["Stacks"] == []


def test_roles_need_a_capability(stacks: Stacks) -> None:
    with pytest.raises(ClientError, match=r"Requires capabilities : \[CAPABILITY_IAM\]"):
        stacks.api.create_stack(StackName="pipe", TemplateBody=PIPELINE)


def test_change_set_shows_changes_before_they_happen(stacks: Stacks) -> None:
    given = {
        "StackName": "pipe",
        "ChangeSetName": "first",
        "TemplateBody": PIPELINE,
        "Capabilities": ["CAPABILITY_IAM"],
    }
    stacks.api.create_change_set(**given, ChangeSetType="CREATE")
    shown = stacks.api.describe_change_set(StackName="pipe", ChangeSetName="first")
    assert shown["Status"] == "CREATE_COMPLETE"
    assert {"Add"} == {change["ResourceChange"]["Action"] for change in shown["Changes"]}
    assert stacks.buckets() == []
    stacks.api.execute_change_set(StackName="pipe", ChangeSetName="first")
    assert stacks.done("pipe")["StackStatus"] == "CREATE_COMPLETE"
    stacks.api.create_change_set(**{**given, "ChangeSetName": "second"})
    assert stacks.api.describe_change_set(StackName="pipe", ChangeSetName="second")["Status"] == "FAILED"


def test_export_of_one_stack_is_imported_by_another(stacks: Stacks) -> None:
    one = {
        "Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "t"}}},
        "Outputs": {"O": {"Value": {"Ref": "T"}, "Export": {"Name": "topic"}}},
    }
    stacks.create(one, "one")
    other = {
        "Resources": {
            "Q": {
                "Type": "AWS::SQS::Queue",
                "Properties": {"QueueName": {"Fn::Select": [5, {"Fn::Split": [":", {"Fn::ImportValue": "topic"}]}]}},
            }
        }
    }
    assert stacks.create(other, "other")["StackStatus"] == "CREATE_COMPLETE"
    assert stacks.lab.sqs.list_queues()["QueueUrls"][0].endswith("/t")


SAM = """
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Timeout: 5, Runtime: python3.12}}
Resources:
  Parse:
    Type: AWS::Serverless::Function
    Properties:
      Handler: index.handler
      InlineCode: |
        def handler(event, context):
            print("parsed", event)
      Events:
        Hot: {Type: IoTRule, Properties: {Sql: "SELECT * FROM 'hot'", AwsIotSqlVersion: "2016-03-23"}}
        Tick: {Type: Schedule, Properties: {Schedule: rate(1 hour)}}
        New: {Type: S3, Properties: {Bucket: !Ref Lake, Events: "s3:ObjectCreated:*"}}
  Lake: {Type: AWS::S3::Bucket, Properties: {BucketName: lake}}
"""


def test_serverless_function_becomes_role_function_and_sources(stacks: Stacks) -> None:
    stacks.api.create_stack(
        StackName="sam", TemplateBody=SAM, Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    )
    assert stacks.done("sam")["StackStatus"] == "CREATE_COMPLETE", stacks.reasons("sam")
    [function] = stacks.lab.lambda_.list_functions()["Functions"]
    assert (function["Timeout"], function["Runtime"]) == (5, "python3.12")
    stacks.lab.publish("hot", {"from": "rule"})
    stacks.lab.s3.put_object(Bucket="lake", Key="a", Body=b"")
    stacks.lab.cloud.clock.advance(3_601)
    assert stacks.lab.cloud.settle()

    lines = " ".join(stacks.lab.lines_of(f"/aws/lambda/{function['FunctionName']}", at_least=9))
    assert "'from': 'rule'" in lines
    assert "Scheduled Event" in lines
    assert "ObjectCreated" in lines
    with pytest.raises(ClientError, match="CAPABILITY_AUTO_EXPAND"):
        stacks.create(SAM, "again")


def table(**properties: Any) -> dict[str, Any]:
    keys = {
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    }
    return {"Resources": {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": {**keys, **properties}}}}


def test_replacement_is_made_before_the_old_one_goes(stacks: Stacks) -> None:
    stacks.create(table())
    [old] = stacks.lab.dynamodb.list_tables()["TableNames"]
    other = table(AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}])
    assert stacks.update(other)["StackStatus"] == "UPDATE_COMPLETE", stacks.reasons()
    [new] = stacks.lab.dynamodb.list_tables()["TableNames"]
    assert new != old


def test_named_resource_is_not_replaced_and_keeps_its_data(stacks: Stacks) -> None:
    stacks.create(table(TableName="readings"))
    other = table(TableName="readings", AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}])
    assert stacks.update(other)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "Rename readings and update the stack again" in stacks.reasons()
    described = stacks.lab.dynamodb.describe_table(TableName="readings")["Table"]
    assert described["AttributeDefinitions"][0]["AttributeType"] == "S"


def test_state_machine_of_a_stack_runs_and_is_changed_in_place(stacks: Stacks) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]}},
    }

    def template(said: str) -> dict[str, Any]:
        definition = {"StartAt": "Say", "States": {"Say": {"Type": "Pass", "Result": "${word}", "End": True}}}
        properties = {
            "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
            "Definition": definition,
            "DefinitionSubstitutions": {"word": said},
        }
        machine = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
        return {"Resources": {"Role": role, "Machine": machine}, "Outputs": {"Arn": {"Value": {"Ref": "Machine"}}}}

    def said(stack: dict[str, Any]) -> str:
        [output] = stack["Outputs"]
        api = stacks.lab.stepfunctions
        execution = api.start_execution(stateMachineArn=output["OutputValue"])["executionArn"]
        return str(api.describe_execution(executionArn=execution)["output"])

    assert said(stacks.create(template("hello"))) == '"hello"'
    assert said(stacks.update(template("goodbye"))) == '"goodbye"'
    stacks.delete()
    assert stacks.lab.stepfunctions.list_state_machines()["stateMachines"] == []
