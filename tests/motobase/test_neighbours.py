"""Small gaps of SageMaker, S3 and Step Functions."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::123456789012:role/service-role"
Make = Callable[..., Any]


def notebook(client: Make) -> Any:
    """A SageMaker client of a cloud with the notebook instance "analysis"."""
    api = client("sagemaker")
    api.create_notebook_instance(NotebookInstanceName="analysis", InstanceType="ml.t3.medium", RoleArn=ROLE)
    return api


def test_running_notebook_instance_is_not_updated(client: Make) -> None:
    api = notebook(client)
    with pytest.raises(ClientError, match="Unable to transition to \\(Updating\\)"):
        api.update_notebook_instance(NotebookInstanceName="analysis", InstanceType="ml.t3.large")


def test_stopped_notebook_instance_is_updated_and_loses_its_lifecycle_configuration(client: Make) -> None:
    api = client("sagemaker")
    api.create_notebook_instance_lifecycle_config(NotebookInstanceLifecycleConfigName="install")
    api.create_notebook_instance(
        NotebookInstanceName="analysis", InstanceType="ml.t3.medium", RoleArn=ROLE, LifecycleConfigName="install"
    )
    api.stop_notebook_instance(NotebookInstanceName="analysis")
    api.update_notebook_instance(
        NotebookInstanceName="analysis", InstanceType="ml.t3.large", DisassociateLifecycleConfig=True
    )
    described = api.describe_notebook_instance(NotebookInstanceName="analysis")
    assert described["InstanceType"] == "ml.t3.large"
    assert "NotebookInstanceLifecycleConfigName" not in described


def test_notebook_instance_with_a_missing_lifecycle_configuration_is_refused(client: Make) -> None:
    with pytest.raises(ClientError, match="NotebookInstanceLifecycleConfig install does not exist"):
        client("sagemaker").create_notebook_instance(
            NotebookInstanceName="a", InstanceType="ml.t3.medium", RoleArn=ROLE, LifecycleConfigName="install"
        )


def test_lifecycle_configuration_is_updated_and_tagged(client: Make) -> None:
    api = client("sagemaker")
    name = {"NotebookInstanceLifecycleConfigName": "install"}
    arn = api.create_notebook_instance_lifecycle_config(OnStart=[{"Content": "YQ=="}], **name)[
        "NotebookInstanceLifecycleConfigArn"
    ]
    api.update_notebook_instance_lifecycle_config(OnCreate=[{"Content": "Yg=="}], **name)
    described = api.describe_notebook_instance_lifecycle_config(**name)
    assert (described["OnCreate"], described["OnStart"]) == ([{"Content": "Yg=="}], [])
    api.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}])
    assert api.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "1"}]


def test_tag_with_a_known_key_replaces_the_old_one(client: Make) -> None:
    api = notebook(client)
    arn = api.describe_notebook_instance(NotebookInstanceName="analysis")["NotebookInstanceArn"]
    for value in ("1", "2"):
        api.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": value}])
    assert api.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "2"}]


def test_versioned_bucket_with_notifications_can_be_emptied_marker_last(client: Make) -> None:
    s3, topic = client("s3"), client("sns").create_topic(Name="t")["TopicArn"]
    s3.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
    events = {"TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectRemoved:*"]}]}
    s3.put_bucket_notification_configuration(Bucket="lake", NotificationConfiguration=events)
    version = s3.put_object(Bucket="lake", Key="a", Body=b"x")["VersionId"]
    marker = s3.delete_object(Bucket="lake", Key="a")["VersionId"]
    s3.delete_object(Bucket="lake", Key="a", VersionId=version)
    s3.delete_object(Bucket="lake", Key="a", VersionId=marker)
    assert "Versions" not in s3.list_object_versions(Bucket="lake")
    s3.delete_bucket(Bucket="lake")


def test_state_machine_of_moto_has_no_versions_until_one_is_published(client: Make) -> None:
    api = client("stepfunctions")
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    arn = api.create_state_machine(name="m", definition=definition, roleArn=ROLE)["stateMachineArn"]
    assert api.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"] == []


def test_tags_of_a_new_stream_are_kept_and_changed(client: Make) -> None:
    api = client("kinesis")
    api.create_stream(StreamName="readings", ShardCount=1, Tags={"a": "1"})
    arn = api.describe_stream(StreamName="readings")["StreamDescription"]["StreamARN"]
    assert api.list_tags_for_stream(StreamName="readings")["Tags"] == [{"Key": "a", "Value": "1"}]
    api.tag_resource(ResourceARN=arn, Tags={"b": "2"})
    api.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert api.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
