"""Notebooks are generated from text; everything here runs without nbgrader."""

from __future__ import annotations

import json
import re
import tarfile

import pytest
from click.testing import CliRunner

from checker.checks.check import load_checks
from checker.cli.nbgrader import nbgrader
from checker.curriculum.parts import read_parts
from checker.errors import LabError, UsageProblem
from checker.nbgrader.box import harmless_output
from checker.nbgrader.collect import collect
from checker.nbgrader.course import init_course, notebook_of
from checker.nbgrader.notebooks import Question, cell_of_check, check_of_cell, read_notebook_text
from checker.nbgrader.results import outcome_of, outputs_of
from tests.nbgrader.conftest import PART, hand_in, put_result, result_of

PARTS = pytest.mark.parametrize("part", read_parts(), ids=lambda part: part.id)


def cells_of(part):
    cells = json.loads(notebook_of(part))["cells"]
    return {cell["metadata"]["nbgrader"]["grade_id"]: cell for cell in cells}, cells


@PARTS
def test_each_check_has_one_locked_cell_with_its_points(part):
    by_name, cells = cells_of(part)
    assert len(by_name) == len(cells)
    for check in load_checks(part.folder):
        about = by_name[cell_of_check(check.id)]["metadata"]["nbgrader"]
        assert (about["points"], about["grade"], about["locked"], about["solution"]) == (
            check.points,
            True,
            True,
            False,
        )
        assert check_of_cell(about["grade_id"]) == check.id


@PARTS
def test_predictions_come_before_the_checks_and_questions_after(part):
    names = [cell["metadata"]["nbgrader"]["grade_id"] for cell in cells_of(part)[1]]
    checks = [at for at, name in enumerate(names) if name.startswith("check-")]
    answers = {name: at for at, name in enumerate(names) if name.startswith("answer-")}
    assert answers and all((at < checks[0]) == ("-p" in name) for name, at in answers.items())


@PARTS
def test_every_code_cell_is_python(part):
    for cell in cells_of(part)[1]:
        if cell["cell_type"] == "code":
            compile(cell["source"], cell["id"], "exec")


def test_a_notebook_never_starts_a_check():
    text = notebook_of(PART)
    assert "subprocess" not in text and "os.system" not in text


def test_a_question_ends_at_the_next_heading():
    pieces = read_notebook_text("# T\n<!-- manual 1.q1 points=2 -->\nWhy?\n\nReally?\n\n## More\nx\n", "n.md")
    assert pieces == ["# T", Question("1.q1", 2, "Why?\n\nReally?"), "## More\nx"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- manuel 1.q1 -->\nWhy?", "line 1: 'manuel 1.q1' is no directive"),
        ("x\n\n<!-- manual 1.q1 points=2 -->\n\n## Next", "line 3: question 1.q1 has no text"),
        ("<!-- manual 1.q1 points=2 -->\na\n<!-- manual 1.q1 points=2 -->\nb", "there twice: 1.q1"),
    ],
)
def test_a_text_that_is_not_understood_is_refused_with_its_line(text, message):
    with pytest.raises(LabError, match=message):
        read_notebook_text(text, "n.md")


def test_init_keeps_settings_and_renews_notebooks(tmp_path):
    course = tmp_path / "course"
    assert any("written" in line for line in init_course(course))
    (course / "nbgrader_config.py").write_text("# mine")
    assert all("up to date" in line for line in init_course(course))
    assert (course / "nbgrader_config.py").read_text() == "# mine"


def test_init_refuses_a_folder_that_holds_something_else(tmp_path):
    (tmp_path / "x").write_text("")
    with pytest.raises(UsageProblem, match="is not empty and no course"):
        init_course(tmp_path)


def test_a_cell_shows_what_the_checker_found(tmp_path):
    put_result(tmp_path, "ada", result_of(failed=("2.2",)))
    found = outcome_of(tmp_path, "ada", 2)
    shown, error = outputs_of("2.2", found.checks["2.2"])
    assert "expected  1 item" in shown["text"] and "terraform/iot.tf" in shown["text"]
    assert error["output_type"] == "error"
    assert [output["output_type"] for output in outputs_of("2.1", found.checks["2.1"])] == ["stream"]
    assert outputs_of("2.1", None)[0]["ename"] == "NotGraded"


@pytest.mark.parametrize("learner", ["..", "../ada", "", "/etc"])
def test_no_name_of_a_learner_leads_out_of_the_results(tmp_path, learner):
    put_result(tmp_path, "ada", result_of())
    assert outcome_of(tmp_path / "results", learner, 2).checks == {}


def test_only_text_and_pictures_come_out_of_a_box():
    html = {"output_type": "display_data", "data": {"text/html": "<script>", "text/plain": "\x1b[31mx"}, "metadata": {}}
    assert harmless_output(html) == {"output_type": "display_data", "data": {"text/plain": "x"}, "metadata": {}}
    fake = {"output_type": "display_data", "data": {"image/png": "PHN2Zz4="}, "metadata": {}}
    assert "image/png" not in harmless_output(fake)["data"]
    assert harmless_output({"output_type": "update_display_data"}) is None and harmless_output(7) is None


def test_collect_takes_notebooks_and_nothing_else(tmp_path):
    init_course(tmp_path / "course")
    hand_in(tmp_path / "in", "ada")
    (tmp_path / "in" / "bob" / "notebooks").mkdir(parents=True)
    (tmp_path / "in" / "bob" / "notebooks" / f"{PART.id}.ipynb").symlink_to("/etc/passwd")
    assert collect(tmp_path / "course", tmp_path / "in") == ["ada: 1 notebook", "bob: no notebook"]
    found = [
        file.relative_to(tmp_path / "course" / "submitted").as_posix()
        for file in (tmp_path / "course").rglob("submitted/**/*.ipynb")
    ]
    assert found == [f"ada/{PART.id}/{PART.id}.ipynb"]


def test_collect_says_what_is_no_notebook_and_when_the_others_were_handed_in(tmp_path):
    init_course(tmp_path / "course")
    hand_in(tmp_path / "in", "ada")
    hand_in(tmp_path / "in", "bob")
    (tmp_path / "in" / "bob" / "notebooks" / f"{PART.id}.ipynb").write_text("{not")

    told = collect(tmp_path / "course", tmp_path / "in")

    assert told == ["ada: 1 notebook", f"bob: {PART.id} is left out, it is no JSON", "bob: no notebook"]
    beside = tmp_path / "course" / "submitted" / "ada" / PART.id
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} UTC", (beside / "timestamp.txt").read_text())
    secret = (beside / "submission_secret.txt").read_text()
    collect(tmp_path / "course", tmp_path / "in")
    assert secret and (beside / "submission_secret.txt").read_text() == secret


def test_collect_gives_learners_the_ids_of_lab_grade_and_passes_over_nobody(tmp_path):
    init_course(tmp_path / "course")
    for name in ("Zoë Ångström", "Ada_4711_assignsubmission_file_"):
        hand_in(tmp_path / "in", name)

    assert collect(tmp_path / "course", tmp_path / "in") == ["4711: 1 notebook", "Zoe_Angstrom: 1 notebook"]
    (tmp_path / "in" / "bob.zip").touch()
    with pytest.raises(UsageProblem, match="bob.zip: no folder, and only lab grade unpacks"):
        collect(tmp_path / "course", tmp_path / "in")


def test_collect_takes_the_attempt_that_counts(tmp_path):
    init_course(tmp_path / "course")
    grades = tmp_path / "grades"
    for version, answer in ((1, "first"), (2, "second")):
        put_result(grades, "ada", result_of(failed=("2.1",) if version == 2 else ()), version)
        hand_in(tmp_path / str(version), "ada", answer=answer)
        (grades / "submissions" / "ada").mkdir(parents=True, exist_ok=True)
        with tarfile.open(grades / "submissions" / "ada" / f"{version:064d}.tar", "w") as archive:
            archive.add(tmp_path / str(version) / "ada" / "notebooks", "notebooks")
    (grades / "course.toml").write_text('[attempts]\ncounts = "best"\n')

    collect(tmp_path / "course", grades)

    assert "first" in (tmp_path / "course" / "submitted" / "ada" / PART.id / f"{PART.id}.ipynb").read_text()


def test_autograde_without_isolation_is_refused_unless_it_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    init_course(tmp_path / "course")
    with pytest.raises(LabError, match="bubblewrap is not installed") as problem:
        CliRunner().invoke(nbgrader, ["autograde", str(tmp_path / "course"), str(tmp_path)], catch_exceptions=False)
    assert "--isolation none" in problem.value.next_step
