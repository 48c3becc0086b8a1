"""The script of part 6, without AWS: what it makes, what it removes, what it leaves alone."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from .conftest import KIT, load

ACCOUNT = "123456789012"


class QuickSight:
    """As much of QuickSight as the script uses."""

    def __init__(self, sources=(), subscription: str | None = None, missing: str = "ResourceNotFoundException") -> None:
        self.sources = set(sources)
        self.subscription = subscription
        self.missing = missing
        self.created: list[dict] = []

    def refuse(self, operation: str) -> ClientError:
        return ClientError({"Error": {"Code": self.missing, "Message": "as AWS says"}}, operation)

    def describe_data_source(self, AwsAccountId, DataSourceId):
        if DataSourceId not in self.sources:
            raise self.refuse("DescribeDataSource")
        return {"DataSource": {"DataSourceId": DataSourceId}}

    def create_data_source(self, **arguments):
        self.created.append(arguments)
        self.sources.add(arguments["DataSourceId"])

    def delete_data_source(self, AwsAccountId, DataSourceId):
        self.sources.remove(DataSourceId)

    def describe_account_subscription(self, AwsAccountId):
        if self.subscription is None:
            raise self.refuse("DescribeAccountSubscription")
        return {"AccountInfo": {"AccountName": self.subscription, "AccountSubscriptionStatus": "ACCOUNT_CREATED"}}

    def create_account_subscription(self, AccountName, **arguments):
        self.subscription = AccountName

    def update_account_settings(self, AwsAccountId, DefaultNamespace, TerminationProtectionEnabled):
        self.protected = TerminationProtectionEnabled

    def delete_account_subscription(self, AwsAccountId):
        assert self.protected is False
        self.subscription = None


@pytest.fixture
def script(monkeypatch):
    monkeypatch.setenv("TF_VAR_prefix", "ada_")
    return load(KIT / "solutions/06_quicksight/bin/create_quicksight_source.py")


def test_the_source_is_made_once_with_the_prefix_before_its_name(script):
    quicksight = QuickSight()
    script.create_source(quicksight, ACCOUNT)
    script.create_source(quicksight, ACCOUNT)

    assert [(made["DataSourceId"], made["Type"]) for made in quicksight.created] == [
        ("ada_iot-timestream", "TIMESTREAM")
    ]


@pytest.mark.parametrize("missing", ["ResourceNotFoundException", "UnsupportedUserEditionException"])
def test_deleting_what_is_not_there_is_no_error(script, missing):
    quicksight = QuickSight(missing=missing)
    script.delete_source(quicksight, ACCOUNT)
    script.delete_subscription(quicksight, ACCOUNT)


def test_another_refusal_is_an_error(script):
    with pytest.raises(ClientError, match="AccessDenied"):
        script.delete_source(QuickSight(missing="AccessDeniedException"), ACCOUNT)


def test_deleting_leaves_the_sources_of_others(script):
    quicksight = QuickSight(sources={"ada_iot-timestream", "iot-timestream", "sales"})
    script.delete_source(quicksight, ACCOUNT)

    assert quicksight.sources == {"iot-timestream", "sales"}


def test_a_subscription_of_somebody_else_is_left_alone(script, capsys):
    quicksight = QuickSight(subscription="the-company")
    script.delete_subscription(quicksight, ACCOUNT)

    assert quicksight.subscription == "the-company"
    assert capsys.readouterr().out == "no subscription of this lab; the-company is left alone\n"


def test_a_subscription_made_by_the_lab_is_ended(script):
    quicksight = QuickSight()
    script.sign_up(quicksight, ACCOUNT, "ada@example.org")
    assert quicksight.subscription == f"ada-smart-house-{ACCOUNT}"
    script.delete_subscription(quicksight, ACCOUNT)

    assert quicksight.subscription is None
