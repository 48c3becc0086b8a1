"""boto3 and real Terraform over HTTP, as a learner uses them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from labcloud.api import ApiRequest, Served
from labcloud.gateway.front import Front
from labcloud.motobase import iam
from labcloud.motobase.backends import MotoBackends
from labcloud.shell.http import HttpServer
from tests.motobase.terraform import Terraform
from tests.terraform_life import whole_life
from tests.timestream.conftest import REGION, Lab


class Anybody:
    """Lets everybody do everything."""

    def authorise(self, request: ApiRequest) -> None:
        """Looks at nothing."""


@pytest.fixture
def cloud_url(lab: Lab) -> Iterator[str]:
    ours = {
        service.name: Served(service.operations, rest_by_moto=False)
        for service in (lab.timestream.write, lab.timestream.query)
    }
    front = Front(
        callers=iam, authoriser=Anybody(), moto=MotoBackends(), ours=lambda service: ours.get(service, Served())
    )
    server = HttpServer("127.0.0.1", 0, front.answer)
    server.start()
    lab.timestream._endpoint = lambda: f"http://127.0.0.1:{server.port}"
    yield f"http://127.0.0.1:{server.port}"
    server.stop()


@pytest.fixture
def client(cloud_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.delitem(os.environ, "AWS_CA_BUNDLE", raising=False)
    return lambda service: boto3.client(
        service, region_name=REGION, endpoint_url=cloud_url, aws_access_key_id="test", aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip


def test_boto3_writes_and_reads_as_on_aws(lab: Lab, client: Any) -> None:
    lab.make_table()
    write, query = client("timestream-write"), client("timestream-query")
    write.write_records(DatabaseName="house", TableName="readings", Records=[lab.record("21.5")])
    with pytest.raises(write.exceptions.RejectedRecordsException) as raised:
        write.write_records(DatabaseName="house", TableName="readings", Records=[lab.record("22.5")])
    assert raised.value.response["RejectedRecords"][0]["ExistingVersion"] == 1
    with pytest.raises(query.exceptions.ValidationException, match="line 1:8: Column 'foo' does not exist"):
        query.query(QueryString="SELECT foo FROM house.readings")
    pages = query.get_paginator("query").paginate(
        QueryString="SELECT x FROM UNNEST(sequence(1, 2500)) AS u(x)", PaginationConfig={"PageSize": 1000}
    )
    assert [len(page["Rows"]) for page in pages] == [1000, 1000, 500]


def test_batch_loads_are_refused_by_name(client: Any) -> None:
    with pytest.raises(Exception, match="ListBatchLoadTasks"):
        client("timestream-write").list_batch_load_tasks()


@pytest.mark.terraform
@pytest.mark.skipif(shutil.which("terraform") is None, reason="Terraform is not installed")
def test_tables_apply_replan_without_change_update_and_destroy(lab: Lab, cloud_url: str, tmp_path: Path) -> None:
    configuration = Path(__file__).parent / "configurations" / "timestream"

    def updated() -> None:
        table = lab.call("DescribeTable", DatabaseName="house", TableName="readings")["Table"]
        assert table["RetentionProperties"]["MagneticStoreRetentionPeriodInDays"] == 9

    whole_life(Terraform(configuration, tmp_path, cloud_url), configuration, updated=updated)
    assert lab.call("ListDatabases")["Databases"] == []
