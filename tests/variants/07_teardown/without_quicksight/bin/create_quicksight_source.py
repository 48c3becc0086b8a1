#!/usr/bin/env python3
"""Makes the QuickSight data source that reads Timestream, or removes it with --delete.

Region, credentials and endpoint come from the environment; TF_VAR_prefix goes before the name.
The subscription to QuickSight is made only when asked for with --sign-up: on AWS it costs money every month.
"""

import argparse
import os
import sys
import time

import boto3
from botocore.exceptions import BotoCoreError, ClientError

PREFIX = os.environ.get("TF_VAR_prefix", os.environ.get("PREFIX", ""))  # noqa: SIM112 (Terraform spells it so)
SOURCE_ID = f"{PREFIX}iot-timestream"
# What QuickSight answers about a thing that is not there, and about everything in an account without a subscription.
NOT_THERE = ("ResourceNotFoundException", "UnsupportedUserEditionException")


def main() -> None:
    """Does what the command line asks for; a refusal of AWS becomes one message."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--delete", action="store_true", help="remove the source and a subscription made by the lab")
    parser.add_argument("--sign-up", metavar="EMAIL", help="subscribe the account first (costs money on AWS)")
    parser.add_argument("--user-arn", help="a QuickSight user who shall see the source in the console")
    options = parser.parse_args()
    try:
        session = boto3.Session(region_name=os.environ.get("AWS_REGION"))
        account = session.client("sts").get_caller_identity()["Account"]
        quicksight = session.client("quicksight")
        if options.delete:
            delete_source(quicksight, account)
            delete_subscription(quicksight, account)
            return
        if options.sign_up:
            sign_up(quicksight, account, options.sign_up)
        create_source(quicksight, account)
        if options.user_arn:
            share_source(quicksight, account, options.user_arn)
    except (BotoCoreError, ClientError) as refusal:
        advice = "; sign the account up first (--sign-up EMAIL)" if "not subscribed" in str(refusal) else ""
        sys.exit(f"QuickSight: {refusal}{advice}")


def found(describe, **what) -> dict | None:
    """What a describing call answers; None if there is no such thing."""
    try:
        return describe(**what)
    except ClientError as refusal:
        if refusal.response["Error"]["Code"] in NOT_THERE:
            return None
        raise


def source_exists(quicksight, account: str) -> bool:
    """Whether the data source is there."""
    return found(quicksight.describe_data_source, AwsAccountId=account, DataSourceId=SOURCE_ID) is not None


def create_source(quicksight, account: str) -> None:
    """Makes the data source of type TIMESTREAM, once."""
    if source_exists(quicksight, account):
        print(f"data source {SOURCE_ID} exists")
        return
    # TODO 6.1: create the data source SOURCE_ID of type TIMESTREAM in this account
    # (quicksight.create_data_source). This type takes no connection parameters.
    sys.exit("bin/create_quicksight_source.py makes no source yet: see TODO 6.1 in it")


def delete_source(quicksight, account: str) -> None:
    """Removes the data source if it is there."""
    if source_exists(quicksight, account):
        quicksight.delete_data_source(AwsAccountId=account, DataSourceId=SOURCE_ID)
    print(f"data source {SOURCE_ID} is gone")


def share_source(quicksight, account: str, user_arn: str) -> None:
    """Lets a QuickSight user see and use the source."""
    actions = ["DescribeDataSource", "DescribeDataSourcePermissions", "PassDataSource"]
    grant = {"Principal": user_arn, "Actions": [f"quicksight:{action}" for action in actions]}
    quicksight.update_data_source_permissions(AwsAccountId=account, DataSourceId=SOURCE_ID, GrantPermissions=[grant])
    print(f"shared with {user_arn}")


def subscription_name(account: str) -> str:
    """The name of a subscription made by this lab; its name is how it is told from somebody else's."""
    return f"{PREFIX}smart-house-{account}".replace("_", "-")


def subscription(quicksight, account: str) -> dict:
    """The account's subscription to QuickSight; empty if there is none."""
    answer = found(quicksight.describe_account_subscription, AwsAccountId=account)
    return answer["AccountInfo"] if answer else {}


def sign_up(quicksight, account: str, email: str) -> None:
    """Subscribes the account unless it is subscribed already, and waits until it is ready."""
    if not subscription(quicksight, account):
        quicksight.create_account_subscription(
            AwsAccountId=account,
            AccountName=subscription_name(account),
            AuthenticationMethod="IAM_AND_QUICKSIGHT",
            Edition="ENTERPRISE",
            NotificationEmail=email,
        )
    while (status := subscription(quicksight, account).get("AccountSubscriptionStatus")) != "ACCOUNT_CREATED":
        print(f"subscription: {status}")
        time.sleep(10)
    print("subscribed to QuickSight")


def delete_subscription(quicksight, account: str) -> None:
    """Ends the subscription if this lab made it; anybody else's is left alone."""
    name = subscription(quicksight, account).get("AccountName")
    if name != subscription_name(account):
        print("no subscription of this lab" + (f"; {name} is left alone" if name else ""))
        return
    quicksight.update_account_settings(
        AwsAccountId=account, DefaultNamespace="default", TerminationProtectionEnabled=False
    )
    quicksight.delete_account_subscription(AwsAccountId=account)
    print(f"subscription {name} is ended")


if __name__ == "__main__":
    main()
