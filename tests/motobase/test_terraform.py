"""Each configuration is applied by real Terraform, planned again without a difference, updated, and destroyed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.motobase.terraform import Terraform
from tests.terraform_life import whole_life

CONFIGURATIONS = Path(__file__).parent / "configurations"

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.skipif(shutil.which("terraform") is None, reason="Terraform is not installed"),
]


SLOW = pytest.mark.skipif(not os.environ.get("LAB_SLOW_TESTS"), reason="two minutes of waiting; set LAB_SLOW_TESTS=1")


@pytest.mark.parametrize("name", ["iot", "neighbours", "changes", pytest.param("queues", marks=SLOW)])
def test_configuration_applies_replans_without_change_updates_and_destroys(
    name: str, cloud_url: str, tmp_path: Path
) -> None:
    whole_life(Terraform(CONFIGURATIONS / name, tmp_path, cloud_url), CONFIGURATIONS / name)
