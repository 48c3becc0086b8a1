"""Programs and pages of this machine use the cloud; pages from elsewhere do not, whatever name they call it by."""

from __future__ import annotations

import pytest

from labcloud.gateway.origin import why_foreign
from labcloud.hosts import is_own_host

S3 = {"Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/eu-west-1/s3/aws4_request"}


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:80", "bucket.localhost:4566", "127.0.0.1:1", "127.9.8.7", "[::1]:80", "::1",
     "bucket.s3.eu-west-1.amazonaws.com", "localhost."],
)  # fmt: skip
def test_names_of_this_machine_and_of_aws_are_answered(host):
    assert is_own_host(host)
    assert why_foreign("POST", {"Host": host}, {}, False) is None


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "evilamazonaws.com", "192.168.0.5",
     "0.0.0.0", "[::1", "localhost:99999999", "local host", "localhost/evil", "a@localhost", "\xff", "[fe80::1]"],
)  # fmt: skip
def test_other_names_are_refused_with_what_to_do(host):
    refused = why_foreign("POST", {"Host": host}, {}, False)
    assert refused is not None
    assert "not for this machine" in refused and "--expose-to-network" in refused


def test_a_program_that_sends_no_host_is_answered():
    assert why_foreign("GET", {}, {}, False) is None


@pytest.mark.parametrize("origin", ["http://localhost:3000", "https://127.0.0.1", "http://[::1]:8080"])
def test_pages_of_this_machine_may_ask(origin):
    assert why_foreign("POST", {"Host": "localhost", "Origin": origin}, {}, False) is None


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "", "https://localhost.evil.example", "file://", "localhost"]
)
def test_pages_from_elsewhere_may_not(origin):
    refused = why_foreign("POST", {"Host": "localhost", "Origin": origin}, {}, False)
    assert refused is not None and "a web page of" in refused


def test_an_image_of_another_site_reaches_objects_and_nothing_else():
    cross = {"Host": "localhost", "Sec-Fetch-Site": "cross-site"}
    assert why_foreign("GET", cross | S3, {}, False) is None
    assert why_foreign("GET", cross, {"X-Amz-Credential": "a/20260101/eu-west-1/s3/aws4_request"}, False) is None
    assert why_foreign("POST", cross | S3, {}, False) is not None
    assert why_foreign("GET", cross, {"X-Amz-Credential": "a/20260101/eu-west-1/sqs/aws4_request"}, False) is not None


def test_a_cloud_on_the_network_is_called_by_any_name_and_by_its_own_pages():
    assert why_foreign("POST", {"Host": "lab.school:80"}, {}, True) is None
    assert why_foreign("POST", {"Host": "lab.school:80", "Origin": "http://lab.school:3000"}, {}, True) is None
    assert why_foreign("POST", {"Host": "lab.school:80", "Origin": "http://evil.example"}, {}, True) is not None
