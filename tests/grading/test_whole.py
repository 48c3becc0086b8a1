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
from checker.grading.attendant import Quota
from checker.grading.choice import choose_isolation
from checker.grading.course import CourseRules
from checker.grading.intake import Source
from checker.grading.run import Grader, Plan
from checker.grading.station import make_station
from checker.grading.store import Grades
from checker.terraform_install import ensure_terraform
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
        command(submissions, grades, *options), capture_output=True, text=True, env=environment, timeout=1500
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


REWRITTEN_TESTS = """
import os
for folder, _, names in os.walk("/lab"):
    for name in names:
        if name.startswith(("test_", "conftest")):
            try:
                open(os.path.join(folder, name), "w").write("def test_nothing(): pass")
            except OSError:
                pass
"""
PLANTED_LINKS = """
resource "terraform_data" "links" {
  provisioner "local-exec" {
    command = "ln -s /lab/home ../ac_control_lambda/home; ln -sf /lab/home/.lab/cloud/cloud.json ../.gitlab-ci.yml; mkfifo ../bin/waits; true"
  }
}
"""


def test_an_honest_learner_gets_full_marks_beside_cheaters_who_get_none(tmp_path: Path):
    submissions, grades = tmp_path / "submissions", tmp_path / "grades"
    submissions.mkdir()
    solved(submissions / "honest")
    new_workspace(submissions / "forger")
    for name, text in {
        "ac_control_lambda/decision.py": FORGED_TESTS,
        "ac_control_lambda/readings.py": REWRITTEN_TESTS,
        "terraform/links.tf": PLANTED_LINKS,
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
    assert honest["provenance"]["stages"]["relay"] > 0, (
        "boxes reach the cloud over the relay, which counts its own time"
    )
    assert {honest["provenance"]["limits"], forger["provenance"]["limits"]} <= {"watched", "cgroup v2"}
    assert "control_token" not in json.dumps(forger)
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


HIDDEN = """
from checker.checks import check, expect

@check("1.secret", points=7, needs="1.1")
def thing_is_named(lab):
    \"\"\"A secret about the certificate.\"\"\"
    expect(lab.certificate().status == "ACTIVE", expected="active", got="not")
"""


def grade_with(tmp_path: Path, submission: Path, quota: Quota, hidden: str = "") -> dict:
    """Part 1 of one submission, graded in this process."""
    if hidden:
        (tmp_path / "hidden" / "01_iot_core").mkdir(parents=True)
        (tmp_path / "hidden" / "01_iot_core" / "checks.py").write_text(hidden)
    course = CourseRules(hidden_folder=tmp_path / "hidden" if hidden else None)
    terraform, bwrap = ensure_terraform(), choose_isolation("bwrap").bwrap
    grades = Grades(tmp_path / "grades")
    grades.prepare()
    plan = Plan(course.listed("1"), course.hidden_sources(), "kit", quota)
    grader = Grader(plan, grades, make_station(bwrap, terraform, print))
    (done,) = grader.grade([Source("ada", submission)], 1, lambda _: None)
    return done.result


def test_a_hidden_check_runs_beside_the_kits_and_counts(tmp_path: Path):
    result = grade_with(tmp_path, solved(tmp_path / "ada"), Quota(), HIDDEN)

    last = result["parts"][0]["checks"][-1]
    assert (last["id"], last["status"], last["points"], last["visibility"]) == ("1.secret", "passed", 7, "title"), (
        result
    )
    assert (result["points"], result["max_points"]) == (17, 17)


def test_a_deployment_that_never_ends_is_the_learners_failure(tmp_path: Path):
    (tmp_path / "ada" / "terraform").mkdir(parents=True)
    (tmp_path / "ada" / "terraform" / "main.tf").write_text(
        'resource "terraform_data" "slow" {\n  provisioner "local-exec" {\n    command = "sleep 1000"\n  }\n}\n'
    )

    result = grade_with(tmp_path, tmp_path / "ada", Quota(program_s=8))

    assert (result["status"], result["points"]) == ("graded", 0), result
    assert "terraform apply did not end within 8 s" in result["parts"][0]["checks"][0]["because"]


def test_a_submission_that_takes_too_long_is_stopped_and_said_so(tmp_path: Path):
    (tmp_path / "ada" / "terraform").mkdir(parents=True)
    (tmp_path / "ada" / "terraform" / "main.tf").write_text("# nothing\n")

    result = grade_with(tmp_path, tmp_path / "ada", Quota(within_s=0.5))

    assert (result["status"], result["points"]) == ("stopped", 0)
    assert result["problem"] == "it took longer than 0.5 s"


def test_files_that_terraform_refuses_earn_nothing_and_are_not_broken(tmp_path: Path):
    (tmp_path / "ada" / "terraform").mkdir(parents=True)
    (tmp_path / "ada" / "terraform" / "main.tf").write_text('resource "aws_iot_thing" {\n')

    result = grade_with(tmp_path, tmp_path / "ada", Quota())

    assert (result["status"], result["points"]) == ("graded", 0), result
    assert {check["status"] for check in result["parts"][0]["checks"]} == {"skipped"}


def test_a_deployment_that_eats_the_memory_is_the_learners_failure(tmp_path: Path):
    (tmp_path / "ada" / "terraform").mkdir(parents=True)
    eats = "for i in 1 2 3; do python3 -c 'import time; x = bytearray(900 * 10**6); time.sleep(20)' & done; wait"
    (tmp_path / "ada" / "terraform" / "main.tf").write_text(
        f'resource "terraform_data" "eats" {{\n  provisioner "local-exec" {{\n    command = "{eats}"\n  }}\n}}\n'
    )

    result = grade_with(tmp_path, tmp_path / "ada", Quota())

    assert (result["status"], result["points"]) == ("graded", 0), result
    assert "1536 are allowed" in str(result["notices"]) + str(result["parts"][0]["checks"][0])
