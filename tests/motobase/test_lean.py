"""moto's core comes without its mocks, and whoever wants them all the same still gets them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(program: str) -> str:
    """In a process of its own: here moto is loaded already."""
    text = f"import sys\nfrom labcloud.motobase import lean\n{program}"
    done = subprocess.run([sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_core_is_loaded_without_boto3_and_the_mocks():
    loaded = run("lean.load_core(); print(*sys.modules)").split()
    assert "moto.core.responses" in loaded
    assert {"boto3", "s3transfer", "responses", "unittest.mock", "requests", "moto.core.models"}.isdisjoint(loaded)


def test_who_imports_one_of_the_three_later_gets_the_real_one():
    program = """
lean.load_core()
import boto3, requests, moto.core.models
print(boto3.client.__module__, requests.post.__module__, moto.core.models.MockAWS.__module__)
"""
    assert run(program) == "boto3 requests.api moto.core.models"


def test_what_the_core_took_from_a_stand_in_leads_to_the_real_one():
    program = """
lean.load_core()
import boto3, moto
with moto.mock_aws():
    print(boto3.client("sts", region_name="eu-west-1").get_caller_identity()["Account"])
"""
    assert run(program) == "123456789012"


def test_a_service_has_the_regions_that_it_has_with_boto3():
    regions = "from moto.sqs.models import sqs_backends; print(sorted(sqs_backends['123456789012'].regions))"
    assert run(f"lean.load_core(); {regions}") == run(regions)


def test_the_account_is_motos():
    assert run("from moto.core.models import DEFAULT_ACCOUNT_ID as real; print(real)") == run(
        "lean.load_core(); from moto.core import DEFAULT_ACCOUNT_ID as ours; print(ours)"
    )


def test_after_moto_it_does_nothing():
    assert run("import moto; lean.load_core(); print('boto3' in sys.modules)") == "True"
