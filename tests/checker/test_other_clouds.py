"""Somebody else's cloud as a target: what it serves is checked, what it lacks is skipped, and nobody is blamed for it.

ministack is that cloud, where the benchmarks have installed it (build/benchmark-peers) or LAB_PEERS names the Python of a
virtual environment with benchmarks/requirements.txt.
"""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import systems
from checker.curriculum.parts import ROOT, read_parts
from checker.curriculum.workspace import lay_over, new_workspace

pytestmark = pytest.mark.terraform
PEERS = Path(os.environ.get("LAB_PEERS", systems.PEERS / "bin" / "python"))
SERVED = ("1.1", "1.2", "1.3", "1.5", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "4.1", "5.1", "5.5")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What `lab check` says of all solutions on ministack, by check; None stands for the exit code."""
    if not PEERS.exists():
        pytest.skip(
            f"ministack is not installed: python -m venv, pip install -r {systems.REQUIREMENTS.relative_to(ROOT)}"
        )
    folder = tmp_path_factory.mktemp("other")
    workspace = new_workspace(folder / "workspace")
    lay_over(workspace, read_parts())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(systems, "peers", lambda: PEERS)
        with systems.ministack(folder) as cloud:
            settings = {"LAB_MQTT_HOST": "localhost", "LAB_MQTT_PORT": str(cloud.mqtt_port)}
            settings["LAB_MQTT_CA"] = str(ca_of("localhost", cloud.mqtt_port, folder / "ca.pem"))
            command = [sys.executable, "-m", "checker", "check", "--target", cloud.url, "--json", "result.json"]
            done = subprocess.run(
                command, cwd=workspace.folder, env={**os.environ, **settings}, capture_output=True, timeout=600
            )
    parts = json.loads((workspace.folder / "result.json").read_text())["parts"]
    return {None: done.returncode} | {check["id"]: check for part in parts for check in part["checks"]}


def ca_of(host: str, port: int, file: Path) -> Path:
    """Writes the last certificate of the chain that a broker shows: a cloud's own CA."""
    asked = ["openssl", "s_client", "-connect", f"{host}:{port}", "-showcerts"]
    shown = subprocess.run(asked, input=b"", capture_output=True, timeout=30).stdout.decode()
    chain = [part.split(ssl.PEM_FOOTER)[0] for part in shown.split(ssl.PEM_HEADER)[1:]]
    file.write_text(f"{ssl.PEM_HEADER}{chain[-1]}{ssl.PEM_FOOTER}\n")
    return file


def test_what_another_cloud_serves_earns_its_points(results):
    assert [results[number]["status"] for number in SERVED] == ["passed"] * len(SERVED), results


def test_what_another_cloud_lacks_is_skipped_with_the_reason_and_is_no_failure(results):
    lacking = {number: check for number, check in results.items() if number and check["status"] != "passed"}

    assert {check["status"] for check in lacking.values()} == {"skipped"}, lacking
    assert {check["because"].split("http://")[0] for check in lacking.values()} == {"", "the broker of "}
    assert all("does not serve Timestream" in lacking[number]["because"] for number in ("3.1", "4.3", "5.2", "7.3"))
    assert lacking["1.4"]["because"].endswith(" lets devices in without a certificate")
    assert {check["fix"] for check in lacking.values()} == {""}
    assert results[None] == 0
