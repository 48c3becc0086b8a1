"""Terraform sees no difference after `kill -9`: the whole course, and the neighbours' services."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.motobase.terraform import Terraform
from tests.motobase.test_terraform import CONFIGURATIONS
from tests.persistence.process import REGION, ROOT, CloudProcess

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.skipif(shutil.which("terraform") is None, reason="Terraform is not installed"),
]


def course(folder: Path, cloud: CloudProcess) -> Path:
    """The starter with every solution over it, and the data source that a script makes; its Terraform folder."""
    shutil.copytree(ROOT / "starter", folder)
    for overlay in sorted((ROOT / "solutions").iterdir()):
        shutil.copytree(overlay, folder, dirs_exist_ok=True)
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}
    environment = {"PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": cloud.url, **keys}
    script = folder / "bin" / "create_quicksight_source.py"
    subprocess.run([sys.executable, str(script)], env=environment, check=True, capture_output=True, timeout=60)
    return folder / "terraform"


def configuration(name: str, folder: Path) -> Path:
    """One of those that cover the services, without the rule action that the cloud refuses."""
    shutil.copytree(CONFIGURATIONS / name, folder)
    for file in folder.glob("*.tf"):
        file.write_text(re.sub(r"  step_functions \{.*?\n  \}\n", "", file.read_text(), flags=re.DOTALL))
    return folder


@pytest.mark.parametrize("name", ["course", "iot", "neighbours"])
def test_a_plan_after_kill_9_shows_no_change(name: str, cloud: CloudProcess, tmp_path: Path) -> None:
    folder = tmp_path / "workspace"
    where = course(folder, cloud) if name == "course" else configuration(name, folder)
    terraform = Terraform(where, where, cloud.url, AWS_REGION=REGION)
    terraform.apply()
    cloud.kill_and_start()
    assert terraform.planned_changes() == []
