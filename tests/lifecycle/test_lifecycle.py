"""Lifecycle configurations in a cloud: boto3 and Terraform put them, the lab clock's midnights carry them out."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.motobase.terraform import Terraform
from tests.running import REGION, Lab, running_lab
from tests.terraform_life import whole_life

DAY = 86_400


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with running_lab() as lab:
        yield lab


@pytest.fixture
def bucket(lab: Lab, request: pytest.FixtureRequest) -> str:
    name = f"b{abs(hash(request.node.name)) % 10**12}"
    lab.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


def rule(**members: Any) -> dict[str, Any]:
    return {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, **members}


def put(lab: Lab, bucket: str, *rules: dict[str, Any], **more: Any) -> None:
    lab.s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": list(rules)}, **more)


def days_pass(lab: Lab, days: int) -> None:
    """So many days and the midnight after them."""
    lab.cloud.clock.advance((days + 1) * DAY)


def keys(lab: Lab, bucket: str) -> list[str]:
    return [entry["Key"] for entry in lab.s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def test_a_configuration_is_given_back_as_it_was_put(lab: Lab, bucket: str) -> None:
    with pytest.raises(ClientError, match="NoSuchLifecycleConfiguration"):
        lab.s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    rules = [
        rule(
            Filter={"And": {"Prefix": "a", "Tags": [{"Key": "k", "Value": "v"}], "ObjectSizeLessThan": 5}},
            Expiration={"Days": 9},
        ),
        {"Status": "Disabled", "Prefix": "b", "Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]},
    ]
    put(lab, bucket, *rules, TransitionDefaultMinimumObjectSize="varies_by_storage_class")
    found = lab.s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    assert found["TransitionDefaultMinimumObjectSize"] == "varies_by_storage_class"
    assert found["Rules"][0] == rules[0]
    assert found["Rules"][1].pop("ID")
    assert found["Rules"][1] == rules[1]
    lab.s3.delete_bucket_lifecycle(Bucket=bucket)
    with pytest.raises(ClientError, match="NoSuchLifecycleConfiguration"):
        lab.s3.get_bucket_lifecycle_configuration(Bucket=bucket)


def test_what_s3_refuses_is_refused_over_the_api(lab: Lab, bucket: str) -> None:
    with pytest.raises(ClientError, match="'Days' for Expiration action must be a positive integer") as refused:
        put(lab, bucket, rule(Expiration={"Days": 0}))
    assert refused.value.response["Error"]["Code"] == "InvalidArgument"
    with pytest.raises(ClientError, match="NoSuchBucket"):
        put(lab, "no-such-bucket", rule(Expiration={"Days": 1}))


def test_objects_expire_when_their_days_are_over_on_the_lab_clock(lab: Lab, bucket: str) -> None:
    put(lab, bucket, rule(Filter={"Prefix": "logs/"}, Expiration={"Days": 3}))
    lab.s3.put_object(Bucket=bucket, Key="logs/old", Body=b"1")
    lab.s3.put_object(Bucket=bucket, Key="kept", Body=b"1")
    lab.cloud.clock.advance(2 * DAY)
    lab.s3.put_object(Bucket=bucket, Key="logs/new", Body=b"1")
    assert keys(lab, bucket) == ["kept", "logs/new", "logs/old"]
    lab.cloud.clock.advance(2 * DAY)
    assert keys(lab, bucket) == ["kept", "logs/new"]
    days_pass(lab, 30)
    assert keys(lab, bucket) == ["kept"]


def test_tags_and_sizes_choose(lab: Lab, bucket: str) -> None:
    put(
        lab, bucket,
        rule(ID="tagged", Filter={"Tag": {"Key": "keep", "Value": "no"}}, Expiration={"Days": 1}),
        rule(ID="large", Filter={"ObjectSizeGreaterThan": 100}, Expiration={"Days": 1}),
    )  # fmt: skip
    lab.s3.put_object(Bucket=bucket, Key="tagged", Body=b"1", Tagging="keep=no")
    lab.s3.put_object(Bucket=bucket, Key="large", Body=b"1" * 101)
    lab.s3.put_object(Bucket=bucket, Key="other", Body=b"1", Tagging="keep=yes")
    days_pass(lab, 1)
    assert keys(lab, bucket) == ["other"]


def test_objects_move_to_colder_storage(lab: Lab, bucket: str) -> None:
    put(
        lab,
        bucket,
        rule(Transitions=[{"Days": 30, "StorageClass": "STANDARD_IA"}, {"Days": 90, "StorageClass": "GLACIER"}]),
    )
    lab.s3.put_object(Bucket=bucket, Key="large", Body=b"x" * 200_000)
    lab.s3.put_object(Bucket=bucket, Key="small", Body=b"x")
    days_pass(lab, 30)
    listed = {e["Key"]: e["StorageClass"] for e in lab.s3.list_objects_v2(Bucket=bucket)["Contents"]}
    assert listed == {"large": "STANDARD_IA", "small": "STANDARD"}
    days_pass(lab, 60)
    assert lab.s3.head_object(Bucket=bucket, Key="large")["StorageClass"] == "GLACIER"
    with pytest.raises(ClientError, match="InvalidObjectState"):
        lab.s3.get_object(Bucket=bucket, Key="large")


def test_with_versions_an_object_goes_behind_a_marker_and_its_versions_later(lab: Lab, bucket: str) -> None:
    lab.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    put(lab, bucket, rule(Expiration={"Days": 2}, NoncurrentVersionExpiration={"NoncurrentDays": 3}))
    lab.s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    days_pass(lab, 2)
    found = lab.s3.list_object_versions(Bucket=bucket)
    assert len(found["Versions"]) == 1 == len(found["DeleteMarkers"])
    assert keys(lab, bucket) == []
    days_pass(lab, 3)
    found = lab.s3.list_object_versions(Bucket=bucket)
    assert "Versions" not in found
    days_pass(lab, 3)
    assert "DeleteMarkers" not in lab.s3.list_object_versions(Bucket=bucket)


def test_the_newest_noncurrent_versions_are_kept(lab: Lab, bucket: str) -> None:
    lab.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    keeping = {"NoncurrentDays": 1, "NewerNoncurrentVersions": 2}
    put(lab, bucket, rule(NoncurrentVersionExpiration=keeping))
    for number in range(5):
        lab.s3.put_object(Bucket=bucket, Key="a", Body=str(number).encode())
    days_pass(lab, 1)
    versions = lab.s3.list_object_versions(Bucket=bucket)["Versions"]
    bodies = [
        lab.s3.get_object(Bucket=bucket, Key="a", VersionId=version["VersionId"])["Body"].read() for version in versions
    ]
    assert sorted(bodies) == [b"2", b"3", b"4"]


def test_where_versioning_is_suspended_other_versions_stay(lab: Lab, bucket: str) -> None:
    lab.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = lab.s3.put_object(Bucket=bucket, Key="a", Body=b"1")["VersionId"]
    lab.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    put(lab, bucket, rule(Expiration={"Days": 1}))
    days_pass(lab, 1)
    assert keys(lab, bucket) == []
    assert lab.s3.get_object(Bucket=bucket, Key="a", VersionId=version)["Body"].read() == b"1"


def test_uploads_that_are_never_completed_are_given_up(lab: Lab, bucket: str) -> None:
    put(lab, bucket, rule(AbortIncompleteMultipartUpload={"DaysAfterInitiation": 2}))
    upload = lab.s3.create_multipart_upload(Bucket=bucket, Key="a")["UploadId"]
    lab.s3.upload_part(Bucket=bucket, Key="a", UploadId=upload, PartNumber=1, Body=b"1")
    lab.cloud.clock.advance(DAY)
    assert len(lab.s3.list_multipart_uploads(Bucket=bucket)["Uploads"]) == 1
    days_pass(lab, 1)
    assert "Uploads" not in lab.s3.list_multipart_uploads(Bucket=bucket)
    with pytest.raises(ClientError, match="NoSuchUpload"):
        lab.s3.upload_part(Bucket=bucket, Key="a", UploadId=upload, PartNumber=2, Body=b"1")


def test_a_queue_and_event_bridge_hear_of_it(lab: Lab, bucket: str) -> None:
    queue = lab.sqs.create_queue(QueueName=bucket)["QueueUrl"]
    arn = lab.arn("sqs", bucket)
    may_send = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [may_send]})
    lab.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    lab.s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "QueueConfigurations": [
                {"QueueArn": arn, "Events": ["s3:LifecycleExpiration:*", "s3:LifecycleTransition"]}
            ],
            "EventBridgeConfiguration": {},
        },
    )
    pattern = {"source": ["aws.s3"], "detail": {"requester": ["s3.amazonaws.com"], "bucket": {"name": [bucket]}}}
    lab.events.put_rule(Name=bucket, EventPattern=json.dumps(pattern))
    lab.events.put_targets(Rule=bucket, Targets=[{"Id": "q", "Arn": arn}])
    put(lab, bucket, rule(Transitions=[{"Days": 0, "StorageClass": "GLACIER"}], Expiration={"Days": 2}))
    lab.s3.put_object(Bucket=bucket, Key="a", Body=b"x" * 200_000)
    days_pass(lab, 2)
    assert lab.cloud.settle()
    bodies = [
        json.loads(message["Body"])
        for message in lab.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    ]
    records = [body["Records"][0]["eventName"] for body in bodies if "Records" in body]
    events = {body["detail-type"]: body["detail"] for body in bodies if "detail" in body}
    assert sorted(records) == ["LifecycleExpiration:Delete", "LifecycleTransition"]
    assert events["Object Storage Class Changed"]["destination-storage-class"] == "GLACIER"
    assert events["Object Deleted"]["reason"] == "Lifecycle Expiration"
    assert events["Object Deleted"]["deletion-type"] == "Permanently Deleted"


def test_objects_have_the_lab_clocks_time(lab: Lab, bucket: str) -> None:
    lab.cloud.clock.advance(DAY)
    lab.s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    stamped = lab.s3.head_object(Bucket=bucket, Key="a")["LastModified"].timestamp()
    assert abs(stamped - lab.cloud.clock.now()) < 60 < stamped - time.time()


@pytest.mark.terraform
@pytest.mark.skipif(shutil.which("terraform") is None, reason="Terraform is not installed")
@pytest.mark.skipif(not os.environ.get("LAB_SLOW_TESTS"), reason="two minutes of waiting; set LAB_SLOW_TESTS=1")
def test_configurations_apply_replan_without_change_update_and_destroy(lab: Lab, tmp_path: Path) -> None:
    configuration = Path(__file__).parent / "configurations" / "lifecycle"

    def updated() -> None:
        found = lab.s3.get_bucket_lifecycle_configuration(Bucket="lifecycle-house")["Rules"]
        assert found[0]["Expiration"]["Days"] == 60

    whole_life(Terraform(configuration, tmp_path, lab.cloud.endpoint_url), configuration, updated=updated)
