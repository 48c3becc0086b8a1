"""A stack, and a table that Athena reads, by real Terraform."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.motobase.terraform import Terraform
from tests.running import REGION
from tests.stacks.conftest import Stacks


@pytest.mark.terraform
@pytest.mark.skipif(shutil.which("terraform") is None, reason="Terraform is not installed")
def test_stack_and_table_apply_replan_without_change_update_and_destroy(stacks: Stacks, tmp_path: Path) -> None:
    lab = stacks.lab
    lab.s3.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": REGION})
    lab.s3.put_object(Bucket="lake", Key="readings/a.json", Body=b'{"temperature": 31.5}\n')
    terraform = Terraform(Path(__file__).parent / "configurations" / "stack", tmp_path, lab.cloud.endpoint_url)
    terraform.apply()
    assert terraform.planned_changes() == []
    started = lab.athena.start_query_execution(
        QueryString="SELECT max(temperature) FROM house.readings", WorkGroup="lab"
    )
    assert lab.cloud.settle()
    rows = lab.athena.get_query_results(QueryExecutionId=started["QueryExecutionId"])["ResultSet"]["Rows"]
    assert rows[1]["Data"] == [{"VarCharValue": "31.5"}]
    updates = terraform.planned_changes(edition=2)
    assert updates
    assert [update for update in updates if not update.startswith("update ")] == []
    terraform.apply(edition=2)
    assert terraform.planned_changes(edition=2) == []
    terraform.destroy()
    assert lab.logs.describe_log_groups()["logGroups"] == []
