"""Functions, aliases, invoke configurations and event sources by real Terraform."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.awslambda.conftest import zip_of
from tests.motobase.terraform import Terraform
from tests.running import Lab, running_lab


@pytest.fixture
def lab() -> Iterator[Lab]:
    with running_lab() as running:
        yield running


@pytest.mark.terraform
@pytest.mark.skipif(shutil.which("terraform") is None, reason="Terraform is not installed")
def test_functions_apply_replan_without_change_update_and_destroy(lab: Lab, tmp_path: Path) -> None:
    lab.sqs.create_queue(QueueName="readings")
    (tmp_path / "function.zip").write_bytes(zip_of({"code.py": "def handle(event, context): return event\n"}))
    terraform = Terraform(Path(__file__).parent / "configurations" / "functions", tmp_path, lab.cloud.endpoint_url)
    terraform.apply()
    assert terraform.planned_changes() == []
    updates = terraform.planned_changes(edition=2)
    assert updates
    assert [update for update in updates if not update.startswith("update ")] == []
    terraform.apply(edition=2)
    assert terraform.planned_changes(edition=2) == []
    terraform.destroy()
    assert lab.lambda_.list_functions()["Functions"] == []
