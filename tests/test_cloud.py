"""The cloud's life as a whole, where no room's tests look."""

from __future__ import annotations

import boto3
from moto import mock_aws

from tests.running import running_lab


def test_a_cloud_that_has_stopped_hinders_no_other_use_of_moto_in_its_process():
    with running_lab() as lab:
        lab.iot.create_keys_and_certificate(setAsActive=True)
    with mock_aws():
        iot = boto3.client("iot", "eu-west-1", aws_access_key_id="test", aws_secret_access_key="test")
        made = iot.create_keys_and_certificate(setAsActive=True)
        iot.update_certificate(certificateId=made["certificateId"], newStatus="INACTIVE")
        assert (
            iot.describe_certificate(certificateId=made["certificateId"])["certificateDescription"]["status"]
            == "INACTIVE"
        )
