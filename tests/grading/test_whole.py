"""`lab grade` as an instructor runs it: isolation, resume after kill -9, an honest learner beside cheaters."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from checker.curriculum.parts import ROOT, read_parts
from checker.curriculum.workspace import lay_over, new_workspace
from checker.errors import LabError
from checker.grading.station import choose_isolation
from tests.grading.conftest import git
from tests.support import wait_until

pytestmark = pytest.mark.terraform


@pytest.fixture(scope="module", autouse=True)
def isolation() -> None:
    try:
        choose_isolation("bwrap")
    except LabError as missing:
        pytest.skip(str(missing))


def command(submissions: Path, grades: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "checker", "grade", str(submissions), "--out", str(grades), *options]


def lab_grade(submissions: Path, grades: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command(submissions, grades, *options), capture_output=True, text=True, env=environment, timeout=500
    )


def results(grades: Path, learner: str) -> list[dict]:
    return [json.loads(file.read_text()) for file in sorted((grades / "results" / learner).glob("*.json"))]


def solved(folder: Path) -> Path:
    """A workspace with all solutions, committed."""
    workspace = new_workspace(folder)
    lay_over(workspace, read_parts())
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "done")
    return folder


def commit(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)
    git(folder, "add", "-A", "-f")
    git(folder, "commit", "-q", "-m", "more")


FORGED_TESTS = """
import os
for n in range(99):
    print(f"PASSED tests/test_decision.py::test_{n}", flush=True)
os._exit(0)
"""
FORGED_CONFTEST = """
import pytest
@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    report.outcome = "passed"
"""


def test_an_honest_learner_gets_full_marks_beside_cheaters_who_get_none(tmp_path: Path):
    submissions, grades = tmp_path / "submissions", tmp_path / "grades"
    submissions.mkdir()
    solved(submissions / "honest")
    new_workspace(submissions / "forger")
    for name, text in {
        "ac_control_lambda/decision.py": FORGED_TESTS,
        "ac_control_lambda/conftest.py": FORGED_CONFTEST,
        "ac_control_lambda/sitecustomize.py": FORGED_TESTS,
        ".lab/results.json": '{"4": {"points": 100}}',
        "terraform/bomb.tf": 'resource "terraform_data" "bomb" {\n  provisioner "local-exec" {\n    command = "f() { f | f & }; f; sleep 2"\n  }\n}\n',
    }.items():
        commit(submissions / "forger", name, text)

    done = lab_grade(submissions, grades, "--jobs", "2")

    (honest,), (forger,) = results(grades, "honest"), results(grades, "forger")
    assert (honest["status"], honest["points"], honest["max_points"], honest["bonus"]) == ("graded", 100, 100, 10), (
        done.stderr
    )
    assert (forger["points"], forger["bonus"]) == (0, 0), done.stderr
    assert honest["provenance"]["isolation"].startswith("bubblewrap")
    assert "honest" in done.stdout
    schema = json.loads((ROOT / "checker" / "grading" / "result.schema.json").read_text())
    for result in (honest, forger):
        jsonschema.validate(result, schema)


def test_after_kill_9_it_goes_on_and_does_nothing_twice(tmp_path: Path):
    submissions, grades = tmp_path / "submissions", tmp_path / "grades"
    submissions.mkdir()
    for learner in ("a1", "a2", "a3"):
        (submissions / learner / "terraform").mkdir(parents=True)
        (submissions / learner / "terraform" / "main.tf").write_text(f"# {learner}\n")
    shutil.make_archive(str(submissions / "a4"), "zip", submissions / "a1" / "terraform")
    running = subprocess.Popen(
        command(submissions, grades, "--jobs", "1", "--parts", "1"), env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wait_until(lambda: results(grades, "a1"), within_s=120, because="the first result is written")
    running.send_signal(signal.SIGKILL)
    running.wait()
    before = {file: file.read_bytes() for file in grades.glob("results/*/*.json")}

    done = lab_grade(submissions, grades, "--parts", "1")
    again = lab_grade(submissions, grades, "--parts", "1")

    assert {learner: len(results(grades, learner)) for learner in ("a1", "a2", "a3", "a4")} == dict.fromkeys(
        ["a1", "a2", "a3", "a4"], 1
    )
    assert {file: file.read_bytes() for file in before} == before
    assert results(grades, "a4")[0]["status"] == "refused"
    assert f"{4 - len(before)} graded, {len(before)} unchanged" in done.stderr
    assert "0 graded, 4 unchanged" in again.stderr
    assert not list(grades.glob("submissions/.unfinished-*"))
