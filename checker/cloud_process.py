"""The workspace's local cloud as a background process: the one function that starts `python -m labcloud`, and its end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from checker.control import ControlSurface
from checker.curriculum.parts import ROOT
from checker.curriculum.workspace import Workspace
from checker.errors import LabError, TargetDown
from checker.target import CLOUD_FOLDER, cloud_file, read_cloud_file

_attached: list[subprocess.Popen[bytes]] = []
"""Clouds that live as long as this process: their standard input closes with it."""

START_WITHIN_S = 30.0
STOP_WITHIN_S = 10.0


def log_file(workspace: Workspace) -> Path:
    """Where the cloud of a workspace writes what it does."""
    return workspace.folder / CLOUD_FOLDER / "cloud.log"


def running_cloud(workspace: Workspace) -> dict[str, Any] | None:
    """What the running cloud of the workspace says about itself; None if it is not running or not ours."""
    cloud = read_cloud_file(workspace.folder)
    if cloud is None or not _is_cloud(int(cloud.get("pid", 0))):
        return None
    try:
        _control(cloud).health(within_s=5.0)
    except TargetDown:
        return None
    return cloud


def start_cloud(
    workspace: Workspace,
    *,
    port: int = 0,
    mqtt_port: int = 0,
    region: str | None = None,
    attached: bool = False,
    options: Sequence[str] = (),
) -> dict[str, Any]:
    """Starts the cloud in the background and returns what it wrote about itself once it answers.

    `attached`: the cloud ends with this process, however that ends. `options`: more words of its command line.
    """
    with _one_at_a_time(workspace):
        if cloud := running_cloud(workspace):
            return cloud
        stop_cloud(workspace)
        return _start(workspace, port, mqtt_port, region, attached, options)


@contextlib.contextmanager
def _one_at_a_time(workspace: Workspace) -> Iterator[None]:
    """Two commands that find no cloud must not start two."""
    import fcntl

    with open(workspace.notes / "cloud.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _start(
    workspace: Workspace, port: int, mqtt_port: int, region: str | None, attached: bool, options: Sequence[str]
) -> dict[str, Any]:
    folder = workspace.folder / CLOUD_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "labcloud", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--mqtt-port", str(mqtt_port), "--state-dir", str(folder)]
    command += ["--region", region] if region else []
    command += ["--die-with-stdin"] if attached else []
    command += options
    with open(log_file(workspace), "ab") as log:
        begun_at = log.tell()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=_environment(os.environ),
            stdin=subprocess.PIPE if attached else subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    if attached:
        _attached.append(process)
    try:
        return _wait_until_healthy(workspace, process, begun_at)
    except BaseException:
        _end(process.pid)
        raise


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The cloud's own SDKs must not be led elsewhere by the caller's AWS settings."""
    kept = {name: value for name, value in environ.items() if not name.startswith("AWS_")}
    path = [str(ROOT), *filter(None, [environ.get("PYTHONPATH")])]
    return kept | {"PYTHONPATH": os.pathsep.join(path), "PYTHONUNBUFFERED": "1"}


def _wait_until_healthy(workspace: Workspace, process: subprocess.Popen[bytes], begun_at: int) -> dict[str, Any]:
    deadline = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            said = _log_since(workspace, begun_at)
            raise LabError(
                f"The local cloud ended at once (exit code {process.returncode}):\n{said}", next_step=_remedy(said)
            )
        cloud = read_cloud_file(workspace.folder)
        if cloud and cloud.get("pid") == process.pid:
            with contextlib.suppress(TargetDown):
                _control(cloud).health(within_s=2.0)
                return cloud
        time.sleep(0.02)
    raise LabError(
        f"The local cloud did not answer within {START_WITHIN_S:.0f} s:\n{_log_since(workspace, begun_at)}",
        next_step=f"read {log_file(workspace)}, then lab up",
    )


def _remedy(said: str) -> str:
    if "in use" in said.lower():
        return "choose another port: lab up --port N --mqtt-port M (0: any free port)"
    return "lab doctor says what is installed and missing"


def _log_since(workspace: Workspace, begun_at: int, lines: int = 15) -> str:
    text = log_file(workspace).read_bytes()[begun_at:].decode(errors="replace")
    return "\n".join(text.strip().splitlines()[-lines:]) or "(it said nothing)"


def stop_cloud(workspace: Workspace) -> bool:
    """Ends the cloud and waits until it is gone; False if none was running."""
    cloud = read_cloud_file(workspace.folder)
    ended = bool(cloud) and _is_cloud(int(cloud["pid"])) and _end(int(cloud["pid"]))  # type: ignore[index]
    cloud_file(workspace.folder).unlink(missing_ok=True)
    return ended


def empty_cloud(workspace: Workspace) -> dict[str, Any]:
    """Ends the cloud, removes all that it keeps, and starts it again on the same ports."""
    before = read_cloud_file(workspace.folder) or {}
    stop_cloud(workspace)
    shutil.rmtree(workspace.folder / CLOUD_FOLDER, ignore_errors=True)
    (workspace.notes / "applied.json").unlink(missing_ok=True)
    port = urlsplit(str(before.get("endpoint_url", ""))).port or 0
    return start_cloud(workspace, port=port, mqtt_port=int(before.get("mqtt_port", 0)), region=before.get("region"))


def _is_cloud(pid: int) -> bool:
    """Is process `pid` a local cloud? A number that the system gave to another program is not."""
    import psutil

    try:
        return pid > 0 and "labcloud" in " ".join(psutil.Process(pid).cmdline())
    except psutil.Error:
        return False


def _end(pid: int) -> bool:
    import psutil

    try:
        process = psutil.Process(pid)
        helpers = process.children(recursive=True)
        process.send_signal(signal.SIGTERM)
    except psutil.Error:
        return False
    _, alive = psutil.wait_procs([process], timeout=STOP_WITHIN_S)
    for left in [*alive, *helpers]:
        with contextlib.suppress(psutil.Error):
            left.kill()
    psutil.wait_procs([process, *helpers], timeout=3)
    return True


def _control(cloud: Mapping[str, Any]) -> ControlSurface:
    url = str(cloud.get("control_url", f"{cloud['endpoint_url']}/_lab"))
    return ControlSurface(url.rstrip("/"), str(cloud.get("control_token", "")))
