from __future__ import annotations

import subprocess
import sys

import pytest

from .conftest import KIT, load


@pytest.fixture(scope="module")
def decide():
    return load(KIT / "solutions/04_scheduled_lambda/ac_control_lambda/decision.py").decide


@pytest.mark.parametrize(
    ("mean", "expected"), [(35.01, True), (35, None), (27, None), (20, None), (19.99, False), (-40, False)]
)
def test_the_solution_switches_outside_the_band_only(decide, mean, expected):
    assert decide(mean) is expected


@pytest.mark.parametrize(("stage", "failing"), [(3, "6 failed"), (4, "16 passed")])
def test_the_given_unit_tests_fail_on_the_starter_and_pass_on_the_solution(stages, stage, failing):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "ac_control_lambda/tests"],
        cwd=stages[stage],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert failing in done.stdout
