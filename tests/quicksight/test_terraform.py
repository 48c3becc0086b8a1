"""Data sources, data sets, an analysis and a dashboard by real Terraform."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from labcloud.quicksight import QuickSight
from tests.motobase.terraform import Terraform
from tests.quicksight.conftest import ACCOUNT, REGION
from tests.terraform_life import whole_life


@pytest.mark.terraform
@pytest.mark.skipif(shutil.which("terraform") is None, reason="Terraform is not installed")
def test_dashboards_apply_replan_without_change_update_and_destroy(
    service: QuickSight, api: Any, cloud_url: str, tmp_path: Path
) -> None:
    api.create_data_source(DataSourceId="iot-timestream", Name="iot-timestream", Type="TIMESTREAM")
    api.register_user(
        IdentityType="QUICKSIGHT", Email="a@example.org", UserRole="AUTHOR", Namespace="default", UserName="author"
    )
    configuration = Path(__file__).parent / "configurations" / "dashboards"
    region = service.store.region(ACCOUNT, REGION)

    def updated() -> None:
        assert region.dashboards["house"].published_version.description == "edition 2"

    whole_life(Terraform(configuration, tmp_path, cloud_url), configuration, updated=updated)
    assert [asset.asset_id for asset in region.assets()] == ["iot-timestream"]
