"""Schedules, buses, rules and targets by real Terraform."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.motobase.terraform import Terraform
from tests.running import Lab
from tests.terraform_life import whole_life


@pytest.mark.terraform
@pytest.mark.skipif(shutil.which("terraform") is None, reason="Terraform is not installed")
def test_schedules_and_rules_apply_replan_without_change_update_and_destroy(lab: Lab, tmp_path: Path) -> None:
    lab.sqs.create_queue(QueueName="readings")
    configuration = Path(__file__).parent / "configurations" / "automation"
    whole_life(Terraform(configuration, tmp_path, lab.cloud.endpoint_url), configuration)
    assert lab.scheduler.list_schedules()["Schedules"] == []
