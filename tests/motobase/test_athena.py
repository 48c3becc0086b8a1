from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def api(client: Callable[..., Any]) -> Any:
    """An Athena client of a cloud with the work group "lab"."""
    api = client("athena")
    output = {"ResultConfiguration": {"OutputLocation": "s3://lake/results/"}, "BytesScannedCutoffPerQuery": 10**7}
    api.create_work_group(Name="lab", Configuration=output, Tags=[{"Key": "a", "Value": "1"}])
    return api


def test_work_group_that_does_not_exist_is_an_error(api: Any) -> None:
    with pytest.raises(ClientError, match="WorkGroup other is not found.") as refusal:
        api.get_work_group(WorkGroup="other")
    assert refusal.value.response["Error"]["Code"] == "InvalidRequestException"


def test_update_sets_changes_inside_and_removes(api: Any) -> None:
    api.update_work_group(
        WorkGroup="lab",
        Description="new",
        State="DISABLED",
        ConfigurationUpdates={
            "EnforceWorkGroupConfiguration": False,
            "ResultConfigurationUpdates": {
                "RemoveOutputLocation": True,
                "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
            },
            "RemoveBytesScannedCutoffPerQuery": True,
        },
    )
    group = api.get_work_group(WorkGroup="lab")["WorkGroup"]
    assert (group["Description"], group["State"]) == ("new", "DISABLED")
    configuration = group["Configuration"]
    assert configuration["EnforceWorkGroupConfiguration"] is False
    assert configuration["ResultConfiguration"] == {"EncryptionConfiguration": {"EncryptionOption": "SSE_S3"}}
    assert "BytesScannedCutoffPerQuery" not in configuration


def test_creation_time_stays(api: Any) -> None:
    first = api.get_work_group(WorkGroup="lab")["WorkGroup"]["CreationTime"]
    assert api.get_work_group(WorkGroup="lab")["WorkGroup"]["CreationTime"] == first


def test_work_group_with_queries_goes_only_with_all_of_them(api: Any) -> None:
    query = api.create_named_query(Name="hot", Database="lake", QueryString="SELECT 1", WorkGroup="lab")
    with pytest.raises(ClientError, match="WorkGroup lab is not empty"):
        api.delete_work_group(WorkGroup="lab")
    api.delete_work_group(WorkGroup="lab", RecursiveDeleteOption=True)
    with pytest.raises(ClientError, match="does not exist"):
        api.get_named_query(NamedQueryId=query["NamedQueryId"])


def test_named_query_is_updated_and_deleted(api: Any) -> None:
    query_id = api.create_named_query(Name="hot", Database="lake", QueryString="SELECT 1")["NamedQueryId"]
    api.update_named_query(NamedQueryId=query_id, Name="cold", QueryString="SELECT 2")
    assert api.get_named_query(NamedQueryId=query_id)["NamedQuery"]["QueryString"] == "SELECT 2"
    api.delete_named_query(NamedQueryId=query_id)
    assert api.list_named_queries()["NamedQueryIds"] == []


def test_named_query_in_a_missing_work_group_is_refused(api: Any) -> None:
    with pytest.raises(ClientError, match="WorkGroup other is not found."):
        api.create_named_query(Name="hot", Database="lake", QueryString="SELECT 1", WorkGroup="other")


def test_resource_without_tags_has_an_empty_list(api: Any) -> None:
    arn = "arn:aws:athena:eu-central-1:123456789012:workgroup/lab"
    assert api.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "1"}]
    api.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert api.list_tags_for_resource(ResourceARN=arn)["Tags"] == []
