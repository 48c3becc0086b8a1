"""Grading again: what is known now counts, whatever was known when the files were graded. No judge runs here."""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest

from checker.curriculum.parts import ROOT
from checker.errors import LabError
from checker.grading.assignment import Assignment
from checker.grading.attendant import Ending, Quota, _Watch
from checker.grading.course import AttemptRules, CourseRules
from checker.grading.final import final_grade
from checker.grading.intake import Source, open_source
from checker.grading.merge import merge
from checker.grading.run import Done, Grader, Plan
from checker.grading.store import Grades

COURSE = CourseRules()
MAY, LATER = "2026-05-01T12:00:00+00:00", "2026-05-02T12:00:00+00:00"


class Judges:
    """Passes every check of the parts; counts how often it is asked; `stopped` and `silent` are other endings."""

    def __init__(self) -> None:
        self.asked, self.stopped, self.silent = 0, "", False

    def judge(self, slot: int, assignment: Assignment, archive: Path) -> Ending:
        self.asked += 1
        ids = [each.check.id for part, listed in COURSE.listed() if part.number in assignment.parts for each in listed]
        events = [{"event": "check", "id": check, "status": "passed"} for check in ids] + [{"event": "end"}]
        said = "" if self.stopped or self.silent else "\n".join(map(json.dumps, events))
        return Ending(0, said.encode(), "", self.stopped, 0.0, 0.0, 0)

    def end_all(self) -> None:
        """Nothing runs."""


class Desk:
    """Grades as `lab grade` does, with judges that only say yes; the content of a source's file stands for its files."""

    def __init__(self, folder: Path) -> None:
        self.grades, self.judges, self.plan = Grades(folder), Judges(), Plan(COURSE.listed("1"), {}, "kit", Quota())
        self.grades.prepare()

    def grade(self, *sources: Source, **plan: Any) -> list[Done]:
        grader = Grader(replace(self.plan, **plan), self.grades, SimpleNamespace(isolation="none"), self.judges)  # type: ignore[arg-type]
        grader._unpack = self._unpack  # type: ignore[method-assign]
        done: list[Done] = []
        for each in grader.grade(sources, 1, done.append):
            assert each in done
        return sorted(done, key=lambda each: (each.source.id, each.source.submitted_at))

    def _unpack(self, slot: int, source: Source) -> tuple[Path, dict[str, Any]]:
        unfinished = self.grades.folder / "submissions" / ".unfinished-x"
        unfinished.write_bytes(source.path.read_bytes())
        if source.path.read_text().startswith("refused: "):
            return unfinished, {"sha256": "refused-0", "refused": source.path.read_text()}
        hints = {"1.1": 2} if source.path.read_text().endswith("hints") else {}
        digest = hashlib.sha256(source.path.read_bytes().removesuffix(b" hints")).hexdigest()
        return unfinished, {"sha256": digest, "hints": hints}

    def grade_of(self, learner: str, course: CourseRules = COURSE):  # noqa: ANN201
        return final_grade(self.grades.results(learner), course)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "grades")


@pytest.fixture
def hand_in(tmp_path: Path):
    """Makes a source; the text stands for the submission's files."""

    def make(text: str, at: str = "", **more: str) -> Source:
        file = tmp_path / f"{text}-{len(at)}"
        file.write_text(text)
        return Source(more.pop("id", "ada"), file, submitted_at=at, **more)

    return make


def test_the_same_again_is_unchanged_and_nothing_is_written(desk, hand_in):
    desk.grade(hand_in("a"))
    (done,) = desk.grade(hand_in("a"))

    assert (done.fresh, done.renewed, desk.judges.asked, desk.grades.versions("ada")) == (False, False, 1, [1])


def test_a_corrected_time_name_or_hint_counts_and_is_not_judged_again(desk, hand_in):
    desk.grade(hand_in("a", LATER))
    (done,) = desk.grade(hand_in("a", MAY, name="Ada"))
    again = desk.grade(hand_in("a", MAY, name="Ada"))

    grade = desk.grade_of("ada")
    assert (done.fresh, done.renewed, again[0].renewed, desk.judges.asked) == (False, True, False, 1)
    assert (grade.result["submission"]["submitted_at"], grade.result["learner"]["name"]) == (MAY, "Ada")
    assert grade.rules == (), "the wrong time is no attempt"
    desk.grade(hand_in("a hints", MAY, name="Ada"))
    assert desk.grade_of("ada").result["submission"]["hints"] == {"1.1": 2}
    schema = json.loads((ROOT / "checker" / "grading" / "result.schema.json").read_text())
    for result in desk.grades.results("ada"):
        jsonschema.validate(result, schema)


def test_one_part_tried_for_once_does_not_stay_the_grade(desk, hand_in):
    whole = {"course": COURSE.listed()}
    desk.grade(hand_in("a"), **whole)
    desk.grade(hand_in("a"))
    assert list(desk.grade_of("ada").parts) == [1]

    (done,) = desk.grade(hand_in("a"), **whole)

    assert (done.renewed, list(desk.grade_of("ada").parts), desk.judges.asked) == (True, [1, 2, 3, 4, 5, 6, 7], 2)


def test_a_checker_that_is_taken_back_takes_its_results_back(desk, hand_in):
    desk.grade(hand_in("a"))
    desk.grade(hand_in("a"), kit="a fix that was none")
    desk.grade(hand_in("a"))

    assert desk.grade_of("ada").result["key"] == desk.grades.read("ada", 1)["key"]
    assert desk.judges.asked == 2


@pytest.mark.parametrize("times", [("", "", ""), (MAY, LATER, "2026-05-03T12:00:00+00:00")], ids=["without", "with"])
def test_who_goes_back_to_older_files_is_graded_by_these(desk, hand_in, times):
    first, second, third = (hand_in(text, at) for text, at in zip(("a", "b", "a"), times, strict=True))
    rounds = ([first], [second], [third]) if not times[0] else ([first], [first, second], [first, second, third])
    for sources in rounds:
        desk.grade(*sources)
    before = desk.grades.versions("ada")
    desk.grade(*rounds[-1])

    grade = desk.grade_of("ada")
    assert grade.result["submission"]["sha256"] == hashlib.sha256(b"a").hexdigest()
    assert grade.result["submission"]["submitted_at"] == times[2]
    assert (desk.judges.asked, desk.grades.versions("ada")) == (2, before)


def test_attempts_are_in_order_whatever_zones_their_times_are_told_in(desk, hand_in):
    desk.grade(hand_in("a", "2026-10-25T02:30:00+02:00"), hand_in("b", "2026-10-25T02:10:00+01:00"))

    assert desk.grade_of("ada").result["submission"]["submitted_at"] == "2026-10-25T02:10:00+01:00"


def test_what_was_stopped_by_a_short_time_is_graded_again_with_a_longer_one(desk, hand_in):
    desk.judges.stopped = "it took longer than 5 s"
    desk.grade(hand_in("a"), quota=Quota(within_s=5))
    desk.judges.stopped = ""

    assert not desk.grade(hand_in("a"), quota=Quota(within_s=5))[0].fresh
    assert desk.grade(hand_in("a"))[0].fresh
    assert desk.grade_of("ada").score == 10


def test_files_that_are_missing_among_the_grades_are_kept_again(desk, hand_in):
    desk.grade(hand_in("a"))
    (kept,) = desk.grades.folder.glob("submissions/ada/*.tar")
    kept.unlink()

    desk.grade(hand_in("a"))

    assert kept.read_text() == "a"


def test_what_cannot_be_read_is_broken_and_no_attempt_and_the_others_are_graded(desk, hand_in, tmp_path):
    gone = Source("ada", tmp_path / "gone.zip")
    grader = Grader(desk.plan, desk.grades, SimpleNamespace(isolation="none"), desk.judges)  # type: ignore[arg-type]
    (done,) = grader.grade([gone], 1, lambda _: None)

    assert (done.result["status"], done.result["points"]) == ("broken", 0)
    assert "gone.zip cannot be read: No such file or directory" in done.result["problem"]
    desk.grade(hand_in("a"))
    grade = desk.grade_of("ada", CourseRules(attempts=AttemptRules(each_costs=0.5)))
    assert (grade.score, grade.rules) == (10, ())


def test_a_folder_that_cannot_be_read_is_told_and_not_passed_over(tmp_path, monkeypatch):
    (tmp_path / "ada/terraform").mkdir(parents=True)
    (tmp_path / "ada/src").mkdir()

    def scandir(place):  # noqa: ANN001, ANN202
        raise PermissionError(13, "Permission denied", "src")

    monkeypatch.setattr("os.scandir", scandir)
    with pytest.raises(LabError, match="src cannot be read: Permission denied\n  next  look at its permissions"):
        open_source(Source("ada", tmp_path / "ada"))


def test_a_file_that_changes_while_it_is_read_is_told(tmp_path, monkeypatch):
    from tarfile import TarFile

    (tmp_path / "ada/terraform").mkdir(parents=True)
    file = tmp_path / "ada/terraform/iot.tf"
    file.write_text("# half a rule")
    add = TarFile.addfile

    def slow(self, entry, stream=None):  # noqa: ANN001, ANN202
        add(self, entry, stream)
        file.write_text("# half a rule and the other half")

    monkeypatch.setattr(TarFile, "addfile", slow)
    with pytest.raises(LabError, match=r"terraform/iot.tf cannot be read: it changed while it was read"):
        open_source(Source("ada", tmp_path / "ada"))


def test_merging_keeps_a_learners_order_though_the_clock_went_back(tmp_path, desk, hand_in):
    desk.grade(hand_in("a"))
    desk.grade(hand_in("b"))
    second = desk.grades.result_file("ada", 2)
    second.write_text(
        json.dumps({**json.loads(second.read_text()), "provenance": {"graded_at": "1999-01-01T00:00:00"}})
    )
    into = Grades(tmp_path / "all")
    into.prepare()

    merge(into, [desk.grades.folder])

    assert [r["submission"]["sha256"][:2] for r in into.results("ada")] == [
        hashlib.sha256(text).hexdigest()[:2] for text in (b"a", b"b")
    ]


def test_a_full_disk_is_no_refused_submission():
    process = subprocess.Popen(
        ["echo", "a tar"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    with open("/dev/full", "wb", buffering=0) as full, pytest.raises(OSError, match="No space left"):
        _Watch(process, Quota(), full).until_the_end(b"")


def test_what_a_judge_said_is_kept_without_what_a_terminal_obeys(desk, hand_in):
    """A submission's texts are in tracebacks; the instructor looks at the log in a terminal."""
    said = "Traceback\n\x1b]0;title\x07\x1b[2Jnothing was found\u202e\n"
    judged = desk.judges.judge
    desk.judges.judge = lambda *given: replace(judged(*given), errors=said)

    desk.grade(hand_in("a"))

    assert desk.grades.log_file("ada").read_text() == "Traceback\nnothing was found\ufffd\n"


def test_what_is_refused_again_for_another_reason_is_no_further_attempt(desk, hand_in):
    for reason in ("refused: it is empty", "refused: it is empty", "refused: it is no zip"):
        desk.grade(hand_in(reason))

    grade = desk.grade_of("ada", CourseRules(attempts=AttemptRules(each_costs=0.5)))
    assert (grade.result["problem"], grade.rules) == ("refused: it is no zip", ())
    assert desk.grades.versions("ada") == [1, 2]
