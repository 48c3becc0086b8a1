"""Every service of moto can be kept, and moto is still what this was written for.

`python -m tests.persistence.test_moto_state` writes the expectations anew: after moto's changed code has been read.
"""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import pytest
from moto.backends import get_backend, list_of_moto_modules

from labcloud.api import ApiRequest, Caller
from labcloud.motobase import hooks, iam, on_demand
from labcloud.motobase.state import WITH_PARTS, MotoState, pickling
from labcloud.motobase.state.places import place_of
from labcloud.persistence.state import Persistence

EXPECTED = Path(__file__).with_name("moto_sources.json")
ACCOUNT = "123456789012"
ROOT = Path(__file__).parents[2]
NO_BACKENDS = {"moto_api", "moto_server", "moto_proxy", "core", "utilities", "s3bucket_path"}
OTHER_BACKENDS = {"awslambda_simple", "batch_simple"}
WITHOUT_LIBRARIES = {"cognitoidp", "xray"}
"""Packages of moto that are no services, that stand in for others, and that the kit does not install all of."""


def install_everything() -> None:
    iam.install()
    MotoState().install(lambda space, key, read: None)
    for package in WITH_PARTS:
        a_backend(package)


def a_backend(name: str):
    """A fresh backend of a service."""
    regions = get_backend(name)[ACCOUNT]
    return regions[next(region for region in ("eu-west-1", "us-east-1", "aws") if region in regions.regions)]


def hooked() -> dict[str, str]:
    """The hashes of moto's methods that hooks of the state go around."""
    names = json.loads(EXPECTED.read_text()) if EXPECTED.exists() else {}
    found = hooks.fingerprints()
    return {name: found[name] for name in names}


@pytest.fixture(scope="module", autouse=True)
def installed():
    install_everything()


SERVICES = sorted(set(list_of_moto_modules()) - NO_BACKENDS - OTHER_BACKENDS - WITHOUT_LIBRARIES)


@pytest.mark.parametrize("name", SERVICES)
def test_a_backend_becomes_bytes_and_an_equal_backend_again(name):
    backend = a_backend(name)
    pickled = pickling.pickle_backend(backend)
    before = {attribute: type(value) for attribute, value in backend.__dict__.items()}
    pickling.Loading(pickled.packages).backend(place_of(backend), pickled.data)
    assert {attribute: type(value) for attribute, value in backend.__dict__.items()} == before


def test_references_between_backends_are_names():
    iam_backend = a_backend("iam")
    logs = a_backend("logs")
    logs.lab_test_reference = iam_backend
    try:
        pickled = pickling.pickle_backend(logs)
        assert b"IAMBackend" in pickled.data
        pickling.Loading({}).backend(place_of(logs), pickled.data)
        assert logs.lab_test_reference is iam_backend
    finally:
        del logs.lab_test_reference


def test_what_hangs_on_a_backend_that_nobody_has_written_is_written_with_it(tmp_path):
    """The first datum of a region makes its backend: the watcher may come too late."""
    kept = Persistence(tmp_path)
    kept.restore()
    try:
        caller = Caller(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")
        with kept.keeping(ApiRequest("cloudwatch", "PutMetricData", {}, "eu-west-3", caller), changes=True):
            get_backend("cloudwatch")[ACCOUNT]["eu-west-3"].put_metric_data("n", [{"MetricName": "m", "Value": 3.5}])
        assert kept.places("cloudwatch") == [(ACCOUNT, "eu-west-3")]
    finally:
        kept.close()


def test_moto_is_the_version_that_this_was_written_for():
    assert importlib.metadata.version("moto") == hooks.MOTO_VERSION


def test_every_method_that_a_hook_goes_around_is_still_the_one_that_was_read():
    """In a process of its own: hooks are placed when a service is first used, which another test may have done."""
    expected = json.loads(EXPECTED.read_text())
    program = "from tests.persistence.test_moto_state import *; install_everything(); print(json.dumps(hooked()))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    changed = sorted(name for name, source in json.loads(done.stdout).items() if source != expected[name])
    assert changed == [], f"moto changed these: read them, adapt labcloud/motobase/state, then see {__name__}"


if __name__ == "__main__":
    iam.install()
    for module in on_demand.MODULES:
        on_demand.install_for(module)
    others = set(hooks.fingerprints())
    install_everything()
    own = {name: source for name, source in hooks.fingerprints().items() if name not in others}
    EXPECTED.write_text(json.dumps(own, indent=1) + "\n")
