"""The how-to pages say what is so."""

from __future__ import annotations

import re
import subprocess

from checker.curriculum.parts import ROOT
from checker.pipeline import run_pipeline, validate
from checker.report.files import render_junit
from checker.watch.words import KEYS


def test_the_job_of_the_page_is_valid_and_absent_without_the_kits_address(tmp_path):
    (job,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "doc/gitlab-checks.md").read_text(), re.DOTALL)
    own = "stages: [test]\nunit_tests:\n  stage: test\n  script: [echo tested]\n"
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitlab-ci.yml").write_text(own + job)
    subprocess.run(["git", "-C", str(tmp_path), "add", "."], check=True)

    assert validate(tmp_path) == []
    assert [result.name for result in run_pipeline(tmp_path, {}).jobs] == ["unit_tests"]


def test_the_page_shows_the_keys_that_there_are():
    assert f"\n{KEYS}\n" in (ROOT / "doc/watch.md").read_text()


def test_junit_is_what_gitlab_reads():
    """https://docs.gitlab.com/ci/testing/unit_test_reports/: suites, cases with name and classname, one of three ends."""
    import xml.etree.ElementTree as ET

    from checker.checks.result import CheckResult, PartResult, Report

    checks = [CheckResult(f"1.{n}", "T", status, 1, "a", "b", "c", "d") for n, status in enumerate(ENDS)]
    root = ET.fromstring(render_junit(Report((PartResult(1, "x", False, tuple(checks)),))).split("\n", 1)[1])

    assert root.tag == "testsuites"
    cases = root.findall("testsuite/testcase")
    assert [[child.tag for child in case] for case in cases] == list(ENDS.values())
    assert all(case.get("name") and case.get("classname") and case.get("time") for case in cases)
    assert "expected  a\ngot       b\nbecause   c\nfix       d" in (cases[1].find("failure").text or "")


ENDS = {"passed": [], "failed": ["failure"], "skipped": ["skipped"], "broken": ["error"]}
