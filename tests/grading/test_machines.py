"""Several machines: pieces of a class, joined grades, a cluster whose worker dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import CliRunner

from checker.cli.grade import grade
from checker.curriculum.parts import ROOT
from checker.errors import LabError, UsageProblem
from checker.grading.choice import choose_isolation
from checker.grading.cluster import ClusterJudges, machine_slot
from checker.grading.intake import Source
from checker.grading.kit import files_with_a_say, kit_hash
from checker.grading.merge import merge
from checker.grading.run import Grader, Plan
from checker.grading.shards import of_shard, parse_shard
from checker.grading.station import Station
from checker.grading.store import Grades
from tests.grading.conftest import result_of
from tests.support import free_port, wait_until

CLASS = [Source(f"learner{n}", Path(f"{n}.zip")) for n in range(60)]


def test_pieces_are_the_whole_and_do_not_overlap():
    pieces = [of_shard(CLASS, (k, 4)) for k in range(1, 5)]

    assert sorted(source.id for piece in pieces for source in piece) == sorted(source.id for source in CLASS)
    assert all(5 <= len(piece) <= 25 for piece in pieces)


def test_all_attempts_of_a_learner_are_in_one_piece_whoever_else_hands_in():
    attempts = [Source("ada", Path("1.zip")), Source("ada", Path("2.zip"))]
    (alone,) = [k for k in (1, 2, 3) if of_shard(attempts, (k, 3))]

    assert [source.id for source in of_shard([*CLASS, *attempts], (alone, 3))].count("ada") == 2


@pytest.mark.parametrize("text", ["0/4", "5/4", "2", "a/b", "1/0", "-1/4"])
def test_a_piece_that_is_none_is_refused(text: str):
    with pytest.raises(UsageProblem, match="write it like 2/5|no piece"):
        parse_shard(text)


def grades_in(folder: Path, learner: str, points: int, at: str) -> Grades:
    """Grades with one more result of a learner."""
    grades = Grades(folder)
    grades.prepare()
    result = result_of({"1.1": points}) | {"learner": {"id": learner}, "provenance": {"graded_at": at}}
    archive = grades.submission_file(learner, "aa")
    archive.parent.mkdir(exist_ok=True)
    archive.write_bytes(b"tar")
    grades.log_file(learner).write_text("said")
    grades.add(learner, result)
    return grades


def test_joined_grades_hold_everybodys_results_and_files(tmp_path: Path):
    for name, learner in (("a", "ada"), ("b", "bob")):
        grades_in(tmp_path / name, learner, 10, "2026-01-01")
    into = Grades(tmp_path / "all")
    into.prepare()

    merged = merge(into, [tmp_path / "a", tmp_path / "b"])

    assert (merged.added, into.ids()) == (2, ["ada", "bob"])
    assert into.submission_file("bob", "aa").read_bytes() == b"tar"
    assert into.log_file("ada").read_text() == "said"


def test_joined_twice_nothing_is_there_twice(tmp_path: Path):
    grades_in(tmp_path / "a", "ada", 10, "2026-01-01")
    into = Grades(tmp_path / "all")
    into.prepare()
    merge(into, [tmp_path / "a"])

    again = merge(into, [tmp_path / "a"])

    assert (again.added, again.known, into.versions("ada")) == (0, 1, [1])


def test_results_of_one_learner_keep_their_order(tmp_path: Path):
    grades_in(tmp_path / "late", "ada", 10, "2026-02-01")
    grades_in(tmp_path / "early", "ada", 0, "2026-01-01")
    into = grades_in(tmp_path / "all", "ada", 0, "2025-12-01")

    merge(into, [tmp_path / "late", tmp_path / "early"])

    graded_at = [result["provenance"]["graded_at"] for result in into.results("ada")]
    assert graded_at == ["2025-12-01", "2026-01-01", "2026-02-01"]


def test_a_folder_without_grades_is_named(tmp_path: Path):
    with pytest.raises(UsageProblem, match="holds no grades"):
        merge(Grades(tmp_path / "all"), [tmp_path])


@pytest.mark.parametrize("address", ["nonsense", "10.0.0.1", "tcp://10.0.0.1", "host:port"])
def test_what_is_no_schedulers_address_is_told_at_once(address: str):
    with pytest.raises(UsageProblem, match="is no address of a scheduler\n  next  write it like tcp://10.0.0.1:8786"):
        ClusterJudges(address, "bwrap")


def test_a_scheduler_that_does_not_answer_is_told_to_workers_and_graders():
    address = f"tcp://127.0.0.1:{free_port()}"
    for call in (
        lambda: ClusterJudges(address, "bwrap"),
        lambda: CliRunner().invoke(grade, ["worker", address], catch_exceptions=False),
    ):
        with pytest.raises(UsageProblem, match=f"No scheduler answers at {address}: .*refused"):
            call()


def test_two_processes_have_two_slots():
    with machine_slot() as one, machine_slot() as two:
        assert one != two


def test_the_template_is_a_pipeline_that_gitlab_takes():
    import yaml

    from checker.pipeline.read import _schema_problems

    document = yaml.safe_load((ROOT / "checker/grading/templates/class.gitlab-ci.yml").read_text())

    assert _schema_problems(document) == []
    assert document["grade"]["parallel"] == 4
    assert "$CI_NODE_INDEX/$CI_NODE_TOTAL" in str(document["grade"]["script"])


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    """A kit of six files."""
    for name in (
        "checker/verbs/lab.py", "checker/grading/judge.py", "checker/grading/table.py", "checker/exports/dashboard.py",
        "labcloud/cloud.py", "parts/01_iot_core/checks.py",
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1\n")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "matters"),
    [
        ("checker/verbs/lab.py", True), ("checker/grading/judge.py", True), ("labcloud/cloud.py", True),
        ("parts/01_iot_core/checks.py", True), ("checker/grading/table.py", False), ("checker/exports/dashboard.py", False),
    ],
)  # fmt: skip
def test_grades_are_stale_only_when_something_that_has_a_say_changed(kit: Path, name: str, matters: bool):
    before = kit_hash(kit)
    (kit / name).write_text("2\n")

    assert (kit_hash(kit) != before) == matters


def test_whatever_the_judge_imports_has_a_say():
    code = "import checker.grading.judge, checker.verbs, checker.isolation.workers, sys; print('\\n'.join(sorted(m.__file__ for m in sys.modules.values() if getattr(m, '__file__', None) and '/checker/' in m.__file__)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = {str(file) for file in files_with_a_say(ROOT)}

    assert {file for file in done.stdout.split() if file.startswith(str(ROOT))} - listed == set()


class Cluster:
    """A scheduler and workers of this kit on the loopback."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._processes = folder, list[subprocess.Popen[bytes]]()
        self._environment = os.environ | {"PYTHONPATH": str(ROOT), "DASK_TEMPORARY_DIRECTORY": str(folder)}
        self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(folder / "where"))
        wait_until((folder / "where").is_file, within_s=60, because="the scheduler listens")
        self.address = json.loads((folder / "where").read_text())["address"]

    def start_worker(self) -> psutil.Process:
        options = ["--nworkers", "1", "--nthreads", "1", "--no-nanny", "--host", "127.0.0.1"]
        return psutil.Process(self._start("worker", self.address, *options).pid)

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", *words, "--no-dashboard"]
        quiet: dict[str, Any] = dict.fromkeys(("stdout", "stderr"), subprocess.DEVNULL)
        self._processes.append(subprocess.Popen(command, env=self._environment, cwd=self._folder, **quiet))
        return self._processes[-1]

    def end(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    pytest.importorskip("distributed", reason="the extra cluster is not installed")
    try:
        choose_isolation("bwrap")
    except LabError as missing:
        pytest.skip(str(missing))
    folder = tmp_path / "cluster"
    folder.mkdir()
    started = Cluster(folder)
    yield started
    started.end()


@pytest.mark.terraform
def test_a_worker_that_dies_loses_nothing_and_nothing_is_done_twice(cluster: Cluster, tmp_path: Path):
    learners, grades = ("a1", "a2", "a3"), tmp_path / "grades"
    for learner in learners:
        (tmp_path / "submissions" / learner / "terraform").mkdir(parents=True)
        (tmp_path / "submissions" / learner / "terraform" / "main.tf").write_text(f"# {learner}\n")
    doomed, _ = cluster.start_worker(), cluster.start_worker()
    words = ["grade", str(tmp_path / "submissions"), "--out", str(grades), "--parts", "1", "--jobs", "2"]
    command = [sys.executable, "-m", "checker", *words, "--scheduler", cluster.address]
    grading = subprocess.Popen(
        command, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    wait_until(lambda: _judges_of(doomed), within_s=200, because="the worker judges")
    desks = _judges_of(doomed)

    doomed.send_signal(signal.SIGKILL)

    output, _ = grading.communicate(timeout=400)
    assert grading.returncode == 0, output
    assert {learner: Grades(grades).versions(learner) for learner in learners} == dict.fromkeys(learners, [1])
    assert {Grades(grades).read(learner, 1)["status"] for learner in learners} == {"graded"}
    wait_until(lambda: not any(desk.is_running() for desk in desks), within_s=10, because="its desk ended with it")


def _judges_of(worker: psutil.Process) -> list[psutil.Process]:
    """The desks at which a worker has submissions judged."""
    try:
        return [child for child in worker.children() if "checker.grading.judge" in " ".join(child.cmdline())]
    except psutil.NoSuchProcess:
        return []


class Failing:
    """Judges that fail at once."""

    def __init__(self) -> None:
        self.ended = False

    def judge(self, slot: int, assignment: Any, archive: Path) -> Any:
        raise LabError("this worker's kit is another one")

    def end_all(self) -> None:
        self.ended = True


def test_a_grading_that_is_given_up_leaves_no_result_of_what_it_cut_off(tmp_path: Path):
    sources = []
    for number in range(4):
        workspace = tmp_path / f"a{number}" / "terraform"
        workspace.mkdir(parents=True)
        (workspace / "main.tf").write_text(f"# {number}\n")
        sources.append(Source(f"a{number}", workspace.parent))
    grades = Grades(tmp_path / "grades")
    grades.prepare()
    failing = Failing()
    grader = Grader(Plan((), {}, "kit"), grades, Station("", Path("terraform")), failing)

    with pytest.raises(LabError, match="another one"):
        grader.grade(sources, 2, lambda _: None)

    assert failing.ended and grades.ids() == []
