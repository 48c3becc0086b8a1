"""Functions, aliases, invoke configurations and event sources by real Terraform."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.awslambda.conftest import zip_of
from tests.motobase.terraform import Terraform
from tests.running import Lab, running_lab
from tests.terraform_life import whole_life


@pytest.fixture
def lab() -> Iterator[Lab]:
    with running_lab() as running:
        yield running


@pytest.mark.terraform
@pytest.mark.skipif(shutil.which("terraform") is None, reason="Terraform is not installed")
def test_functions_apply_replan_without_change_update_and_destroy(lab: Lab, tmp_path: Path) -> None:
    lab.sqs.create_queue(QueueName="readings")
    (tmp_path / "function.zip").write_bytes(zip_of({"code.py": "def handle(event, context): return event\n"}))
    configuration = Path(__file__).parent / "configurations" / "functions"
    whole_life(Terraform(configuration, tmp_path, lab.cloud.endpoint_url), configuration)
    assert lab.lambda_.list_functions()["Functions"] == []
