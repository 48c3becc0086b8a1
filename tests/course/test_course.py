"""The course as a newcomer meets it: `lab demo`, and what Terraform says of the finished house."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.terraform


def lab(*arguments: str, cwd: Path = ROOT, expect: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "checker", *arguments],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    assert done.returncode == expect, done.stdout[-5000:]
    return done.stdout


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    output = lab("demo", "--json", str(folder / "result.json"))
    return output, json.loads((folder / "result.json").read_text())


def test_the_demo_earns_every_point_of_all_seven_parts(demo):
    _, result = demo
    assert [part["part"] for part in result["parts"]] == [1, 2, 3, 4, 5, 6, 7]
    assert {part["part"]: part["points"] for part in result["parts"]} == {
        1: 10, 2: 15, 3: 20, 4: 25, 5: 20, 6: 0, 7: 10,
    }  # fmt: skip
    assert [part["bonus"] for part in result["parts"]] == [0, 0, 0, 0, 0, 10, 0]
    assert {check["status"] for part in result["parts"] for check in part["checks"]} == {"passed"}


def test_the_house_of_the_demo_is_switched_on_and_off_again_by_the_lambda(demo):
    output, _ = demo
    assert "AC SWITCH TO True" in output
    assert "AC SWITCH TO False" in output


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A workspace with every solution, deployed on a local cloud of its own."""
    folder = tmp_path_factory.mktemp("finished") / "workspace"
    lab("new", str(folder))
    for overlay in sorted((ROOT / "solutions").iterdir()):
        subprocess.run(["cp", "-R", f"{overlay}/.", str(folder)], check=True)
    lab("up", cwd=folder)
    try:
        lab("apply", cwd=folder)
        yield folder
    finally:
        lab("down", cwd=folder)


def test_an_unchanged_deployment_is_checked_without_terraform(finished, tmp_path, monkeypatch):
    """Terraform is a program here that only ends: whoever starts it fails."""
    terraform = tmp_path / "terraform"
    terraform.write_text("#!/bin/sh\nexit 9\n")
    terraform.chmod(0o755)
    monkeypatch.setenv("LAB_TERRAFORM", str(terraform))

    assert "part 2: 15 of 15 points" in lab("check", "2", cwd=finished)
    (finished / "terraform/iot.tf").write_text((finished / "terraform/iot.tf").read_text() + "# a change\n")
    assert "terraform apply ended with exit code 9" in lab("check", "2", cwd=finished, expect=3)
    (finished / "terraform/iot.tf").write_text((finished / "terraform/iot.tf").read_text().removesuffix("# a change\n"))


def test_a_second_apply_changes_nothing_and_destroy_leaves_nothing(finished):
    assert "0 added, 0 changed, 0 destroyed" in lab("apply", cwd=finished)
    assert "Destroy complete!" in lab("destroy", cwd=finished)
    tables = lab("env", "--", "aws", "dynamodb", "list-tables", cwd=finished)
    things = lab("env", "--", "aws", "iot", "list-things", cwd=finished)
    assert json.loads(tables)["TableNames"] == []
    assert json.loads(things)["things"] == []


def test_the_kits_own_pipeline_is_valid():
    from checker.pipeline import validate

    assert [str(problem) for problem in validate(ROOT)] == []


def test_the_kits_own_pipeline_packages_the_solution(tmp_path):
    """Its jobs after the tests run for real; deploying waits for credentials."""
    from checker.pipeline import run_pipeline

    project = tmp_path / "project"
    project.mkdir()
    for name in ("starter", "solutions", ".ci"):
        subprocess.run(["cp", "-R", str(ROOT / name), str(project)], check=True)
    text = (ROOT / ".gitlab-ci.yml").read_text()
    (project / ".gitlab-ci.yml").write_text(
        text.replace("./.ci/run", "echo tests").replace("./lab lint", "echo lint").replace("- ruff ", "- echo ruff ")
    )
    subprocess.run(["git", "init", "-q", str(project)], check=True)
    result = run_pipeline(project, {})
    assert {job.name: job.status for job in result.jobs} == {
        "style": "success",
        "tests": "success",
        **{f"curriculum_{share}": "success" for share in (1, 2, 3, 4)},
        "solution_unit_tests": "success",
        "package_lambda": "success",
    }, [(job.name, job.log[-800:]) for job in result.jobs if job.status != "success"]
    assert result.job("package_lambda").artifacts == ("build/workspace/build/ac_control_lambda.zip",)
