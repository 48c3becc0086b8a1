"""What other programs read: JSON with its schema, Gradescope, JUnit, bundles; and the command that writes them."""

from __future__ import annotations

import hashlib
import io
import json
import xml.etree.ElementTree as ET
import zipfile

import jsonschema
import pytest
from click.testing import CliRunner

from checker.cli.report import report
from checker.errors import LabError, UsageProblem
from checker.exports.appeal import bundle_of
from checker.exports.autograder import render_package
from checker.exports.gradescope import results_of
from checker.exports.json_export import SCHEMA, render_json
from checker.exports.read import read_grades
from checker.report.files import render_junit


def files_of(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {entry.filename: archive.read(entry) for entry in archive.infolist()}


ALWAYS = ("REPEAT.md", "SHA256SUMS")


def run(*arguments):
    return CliRunner().invoke(report, [str(each) for each in arguments], catch_exceptions=False)


def test_the_json_is_what_the_schema_says(grades):
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(render_json(grades)), schema)


def test_the_schema_refuses_an_unknown_key(grades):
    whole = json.loads(render_json(grades)) | {"extra": 1}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(whole, json.loads(SCHEMA.read_text()))


def test_gradescope_gets_plain_text_and_a_test_for_each_check(grades):
    results = results_of(grades.find("bob"))
    assert results["score"] == 0 and results["output_format"] == results["test_output_format"] == "text"
    assert [test["status"] for test in results["tests"]] == ["failed", "failed", "failed"]
    assert "<script>" in results["tests"][0]["output"] and "\x1b" not in json.dumps(results)
    assert "graded again" in results["output"]


def test_junit_of_a_hostile_result_is_well_formed(grades):
    root = ET.fromstring(render_junit(grades.find("bob").report).split("\n", 1)[1])
    assert len(root.findall(".//testcase")) == 3


def test_an_appeal_bundle_holds_result_logs_hashes_and_the_command(folder):
    (folder / "logs").mkdir()
    (folder / "logs" / "bob.log").write_text("apply")
    (folder / "submissions" / "bob").mkdir(parents=True)
    (folder / "submissions" / "bob" / "ab12.tar").write_bytes(b"tar")
    (folder / "submissions" / "bob" / "cd34.tar").symlink_to("/etc/passwd")
    grades = read_grades(folder)
    files = files_of(bundle_of(grades, grades.find("bob")))
    assert set(files) == {
        "result.html",
        "result.md",
        "results/0001.json",
        "logs/bob.log",
        "submissions/ab12.tar",
        *ALWAYS,
    }
    assert b"cp submissions/ab12.tar again/bob.tar" in files["REPEAT.md"]
    for line in files["SHA256SUMS"].decode().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256(files[name]).hexdigest() == digest


def test_the_same_grading_makes_the_same_bundle(grades):
    bundles = {bundle_of(grades, grades.find("ada")) for _ in range(2)}
    assert len(bundles) == 1


def test_the_autograder_package_holds_the_kit_and_no_solutions():
    files = files_of(render_package())
    assert {"setup.sh", "run_autograder", "kit/lab", "kit/checker/exports/gradescope.py"} <= set(files)
    assert not [name for name in files if "/solutions/" in name or "/mistakes/" in name or "__pycache__" in name]
    with zipfile.ZipFile(io.BytesIO(render_package())) as archive:
        assert archive.getinfo("run_autograder").external_attr >> 16 & 0o111


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("html", "index.html"),
        ("markdown", "ada.md"),
        ("moodle", "moodle.csv"),
        ("canvas", "canvas.csv"),
        ("blackboard", "blackboard.csv"),
        ("junit", "ada.xml"),
        ("json", "grades.json"),
    ],
)
def test_the_command_writes_each_format(folder, tmp_path, to, expected):
    done = run(folder, "--to", to, "--out", tmp_path / "out")
    assert done.exit_code == 0 and (tmp_path / "out" / expected).is_file()


def test_the_command_bundles_an_appeal(folder, tmp_path):
    done = run(folder, "ada", "--to", "appeal", "--out", tmp_path)
    assert done.exit_code == 0 and (tmp_path / "appeal-ada.zip").is_file()


def test_an_unknown_learner_is_answered_with_the_nearest(folder):
    with pytest.raises(UsageProblem, match="no grade of 'adda'") as problem:
        run(folder, "adda", "--to", "appeal")
    assert "'ada'" in problem.value.next_step


def test_a_folder_without_grades_is_refused(tmp_path):
    with pytest.raises(UsageProblem, match="holds no grades"):
        run(tmp_path)


def test_a_damaged_result_is_named_with_the_way_to_mend_it(folder):
    (folder / "results" / "ada" / "0002.json").write_text('{"parts": [{"part": 1}]}')
    with pytest.raises(LabError, match="ada holds what is no result of lab grade") as problem:
        run(folder)
    assert "--only ada" in problem.value.next_step
