"""nbgrader's own commands on a course of the kit, and notebooks that attack the grading."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from checker.curriculum.parts import ROOT
from checker.nbgrader.collect import collect
from checker.nbgrader.settings import remember_grades
from tests.nbgrader.conftest import (
    MISSING,
    PART,
    hand_in,
    isolation_works,
    needs_nbgrader,
    put_result,
    result_of,
    run_nbgrader,
)

pytestmark = [
    needs_nbgrader,
    pytest.mark.skipif(not isolation_works(), reason="isolation does not work on this machine: lab doctor"),
]
assert MISSING

ATTACK_GRADEBOOK = """
import glob, sqlite3
for place in ["{course}/gradebook.db", *glob.glob("/**/gradebook.db", recursive=True)]:
    try:
        db = sqlite3.connect(place)
        db.execute("update grade set manual_score = 99, needs_manual_grade = 0")
        db.commit()
    except Exception as error:
        print("no", error)
"""
ATTACK_CHECKER = """
import builtins, json, os, pathlib, subprocess
subprocess.run = lambda *a, **k: subprocess.CompletedProcess(a, 0, "full points", "")
real = json.loads
def forged(text, *a, **k):
    data = real(text, *a, **k)
    for part in data.get("parts", []):
        for check in part["checks"]:
            check.update(status="passed", points=check["max_points"])
    return data
json.loads = forged
def show_check(check_id): return 99
get_ipython().events.register("post_run_cell", lambda *a: globals().update(show_check=lambda c: 99))
for name in list(os.environ):
    print("SAW", name, os.environ[name])
print("FOUND", [str(p) for p in pathlib.Path("{course}").glob("*")], os.path.exists("{grades}"))
"""
ATTACK_PAGES = '<script>fetch("/formgrader/api/grade/1")</script> <img src=x onerror=alert(1)> [x](javascript:alert(1))'


@pytest.fixture(scope="module")
def course(generated, tmp_path_factory) -> Path:
    """Part 2 collected and autograded for four learners; ada deserves everything, the attackers nothing of 2.2 and 2.3."""
    place = tmp_path_factory.mktemp("class")
    grades, handed_in = place / "grades", place / "in"
    put_result(grades, "ada", result_of())
    for attacker in ("mallory", "trudy"):
        put_result(grades, attacker, result_of(failed=("2.2", "2.3")))
    put_result(grades, "olga", result_of(broken=("2.4",)))
    names = {"{course}": str(generated), "{grades}": str(grades)}
    attacks = {"mallory": ATTACK_GRADEBOOK, "trudy": ATTACK_CHECKER, "ada": "", "olga": "", "nora": ""}
    for learner, code in attacks.items():
        for name, value in names.items():
            code = code.replace(name, value)
        hand_in(handed_in, learner, code, ATTACK_PAGES if learner == "trudy" else "The error action.")
    hand_in(handed_in, "petra", answer="I use another editor.")
    lose_marks(handed_in / "petra" / "notebooks" / f"{PART.id}.ipynb")
    put_result(grades, "petra", result_of(failed=("2.6",)))
    collect(generated, handed_in)
    remember_grades(generated, grades)
    run_nbgrader(generated, "autograde", PART.id, SECRET_OF_THE_INSTRUCTOR="hunter2")
    return generated


def lose_marks(file: Path) -> None:
    """What some editors do: nbgrader's metadata and the ids of cells are gone."""
    notebook = json.loads(file.read_text())
    for at, cell in enumerate(notebook["cells"]):
        cell["metadata"], cell["id"] = {}, f"cell{at}"
    file.write_text(json.dumps(notebook))


def grades_of(course: Path, learner: str) -> dict[str, tuple]:
    query = """select c.name, g.auto_score, g.manual_score, g.needs_manual_grade from grade g
      join base_cell c on c.id = g.cell_id join submitted_notebook n on n.id = g.notebook_id
      join submitted_assignment a on a.id = n.assignment_id where a.student_id = ?"""
    with sqlite3.connect(course / "gradebook.db") as db:
        return {name: tuple(rest) for name, *rest in db.execute(query, (learner,))}


def scores_of(course: Path, learner: str) -> dict[str, float]:
    return {name: row[0] for name, row in grades_of(course, learner).items() if name.startswith("check-")}


def autograded(course: Path, learner: str) -> str:
    return (course / "autograded" / learner / PART.id / f"{PART.id}.ipynb").read_text()


def test_an_honest_learner_gets_the_points_of_the_checks(course):
    assert sum(scores_of(course, "ada").values()) == PART.points


def test_writing_into_the_gradebook_changes_no_score(course):
    scores = scores_of(course, "mallory")
    assert scores["check-2-2"] == scores["check-2-3"] == 0 and scores["check-2-1"] > 0
    for learner in ("ada", "mallory", "trudy", "olga"):
        assert not [row for row in grades_of(course, learner).values() if row[1] is not None]


def test_patching_the_checker_changes_no_score_and_no_shown_result(course):
    assert scores_of(course, "trudy") == scores_of(course, "mallory")
    cells = {
        c["metadata"].get("nbgrader", {}).get("grade_id"): c for c in json.loads(autograded(course, "trudy"))["cells"]
    }
    assert cells["check-2-2"]["outputs"][1]["output_type"] == "error"
    assert "failed  2.2" in "".join(cells["check-2-2"]["outputs"][0]["text"])


def test_a_notebook_sees_nothing_of_the_instructor(course):
    text = autograded(course, "trudy")
    assert "FOUND [] False" in text and "SAW LAB_RESULT" in text
    assert "SECRET_OF_THE_INSTRUCTOR" not in text


def test_what_broke_on_our_side_waits_for_a_person(course):
    assert grades_of(course, "olga")["check-2-4"] == (None, None, 1)


def test_a_learner_without_a_result_is_not_given_points(course):
    assert set(scores_of(course, "nora").values()) == {None}
    assert "lab grade has no result of check 2.1 yet" in autograded(course, "nora")


def test_answers_wait_for_a_person(course):
    assert grades_of(course, "ada")["answer-2-q1"] == (None, None, 1)
    assert grades_of(course, "ada")["answer-2-q2"] == (0.0, None, 0), "an untouched answer is no answer"


def test_a_notebook_that_lost_its_marks_is_graded_with_its_answers(course):
    lost = next(check["max_points"] for check in result_of()["parts"][0]["checks"] if check["id"] == "2.6")
    assert sum(scores_of(course, "petra").values()) == PART.points - lost
    assert "I use another editor." in autograded(course, "petra")
    assert grades_of(course, "petra")["answer-2-q1"] == (None, None, 1)


def test_nobody_has_to_grade_a_prediction(course):
    predictions = {name: row for name, row in grades_of(course, "ada").items() if re.fullmatch(r"answer-2-p\d", name)}
    assert predictions and set(predictions.values()) == {(0.0, None, 0)}


def test_the_course_says_in_a_line_what_became_of_each_notebook(course):
    place = course / "submitted" / "junk" / PART.id
    place.mkdir(parents=True)
    (place / f"{PART.id}.ipynb").write_text("{not")
    grades = Path((course / "lab-grades.txt").read_text().strip())
    lines = {}
    for learner in ("nora", "junk"):
        command = [sys.executable, "-W", "ignore", "-m", "checker.nbgrader.autograde", course, grades, PART.id, learner]
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True, timeout=300)
        lines[learner] = (done.returncode, done.stdout.strip(), done.stderr)
    shutil.rmtree(course / "submitted" / "junk")

    said = f"{PART.id}  nora  0 of {PART.points + 6} points, 7 cells wait for you; lab grade has no result of nora"
    assert lines["nora"][:2] == (0, said)
    assert (
        lines["junk"][0] == 1
        and "NOT GRADED: " in lines["junk"][1]
        and "does not appear to be JSON" in lines["junk"][1]
    )
    assert lines["junk"][2] == "" and (course / "logs" / f"autograde-{PART.id}-junk.log").is_file()


def test_feedback_shows_the_result_and_runs_nothing(course):
    run_nbgrader(course, "generate_feedback", PART.id, "--force")
    page = (course / "feedback" / "trudy" / PART.id / f"{PART.id}.html").read_text()
    assert "failed  2.2" in page and "terraform/iot.tf" in page
    assert not re.search(r'(src|href)="https?:', page), "feedback loads nothing from elsewhere"
    assert "<script>fetch" not in page and "<script>alert" not in page
    assert "onerror=" not in page.replace("onerror=alert(1)&gt;", "") and 'href="javascript:' not in page


def test_formgraders_page_runs_nothing_of_an_answer(course):
    from nbconvert.exporters import HTMLExporter
    from nbgrader.server_extensions.formgrader import handlers
    from traitlets.config import PyFileConfigLoader

    config = PyFileConfigLoader("nbgrader_config.py", str(course)).load_config()
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    page, _ = HTMLExporter(config=config).from_filename(
        str(course / "autograded" / "trudy" / PART.id / f"{PART.id}.ipynb"),
        resources={"base_url": "/", "index": 0, "total": 1, "notebook_id": PART.id, "assignment_id": PART.id},
    )
    assert "<p>The error action" not in page and "&lt;p&gt;" not in page
    assert "&lt;script&gt;fetch" in page and "<script>fetch" not in page and "<img src=x onerror" not in page


def test_nbgraders_export_holds_the_scores(course):
    run_nbgrader(course, "export", "--to=out.csv")
    rows = list(csv.DictReader((course / "out.csv").open()))
    found = {row["student_id"]: float(row["score"]) for row in rows if row["assignment"] == PART.id}
    assert found["ada"] == PART.points and found["mallory"] == found["trudy"] < PART.points


def test_release_and_collect_of_nbgrader_work_with_its_exchange(course):
    (course / "exchange").mkdir(mode=0o777, exist_ok=True)
    (course / "exchange").chmod(0o777)
    run_nbgrader(course, "release_assignment", PART.id, "--force")
    assert list((course / "exchange").rglob(f"outbound/{PART.id}/{PART.id}.ipynb"))
    run_nbgrader(course, "collect", PART.id)
