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

from checker.cli.grade import grade
from checker.cli.report import report
from checker.curriculum.parts import ROOT
from checker.errors import LabError, UsageProblem
from checker.exports.appeal import bundle_of
from checker.exports.autograder import Settings, render_package
from checker.exports.gradescope import render_gradescope, results_of
from checker.exports.gradescope_metadata import row_of
from checker.exports.json_export import SCHEMA, render_json
from checker.exports.read import read_grades
from checker.grading.adjustments import read_adjustments
from checker.grading.archives import File, read_archive
from checker.grading.course import read_course
from checker.grading.intake import find_sources
from checker.grading.kit import kit_hash
from checker.grading.unpack import fingerprint, unpack, write_tar
from checker.report.files import render_junit
from tests.exports.conftest import check, part, put


def files_of(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {entry.filename: archive.read(entry) for entry in archive.infolist()}


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


FORMATS = {"enum": ["text", "html", "simple_format", "md", "ansi"]}
VISIBILITIES = {"enum": ["hidden", "after_due_date", "after_published", "visible"]}
GRADESCOPE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["score", "tests"],
    "properties": {
        "score": {"type": "number"},
        "execution_time": {"type": "integer"},
        "output": {"type": "string"},
        "output_format": FORMATS,
        "test_output_format": FORMATS,
        "test_name_format": FORMATS,
        "visibility": VISIBILITIES,
        "stdout_visibility": VISIBILITIES,
        "extra_data": {"type": "object"},
        "leaderboard": {"type": "array"},
        "tests": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "score": {"type": "number"},
                    "max_score": {"type": "number"},
                    "status": {"enum": ["passed", "failed"]},
                    "name": {"type": "string"},
                    "name_format": FORMATS,
                    "number": {"type": "string"},
                    "output": {"type": "string"},
                    "output_format": FORMATS,
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "visibility": VISIBILITIES,
                    "extra_data": {"type": "object"},
                },
            },
        },
    },
}
"""https://gradescope-autograders.readthedocs.io/en/latest/specs/ as a schema."""


def test_gradescope_gets_plain_text_and_a_test_for_each_check(grades):
    results = results_of(grades.find("bob"))
    assert results["score"] == 0 and results["output_format"] == results["test_output_format"] == "text"
    assert [test["status"] for test in results["tests"]] == ["failed", "failed", "failed"]
    assert "<script>" in results["tests"][0]["output"] and "\x1b" not in json.dumps(results)
    assert "graded again" in results["output"]


def test_gradescope_gets_what_its_pages_describe(folder):
    put(folder, "kim", {"parts": [part(1, [check("1.1", "passed")])], "provenance": {"seconds": 3.6}})
    for grading in read_grades(folder).gradings:
        jsonschema.validate(json.loads(render_gradescope(grading)), GRADESCOPE)
    assert results_of(read_grades(folder).find("kim"))["execution_time"] == 4


def test_gradescopes_metadata_says_who_and_when():
    users = [{"name": "Ada", "email": "a@x.org", "id": 1}, {"name": "=Bob", "email": "b@x.org", "id": 2}]
    row = row_of({"id": 7, "created_at": "2026-05-03T14:22:32.365935-07:00", "users": users})

    assert row["learner"] == "gradescope-7" and row["name"] == "Ada, =Bob" and row["email"] == "a@x.org, b@x.org"
    assert row["submitted_at"].startswith("2026-05-03T14:22")
    assert row_of({"users": None})["submitted_at"] == "" and row_of({})["learner"] == "gradescope-0"


def test_junit_of_a_hostile_result_is_well_formed(grades):
    root = ET.fromstring(render_junit(grades.find("bob").report).split("\n", 1)[1])
    assert len(root.findall(".//testcase")) == 3


def test_a_submission_that_could_not_be_checked_does_not_look_green_in_junit(folder):
    because = "terraform did not deploy these files: Unsupported argument"
    put(folder, "kim", {"parts": [part(1, [check("1.1", "skipped", because=because)])]})

    root = ET.fromstring(render_junit(read_grades(folder).find("kim").report).split("\n", 1)[1])

    assert [suite.get("failures") for suite in root] == ["0", "1"]
    assert root.find(".//failure").get("message") == because


@pytest.fixture
def appealed(folder, tmp_path):
    """Bob's grading with rules, hidden checks elsewhere, adjustments, hints, and the files that were graded."""
    (folder / "logs").mkdir()
    (folder / "logs" / "bob.log").write_text("apply")
    tree = {"terraform/iot.tf": File(b"# rules"), "bin/run.sh": File(b"#!/bin/sh", True)}
    sha256 = fingerprint(tree, "")
    (folder / "submissions" / "bob").mkdir(parents=True)
    with open(folder / "submissions" / "bob" / f"{sha256}.tar", "wb") as stream:
        write_tar(tree, stream)
    (folder / "submissions" / "bob" / "cd34.tar").symlink_to("/etc/passwd")
    handed_in = {
        "sha256": sha256,
        "source": "bob.zip",
        "submitted_at": "2026-05-03T08:00:00+00:00",
        "hints": {"1.1": 2},
    }
    parts = [part(1, [check("1.1", "passed")]), part(2, [check("2.1", "failed")])]
    put(
        folder,
        "bob",
        {"name": "Bob", "parts": parts, "submission": handed_in, "provenance": {"kit_sha256": kit_hash(ROOT)}},
        2,
    )
    (tmp_path / "secret" / "02_invalid_data").mkdir(parents=True)
    (tmp_path / "secret" / "02_invalid_data" / "checks.py").write_text("# secret\n")
    (folder / "course.toml").write_text(
        'title = "IoT"\n[hidden]\nfolder = "../secret"  # at home\n[parts.2]\nweight = 2\n'
    )
    (folder / "adjustments.toml").write_text(
        '[ada]\ncomment = "x"\n[bob]\ncomment = "\\"y\\" ü"\n[[bob.points]]\nadd = 1.5\n'
    )
    grades = read_grades(folder)
    return files_of(bundle_of(grades, grades.find("bob"))), sha256


def test_an_appeal_bundle_holds_result_logs_rules_files_and_hashes(appealed):
    files, sha256 = appealed
    assert {name for name in files if not name.startswith("kit/")} == {
        *("result.html", "result.md", "REPEAT.md", "SHA256SUMS", "handed-in/bob.tar", "handed-in/submissions.csv"),
        *("grades/results/bob/0001.json", "grades/results/bob/0002.json", "grades/logs/bob.log"),
        *(f"grades/submissions/bob/{sha256}.tar", "grades/course.toml", "grades/adjustments.toml"),
        "grades/hidden/02_invalid_data/checks.py",
    }
    for line in files["SHA256SUMS"].decode().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256(files[name]).hexdigest() == digest


def test_from_an_appeal_bundle_alone_the_grading_can_be_repeated(appealed, tmp_path):
    files, sha256 = appealed
    for name, data in files.items():
        (tmp_path / "bundle" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "bundle" / name).write_bytes(data)
    bundle = tmp_path / "bundle"

    assert kit_hash(bundle / "kit") == kit_hash(ROOT), "the kit that graded is in it"
    tree, found = unpack(read_archive(io.BytesIO(files["handed-in/bob.tar"])))
    assert fingerprint(tree.files, found.get("commit", "")) == sha256 and found["hints"] == {"1.1": 2}
    (source,) = find_sources(bundle / "handed-in")
    assert (source.id, source.name, source.submitted_at[:10]) == ("bob", "Bob", "2026-05-03")
    assert read_course(bundle / "grades" / "course.toml").hidden_sources() == {"2": "# secret\n"}
    adjusted = read_adjustments(bundle / "grades")
    assert set(adjusted) == {"bob"} and adjusted["bob"].comment == '"y" ü' and adjusted["bob"].changes[0].add == 1.5
    repeat = files["REPEAT.md"].decode()
    assert "kit/lab grade handed-in --out grades --only bob --parts 1,2 --again --course grades/course.toml" in repeat
    assert "kit/lab grade diff grades 2 3" in repeat


def test_a_kit_that_changed_since_is_not_passed_off_as_the_one_that_graded(folder):
    grades = read_grades(folder)
    files = files_of(bundle_of(grades, grades.find("bob")))
    assert (
        not [name for name in files if name.startswith("kit/")] and b"The kit has changed since" in files["REPEAT.md"]
    )


def test_an_appeal_against_a_refusal_says_what_has_to_be_added(grades):
    repeat = files_of(bundle_of(grades, grades.find("bob")))["REPEAT.md"].decode()

    assert "Put what was handed in into a folder `handed-in`, under the name\n`bob` (a folder) or `bob.zip`" in repeat
    assert "`handed-in/` the files that were graded" not in repeat


def test_the_same_grading_makes_the_same_bundle(grades):
    bundles = {bundle_of(grades, grades.find("ada")) for _ in range(2)}
    assert len(bundles) == 1


def test_the_autograder_package_holds_the_kit_and_no_solutions():
    files = files_of(render_package())
    assert {"setup.sh", "run_autograder", "kit/lab", "kit/checker/exports/gradescope.py"} <= set(files)
    assert not [name for name in files if "/solutions/" in name or "/mistakes/" in name or "__pycache__" in name]
    with zipfile.ZipFile(io.BytesIO(render_package())) as archive:
        assert archive.getinfo("run_autograder").external_attr >> 16 & 0o111


def test_the_autograder_package_takes_the_rules_and_hidden_checks_along(tmp_path):
    (tmp_path / "secret" / "02_invalid_data").mkdir(parents=True)
    (tmp_path / "secret" / "02_invalid_data" / "checks.py").write_text("# secret\n")
    (tmp_path / "course.toml").write_text("hidden = { folder = 'secret', visibility = \"points\" }\n")

    files = files_of(render_package(Settings(tmp_path / "course.toml", "1,2", "none")))

    assert files["course/hidden/02_invalid_data/checks.py"] == b"# secret\n"
    assert files["course/course.toml"] == b'hidden = { folder = "hidden", visibility = "points" }\n'
    run = files["run_autograder"].decode()
    assert '--isolation "${LAB_ISOLATION:-none}" --course /autograder/source/course/course.toml --parts 1,2' in run
    assert (
        "@" not in run.replace('"$@"', "") and "--course" not in files_of(render_package())["run_autograder"].decode()
    )


def test_the_command_makes_the_package_and_a_report_makes_none(folder, tmp_path):
    done = CliRunner().invoke(grade, ["autograder", str(tmp_path / "a.zip"), "--parts", "2"], catch_exceptions=False)
    assert done.exit_code == 0 and "--parts 2" in files_of((tmp_path / "a.zip").read_bytes())["run_autograder"].decode()
    run(folder, "--to", "gradescope", "--out", tmp_path / "out")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["ada.json", "bob.json", "eve.json"]


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
    with pytest.raises(LabError, match="ada/0002.json is no result: it lacks 'learner'") as problem:
        run(folder)
    assert "--only ada" in problem.value.next_step
