"""Targets lead every program to one AWS and away from the caller's own settings."""

from __future__ import annotations

import json

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from checker.errors import TargetDown, UsageProblem
from checker.target import cloud_file, find_target, local_target

CLOUD = {
    "pid": 1,
    "endpoint_url": "http://127.0.0.1:4001",
    "control_url": "http://127.0.0.1:4001/_lab/",
    "mqtt_host": "localhost",
    "mqtt_port": 4002,
    "ca_file": "/ca.pem",
    "region": "eu-west-1",
}


class Empty:
    """The body of an answer that says nothing."""

    def stream(self):
        yield b"{}"


EMPTY = AWSResponse("http://127.0.0.1:4001/", 200, {}, Empty())


def test_the_local_target_is_read_from_the_clouds_own_file(tmp_path):
    file = cloud_file(tmp_path)
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(CLOUD))

    target = find_target("local", tmp_path)

    assert target.settings["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4001"
    assert (target.mqtt.host, target.mqtt.port, target.mqtt.ca_file) == ("localhost", 4002, "/ca.pem")
    assert target.control is not None and target.control.url == "http://127.0.0.1:4001/_lab"


def test_without_a_running_cloud_the_local_target_says_what_to_do(tmp_path):
    with pytest.raises(TargetDown, match="not running\n  next  lab up"):
        find_target("local", tmp_path)


def test_the_callers_settings_do_not_reach_a_local_program():
    environment = local_target(CLOUD).environment(
        {"AWS_CA_BUNDLE": "/bundle", "AWS_PROFILE": "work", "AWS_SESSION_TOKEN": "t", "HOME": "/home"}
    )

    assert environment["HOME"] == "/home"
    assert environment["LAB_MQTT_PORT"] == "4002"
    assert environment["LAB_MQTT_CA"] == "/ca.pem"
    assert not {"AWS_CA_BUNDLE", "AWS_PROFILE", "AWS_SESSION_TOKEN"} & environment.keys()


def test_aws_takes_profile_and_region_from_its_name(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    (tmp_path / "config").write_text("[profile class]\nregion = us-east-1\n")

    target = find_target("aws:class:eu-central-1", tmp_path, {})

    assert (target.region, target.settings["AWS_PROFILE"], target.mqtt.port) == ("eu-central-1", "class", 8883)
    assert target.control is None
    assert target.settings["TF_WORKSPACE"] == "aws"


def test_aws_without_a_region_is_refused(tmp_path, monkeypatch):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))

    with pytest.raises(UsageProblem, match="No AWS region is set"):
        find_target("aws", tmp_path, {})


def test_an_endpoint_without_a_control_surface_is_a_plain_aws(tmp_path):
    target = find_target("http://127.0.0.1:9", tmp_path, {"LAB_MQTT_PORT": "1884"})

    assert target.control is None
    assert target.mqtt.port == 1884
    assert target.settings["TF_WORKSPACE"] == "127-0-0-1-9"


def test_an_unknown_target_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(UsageProblem, match="There is no target 'lokal'\n  next  use local, aws"):
        find_target("lokal", tmp_path)


def test_the_region_comes_from_the_name_then_the_settings_then_the_profile(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    (tmp_path / "config").write_text("[profile class]\nregion = us-east-1\n")

    assert find_target("aws:class", tmp_path, {}).region == "us-east-1"
    assert find_target("aws:class", tmp_path, {"AWS_DEFAULT_REGION": "eu-west-2"}).region == "eu-west-2"
    settings = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}
    assert find_target("aws:class", tmp_path, settings).region == "eu-west-1"
    assert find_target("aws:class:eu-north-1", tmp_path, settings).region == "eu-north-1"


def test_a_profile_that_is_not_there_is_a_usage_error_with_and_without_a_region(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))

    for settings in ({}, {"AWS_REGION": "eu-west-1"}):
        with pytest.raises(
            UsageProblem, match=r"AWS: The config profile \(nope\) could not be found\n  next  aws conf"
        ):
            find_target("aws:nope", tmp_path, settings)


def test_operations_that_have_a_sub_domain_on_aws_go_to_the_endpoint_itself(monkeypatch):
    for name, value in local_target(CLOUD).environment().items():
        monkeypatch.setenv(name, value)
    client = boto3.Session().client("stepfunctions")
    asked = []
    client.meta.events.register("before-send", lambda request, **_: asked.append(request.url) or EMPTY)
    client.start_sync_execution(stateMachineArn="arn:aws:states:eu-west-1:123456789012:stateMachine:m")
    assert asked == ["http://127.0.0.1:4001/"]
