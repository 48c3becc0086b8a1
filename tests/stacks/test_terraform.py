"""A stack, and a table that Athena reads, by real Terraform."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.motobase.terraform import Terraform
from tests.running import REGION
from tests.stacks.conftest import Stacks
from tests.terraform_life import whole_life


@pytest.mark.terraform
@pytest.mark.skipif(shutil.which("terraform") is None, reason="Terraform is not installed")
def test_stack_and_table_apply_replan_without_change_update_and_destroy(stacks: Stacks, tmp_path: Path) -> None:
    lab = stacks.lab
    lab.s3.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": REGION})
    lab.s3.put_object(Bucket="lake", Key="readings/a.json", Body=b'{"temperature": 31.5}\n')
    configuration = Path(__file__).parent / "configurations" / "stack"

    def deployed() -> None:
        started = lab.athena.start_query_execution(
            QueryString="SELECT max(temperature) FROM house.readings", WorkGroup="lab"
        )
        assert lab.cloud.settle()
        rows = lab.athena.get_query_results(QueryExecutionId=started["QueryExecutionId"])["ResultSet"]["Rows"]
        assert rows[1]["Data"] == [{"VarCharValue": "31.5"}]

    whole_life(Terraform(configuration, tmp_path, lab.cloud.endpoint_url), configuration, deployed=deployed)
    assert lab.logs.describe_log_groups()["logGroups"] == []
