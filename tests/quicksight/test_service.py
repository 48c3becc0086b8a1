"""QuickSight as boto3 sees it."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labcloud.quicksight import QuickSight
from tests.quicksight.conftest import ACCOUNT, REGION, START, Time

SOURCE_ARN = f"arn:aws:quicksight:{REGION}:{ACCOUNT}:datasource/iot-timestream"
SET_ARN = f"arn:aws:quicksight:{REGION}:{ACCOUNT}:dataset/readings"
USER_ARN = f"arn:aws:quicksight:{REGION}:{ACCOUNT}:user/default/author"


def refusal(call: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    """The code and message that a call is refused with."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def custom_sql(arn: str = SOURCE_ARN) -> dict[str, Any]:
    """A data set's only table."""
    columns = [{"Name": "time", "Type": "DATETIME"}, {"Name": "temperature", "Type": "DECIMAL"}]
    query = {"DataSourceArn": arn, "Name": "readings", "SqlQuery": "SELECT 1", "Columns": columns}
    return {"readings": {"CustomSql": query}}


def chart(column: str = "temperature", arn: str = SET_ARN) -> dict[str, Any]:
    """A definition with one line chart."""
    measure = {
        "NumericalMeasureField": {
            "FieldId": "f",
            "Column": {"DataSetIdentifier": "readings", "ColumnName": column},
            "AggregationFunction": {"SimpleNumericalAggregation": "AVERAGE"},
        }
    }
    wells = {"FieldWells": {"LineChartAggregatedFieldWells": {"Values": [measure]}}}
    return {
        "DataSetIdentifierDeclarations": [{"Identifier": "readings", "DataSetArn": arn}],
        "Sheets": [
            {
                "SheetId": "s",
                "Name": "S",
                "Visuals": [{"LineChartVisual": {"VisualId": "v", "ChartConfiguration": wells}}],
            }
        ],
    }


@pytest.fixture
def source(api: Any) -> str:
    """The Timestream source."""
    return api.create_data_source(DataSourceId="iot-timestream", Name="iot", Type="TIMESTREAM")["Arn"]


@pytest.fixture
def data_set(api: Any, source: str) -> str:
    """A data set on it."""
    return api.create_data_set(
        DataSetId="readings", Name="readings", ImportMode="DIRECT_QUERY", PhysicalTableMap=custom_sql()
    )["Arn"]


@pytest.fixture
def dashboard(api: Any, data_set: str) -> dict[str, Any]:
    """A dashboard on that."""
    return api.create_dashboard(DashboardId="house", Name="house", Definition=chart(), VersionDescription="first")


# Data sources


def test_timestream_source_is_ready_and_listed(api: Any, source: str) -> None:
    described = api.describe_data_source(DataSourceId="iot-timestream")["DataSource"]
    assert (described["Arn"], described["Type"], described["Status"]) == (source, "TIMESTREAM", "CREATION_SUCCESSFUL")
    assert described["CreatedTime"].timestamp() == START
    assert [one["DataSourceId"] for one in api.list_data_sources()["DataSources"]] == ["iot-timestream"]


def test_source_of_that_id_exists_already(api: Any, source: str) -> None:
    code, message = refusal(api.create_data_source, DataSourceId="iot-timestream", Name="iot", Type="TIMESTREAM")
    assert (code, message) == ("ResourceExistsException", "DataSource iot-timestream already exists")


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("S3", None),
        ("TIMESTREAM", {"AthenaParameters": {"WorkGroup": "primary"}}),
        ("ATHENA", {"S3Parameters": {"ManifestFileLocation": {"Bucket": "lake", "Key": "m.json"}}}),
    ],
)
def test_parameters_that_do_not_fit_the_type_are_refused(api: Any, kind: str, parameters: Any) -> None:
    more = {"DataSourceParameters": parameters} if parameters else {}
    code, message = refusal(api.create_data_source, DataSourceId="x", Name="x", Type=kind, **more)
    assert (code, message) == ("InvalidParameterValueException", "DataSourceParameters field is incorrectly set")


def test_missing_source_is_not_found_with_status_404(api: Any) -> None:
    with pytest.raises(ClientError) as caught:
        api.describe_data_source(DataSourceId="x")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_type_that_does_not_exist_is_refused_in_aws_words(api: Any) -> None:
    code, message = refusal(api.create_data_source, DataSourceId="x", Name="x", Type="INFLUX")
    assert code == "InvalidParameterValueException"
    assert message.startswith("1 validation error detected: Value 'INFLUX' at 'Type' failed to satisfy constraint")


def test_permissions_are_granted_and_revoked_action_by_action(api: Any, source: str) -> None:
    grant = {"Principal": USER_ARN, "Actions": ["quicksight:DescribeDataSource", "quicksight:PassDataSource"]}
    api.update_data_source_permissions(DataSourceId="iot-timestream", GrantPermissions=[grant])
    revoke = {"Principal": USER_ARN, "Actions": ["quicksight:PassDataSource"]}
    api.update_data_source_permissions(DataSourceId="iot-timestream", RevokePermissions=[revoke])
    left = api.describe_data_source_permissions(DataSourceId="iot-timestream")["Permissions"]
    assert left == [{"Principal": USER_ARN, "Actions": ["quicksight:DescribeDataSource"]}]


def test_other_accounts_sources_are_denied(api: Any) -> None:
    assert refusal(api.list_data_sources, AwsAccountId="999999999999")[0] == "AccessDeniedException"


# Data sets


def test_data_set_tells_its_output_columns(api: Any, data_set: str) -> None:
    described = api.describe_data_set(DataSetId="readings")["DataSet"]
    assert described["OutputColumns"] == [
        {"Name": "time", "Type": "DATETIME"},
        {"Name": "temperature", "Type": "DECIMAL"},
    ]
    assert described["PhysicalTableMap"] == custom_sql()


def test_data_set_on_a_missing_source_is_refused(api: Any) -> None:
    parameters = {"DataSetId": "x", "Name": "x", "ImportMode": "DIRECT_QUERY"}
    code, message = refusal(api.create_data_set, PhysicalTableMap=custom_sql(), **parameters)
    assert (code, message) == ("ResourceNotFoundException", f"DataSource {SOURCE_ARN} is not found")
    code, _ = refusal(api.create_data_set, PhysicalTableMap=custom_sql("arn:aws:s3:::lake"), **parameters)
    assert code == "InvalidParameterValueException"


def test_refused_update_changes_nothing(api: Any, data_set: str) -> None:
    before = api.describe_data_set(DataSetId="readings")["DataSet"]
    parameters = {"DataSetId": "readings", "Name": "new", "ImportMode": "SPICE"}
    refusal(api.update_data_set, PhysicalTableMap=custom_sql(SOURCE_ARN + "x"), **parameters)
    assert api.describe_data_set(DataSetId="readings")["DataSet"] == before


def test_only_spice_data_sets_have_refresh_properties(api: Any, data_set: str) -> None:
    code, message = refusal(api.describe_data_set_refresh_properties, DataSetId="readings")
    assert code == "InvalidParameterValueException"
    assert "is not a SPICE dataset" in message


# Dashboards


def test_update_makes_a_version_that_readers_see_once_it_is_published(api: Any, dashboard: Any) -> None:
    api.update_dashboard(DashboardId="house", Name="house", Definition=chart(), VersionDescription="second")
    seen = api.describe_dashboard(DashboardId="house")["Dashboard"]["Version"]
    assert (seen["VersionNumber"], seen["Description"]) == (1, "first")
    api.update_dashboard_published_version(DashboardId="house", VersionNumber=2)
    seen = api.describe_dashboard(DashboardId="house")["Dashboard"]["Version"]
    assert (seen["VersionNumber"], seen["Description"]) == (2, "second")
    versions = api.list_dashboard_versions(DashboardId="house")["DashboardVersionSummaryList"]
    assert [one["VersionNumber"] for one in versions] == [1, 2]


def test_definition_comes_back_as_it_was_sent(api: Any, dashboard: Any) -> None:
    assert api.describe_dashboard_definition(DashboardId="house")["Definition"] == chart()


def test_dashboard_names_its_data_sets_and_sheets(api: Any, dashboard: Any) -> None:
    version = api.describe_dashboard(DashboardId="house")["Dashboard"]["Version"]
    assert (version["DataSetArns"], version["Sheets"]) == ([SET_ARN], [{"SheetId": "s", "Name": "S"}])


def test_definition_with_an_unknown_column_is_refused_unless_lenient(api: Any, data_set: str) -> None:
    parameters = {"DashboardId": "house", "Name": "house", "Definition": chart("temprature")}
    code, message = refusal(api.create_dashboard, **parameters)
    assert code == "InvalidParameterValueException"
    assert "Column temprature is not in data set readings" in message
    api.create_dashboard(ValidationStrategy={"Mode": "LENIENT"}, **parameters)
    errors = api.describe_dashboard_definition(DashboardId="house")["Errors"]
    assert [error["Type"] for error in errors] == ["PARAMETER_NOT_FOUND"]


def test_definition_with_a_missing_data_set_is_refused(api: Any, data_set: str) -> None:
    definition = chart(arn=SET_ARN + "2")
    _, message = refusal(api.create_dashboard, DashboardId="house", Name="house", Definition=definition)
    assert f"DATA_SET_NOT_FOUND: Data set {SET_ARN}2 (identifier readings) does not exist" in message


def test_dashboard_from_a_template_is_refused_by_its_name(api: Any, data_set: str) -> None:
    arn = f"arn:aws:quicksight:{REGION}:{ACCOUNT}:template/t"
    references = [{"DataSetPlaceholder": "p", "DataSetArn": SET_ARN}]
    source = {"SourceTemplate": {"Arn": arn, "DataSetReferences": references}}
    code, message = refusal(api.create_dashboard, DashboardId="house", Name="house", SourceEntity=source)
    assert (code, message) == ("ResourceNotFoundException", f"Template {arn} is not found")


def test_published_version_cannot_be_deleted_and_the_whole_dashboard_can(api: Any, dashboard: Any) -> None:
    assert refusal(api.delete_dashboard, DashboardId="house", VersionNumber=1)[0] == "InvalidParameterValueException"
    api.delete_dashboard(DashboardId="house")
    assert api.list_dashboards()["DashboardSummaryList"] == []


def test_lists_come_in_pages(api: Any, data_set: str) -> None:
    for number in range(3):
        api.create_dashboard(DashboardId=f"d{number}", Name="d", Definition=chart())
    first = api.list_dashboards(MaxResults=2)
    second = api.list_dashboards(MaxResults=2, NextToken=first["NextToken"])
    ids = [one["DashboardId"] for answer in (first, second) for one in answer["DashboardSummaryList"]]
    assert (ids, "NextToken" in second) == (["d0", "d1", "d2"], False)
    assert refusal(api.list_dashboards, NextToken="x")[0] == "InvalidNextTokenException"


def test_tags_follow_the_dashboard(api: Any, dashboard: Any) -> None:
    arn = dashboard["Arn"]
    api.tag_resource(ResourceArn=arn, Tags=[{"Key": "course", "Value": "iot"}])
    assert api.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "course", "Value": "iot"}]
    api.untag_resource(ResourceArn=arn, TagKeys=["course"])
    assert api.list_tags_for_resource(ResourceArn=arn)["Tags"] == []
    api.delete_dashboard(DashboardId="house")
    assert refusal(api.list_tags_for_resource, ResourceArn=arn)[0] == "ResourceNotFoundException"


# Analyses


def test_deleted_analysis_keeps_its_id_until_the_recovery_window_ends(
    api: Any, data_set: str, time_of_lab: Time
) -> None:
    parameters = {"AnalysisId": "house", "Name": "house", "Definition": chart()}
    api.create_analysis(**parameters)
    api.delete_analysis(AnalysisId="house", RecoveryWindowInDays=7)
    assert api.describe_analysis(AnalysisId="house")["Analysis"]["Status"] == "DELETED"
    assert refusal(api.create_analysis, **parameters)[0] == "ResourceExistsException"
    time_of_lab.seconds += 7 * 86400
    api.create_analysis(**parameters)


def test_deleted_analysis_can_be_restored(api: Any, data_set: str) -> None:
    api.create_analysis(AnalysisId="house", Name="house", Definition=chart())
    api.delete_analysis(AnalysisId="house")
    api.restore_analysis(AnalysisId="house")
    assert api.describe_analysis(AnalysisId="house")["Analysis"]["Status"] == "CREATION_SUCCESSFUL"


def test_forced_deletion_of_an_analysis_is_final(api: Any, data_set: str) -> None:
    api.create_analysis(AnalysisId="house", Name="house", Definition=chart())
    api.delete_analysis(AnalysisId="house", ForceDeleteWithoutRecovery=True)
    assert refusal(api.describe_analysis, AnalysisId="house")[0] == "ResourceNotFoundException"


# Account


def test_subscription_is_protected_and_then_ends_with_everything(api: Any, dashboard: Any) -> None:
    code, message = refusal(api.describe_account_subscription)
    assert (code, message) == (
        "ResourceNotFoundException",
        f"Directory information for account {ACCOUNT} is not found.",
    )
    api.create_account_subscription(
        AccountName="lab",
        AuthenticationMethod="IAM_AND_QUICKSIGHT",
        Edition="ENTERPRISE",
        NotificationEmail="a@example.org",
    )
    info = api.describe_account_subscription()["AccountInfo"]
    assert (info["AccountName"], info["AccountSubscriptionStatus"]) == ("lab", "ACCOUNT_CREATED")
    assert refusal(api.delete_account_subscription)[0] == "PreconditionNotMetException"
    api.update_account_settings(DefaultNamespace="default", TerminationProtectionEnabled=False)
    api.delete_account_subscription()
    assert api.list_dashboards()["DashboardSummaryList"] == []


def test_users_are_registered_by_name_or_iam_identity(api: Any) -> None:
    common = {"Email": "a@example.org", "UserRole": "AUTHOR", "Namespace": "default"}
    api.register_user(IdentityType="QUICKSIGHT", UserName="author", **common)
    role = f"arn:aws:iam::{ACCOUNT}:role/student"
    user = api.register_user(IdentityType="IAM", IamArn=role, SessionName="ada", **common)["User"]
    assert user["UserName"] == "student/ada"
    assert [one["UserName"] for one in api.list_users(Namespace="default")["UserList"]] == ["author", "student/ada"]
    assert api.describe_user(UserName="author", Namespace="default")["User"]["Arn"] == USER_ARN


def test_namespace_that_does_not_exist_is_not_found(api: Any) -> None:
    assert refusal(api.list_users, Namespace="other")[0] == "ResourceNotFoundException"


def test_operation_that_is_not_served_is_named(api: Any) -> None:
    code, message = refusal(api.list_folders)
    assert code == "NotImplementedException"
    assert "quicksight ListFolders" in message


def test_store_survives_pickling(api: Any, dashboard: Any, service: QuickSight) -> None:
    copy = pickle.loads(pickle.dumps(service.store))
    assert copy == service.store
