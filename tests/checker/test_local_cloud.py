"""The workspace's cloud in the background: it starts, says why it does not, and ends without a trace."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys

import psutil
import pytest

from checker.cloud_process import running_cloud, start_cloud, stop_cloud
from checker.errors import LabError, TargetDown
from checker.target import cloud_file, find_target
from checker.verbs.device import Device, DeviceRefused, Identity
from checker.verbs.stranger import stranger_identity
from tests.support import free_port, wait_until


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_running_cloud_is_found_again_and_not_started_twice(cloud_workspace):
    cloud = running_cloud(cloud_workspace)

    assert cloud is not None
    assert start_cloud(cloud_workspace)["pid"] == cloud["pid"]


def test_its_clock_can_be_advanced(cloud_workspace):
    clock = find_target("local", cloud_workspace.folder).clock
    before = clock.now()

    clock.advance(3600)

    assert 3600 <= clock.now() - before < 3660


def test_boto3_reaches_it_whatever_the_caller_has_set(cloud_workspace, monkeypatch):
    monkeypatch.setenv("AWS_CA_BUNDLE", "/missing")
    monkeypatch.setenv("AWS_PROFILE", "missing")
    target = find_target("local", cloud_workspace.folder)

    assert target.client("sts").get_caller_identity()["Account"]


def test_without_a_certificate_a_device_is_refused_with_the_reason(cloud_workspace):
    mqtt = find_target("local", cloud_workspace.folder).mqtt

    with pytest.raises(DeviceRefused, match="closed the connection before it was open|refused the TLS connection"):
        Device("localhost", mqtt.port, mqtt.ca_file, Identity()).connect()


def test_a_stranger_is_refused(cloud_workspace):
    mqtt = find_target("local", cloud_workspace.folder).mqtt

    with (
        stranger_identity() as stranger,
        pytest.raises(DeviceRefused, match="knows no such active certificate|refused"),
    ):
        Device("localhost", mqtt.port, mqtt.ca_file, stranger).connect()


def test_a_server_that_the_ca_did_not_sign_is_not_trusted(cloud_workspace):
    mqtt = find_target("local", cloud_workspace.folder).mqtt

    with pytest.raises(DeviceRefused, match="shows a certificate that is not trusted"):
        Device("localhost", mqtt.port, None, Identity()).connect()


def test_a_port_without_a_listener_is_named():
    port = free_port()

    with pytest.raises(DeviceRefused, match=f"nobody listens on localhost:{port}"):
        Device("localhost", port, None, Identity()).connect()


def test_a_cloud_stops_and_leaves_nothing(workspace):
    cloud = start_cloud(workspace, attached=True)

    assert stop_cloud(workspace)
    assert is_gone(cloud["pid"])
    assert not cloud_file(workspace.folder).exists()
    assert not stop_cloud(workspace)


def test_a_killed_cloud_is_noticed_and_replaced(workspace):
    first = start_cloud(workspace, attached=True)
    os.kill(first["pid"], signal.SIGKILL)
    wait_until(lambda: is_gone(first["pid"]), because="the cloud is killed")

    assert running_cloud(workspace) is None
    assert start_cloud(workspace, attached=True)["pid"] != first["pid"]
    stop_cloud(workspace)


def test_a_process_id_that_belongs_to_another_program_is_left_alone(workspace):
    cloud_file(workspace.folder).parent.mkdir(parents=True)
    cloud_file(workspace.folder).write_text(json.dumps({"pid": os.getpid(), "endpoint_url": "http://127.0.0.1:9"}))

    assert running_cloud(workspace) is None
    assert not stop_cloud(workspace)


def test_a_port_that_is_taken_is_told_with_the_remedy(workspace):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(LabError, match=r"(?s)ended at once.*in use.*choose another port: lab up --port"):
            start_cloud(workspace, port=taken.getsockname()[1], attached=True)


def test_a_cloud_that_does_not_answer_any_more_is_one_message(workspace):
    cloud = start_cloud(workspace, attached=True)
    target = find_target("local", workspace.folder)
    os.kill(cloud["pid"], signal.SIGKILL)
    wait_until(lambda: is_gone(cloud["pid"]), because="the cloud is killed")

    assert target.control is not None
    with pytest.raises(TargetDown, match="does not answer at .*\n  next  lab up"):
        target.control.now()


def test_an_attached_cloud_ends_with_its_killed_starter(workspace):
    code = (
        "import sys; from pathlib import Path; from checker.cloud_process import start_cloud; "
        "from checker.curriculum.workspace import Workspace; "
        "print(start_cloud(Workspace(Path(sys.argv[1])), attached=True)['pid'], flush=True); sys.stdin.read()"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", code, str(workspace.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())

    starter.kill()
    starter.wait()

    wait_until(lambda: is_gone(pid), within_s=10, because="the cloud of the killed starter has ended")
