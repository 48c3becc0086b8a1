"""A stack like the pipeline course's: thing, policy, rule to Firehose to S3."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.motobase.conftest import ACCOUNT, REGION

Make = Callable[..., Any]

TEMPLATE = """
AWSTemplateFormatVersion: '2010-09-09'
Parameters:
  Environment:
    Type: String
    Default: dev
Resources:
  Device:
    Type: AWS::IoT::Thing
    DeletionPolicy: Delete
    Properties:
      ThingName: !Sub '${Environment}-device'
  DevicePolicy:
    Type: AWS::IoT::Policy
    Properties:
      PolicyName: device
      PolicyDocument:
        Version: '2012-10-17'
        Statement:
          - Effect: Allow
            Action: ['iot:Connect', 'iot:Publish']
            Resource: !Sub 'arn:aws:iot:${AWS::Region}:${AWS::AccountId}:client/${Environment}-device'
  Lake:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: !Sub '${Environment}-lake-${AWS::AccountId}'
  Group:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: /aws/kinesisfirehose/dev
  Stream:
    Type: AWS::Logs::LogStream
    Properties:
      LogGroupName: !Ref Group
      LogStreamName: delivery
  FirehoseRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement:
          - Effect: Allow
            Principal: {Service: [firehose.amazonaws.com, iot.amazonaws.com]}
            Action: sts:AssumeRole
      Policies:
        - PolicyName: write
          PolicyDocument:
            Version: '2012-10-17'
            Statement:
              - {Effect: Allow, Action: 's3:PutObject', Resource: '*'}
  Delivery:
    Type: AWS::KinesisFirehose::DeliveryStream
    DependsOn: FirehoseRole
    Properties:
      DeliveryStreamName: !Sub '${Environment}-delivery'
      DeliveryStreamType: DirectPut
      S3DestinationConfiguration:
        BucketARN: !GetAtt Lake.Arn
        RoleARN: !GetAtt FirehoseRole.Arn
        BufferingHints: {IntervalInSeconds: 60, SizeInMBs: 1}
        CompressionFormat: GZIP
        Prefix: data/
        ErrorOutputPrefix: error/
  Rule:
    Type: AWS::IoT::TopicRule
    Properties:
      RuleName: !Sub '${Environment}rule'
      TopicRulePayload:
        Actions:
          - Firehose:
              DeliveryStreamName: !Ref Delivery
              RoleArn: !GetAtt FirehoseRole.Arn
              Separator: "\\n"
        AwsIotSqlVersion: '2016-03-23'
        Sql: SELECT topic() as topic, * FROM 'readings/+'
        RuleDisabled: false
Outputs:
  RuleArn:
    Value: !GetAtt Rule.Arn
"""


def test_pipeline_stack_is_made_and_removed(client: Make) -> None:
    stacks, iot, firehose = client("cloudformation"), client("iot"), client("firehose")
    stacks.create_stack(StackName="pipeline", TemplateBody=TEMPLATE, Capabilities=["CAPABILITY_IAM"])
    (stack,) = stacks.describe_stacks(StackName="pipeline")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert stack["Outputs"][0]["OutputValue"] == f"arn:aws:iot:{REGION}:{ACCOUNT}:rule/devrule"
    rule = iot.get_topic_rule(ruleName="devrule")["rule"]
    assert rule["actions"][0]["firehose"]["deliveryStreamName"] == "dev-delivery"
    assert (rule["awsIotSqlVersion"], rule["ruleDisabled"]) == ("2016-03-23", False)
    assert json.loads(iot.get_policy(policyName="device")["policyDocument"])["Statement"][0]["Effect"] == "Allow"
    stacks.delete_stack(StackName="pipeline")
    assert iot.list_topic_rules()["rules"] == []
    assert iot.list_things()["things"] == []
    assert firehose.list_delivery_streams()["DeliveryStreamNames"] == []


def test_changed_rule_is_replaced_by_an_update(client: Make) -> None:
    stacks, iot = client("cloudformation"), client("iot")
    stacks.create_stack(StackName="pipeline", TemplateBody=TEMPLATE)
    changed = TEMPLATE.replace("readings/+", "values/+").replace("'iot:Connect', ", "")
    stacks.update_stack(StackName="pipeline", TemplateBody=changed)
    assert "values/+" in iot.get_topic_rule(ruleName="devrule")["rule"]["sql"]
    assert "iot:Connect" not in iot.get_policy(policyName="device")["policyDocument"]


def test_template_with_a_type_that_is_not_served_is_refused_as_a_whole(client: Make) -> None:
    stacks = client("cloudformation")
    template = TEMPLATE.replace("AWS::Logs::LogStream", "AWS::Serverless::Function")
    with pytest.raises(ClientError, match="Unrecognized resource types: \\[AWS::Serverless::Function\\]") as refusal:
        stacks.create_stack(StackName="pipeline", TemplateBody=template)
    assert refusal.value.response["Error"]["Code"] == "ValidationError"
    assert client("iot").list_things()["things"] == []


def test_rule_with_nonsense_sql_is_refused_by_the_stack(client: Make) -> None:
    stacks = client("cloudformation")
    template = TEMPLATE.replace("SELECT topic() as topic, * FROM 'readings/+'", "nonsense")
    with pytest.raises(ClientError, match="Unexpected token nonsense"):
        stacks.create_stack(StackName="pipeline", TemplateBody=template)
