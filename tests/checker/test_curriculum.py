"""Parts, overlays, hints and workspaces."""

from __future__ import annotations

import subprocess

import pytest

from checker.curriculum.hints import parse_hints
from checker.curriculum.parts import find_part, problems_of, read_part, read_parts
from checker.curriculum.workspace import find_workspace, lay_over, new_workspace
from checker.errors import LabError, UsageProblem

GOOD = {
    "id": "02_x",
    "number": 2,
    "title": "X",
    "minutes": 5,
    "points": 3,
    "bonus": False,
    "requires": [],
    "files": ["terraform/iot.tf"],
    "services": ["iot"],
    "steps": [{"id": "2.1", "title": "Y", "edits": []}],
}


def test_a_right_part_has_no_problems():
    assert problems_of(GOOD, "02_x") == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"points": "3"}, "points: is '3', expected a whole number"),
        ({"number": True}, "number: is True, expected a whole number"),
        ({"point": 3}, "point: unknown key"),
        ({"id": "02_y"}, "id: is '02_y', expected the folder's name '02_x'"),
        ({"files": "terraform"}, "files: is 'terraform', expected a list of paths in the workspace"),
        ({"steps": []}, "steps: missing, expected at least one [[steps]]"),
        ({"steps": [{"id": "2.2", "title": "Y", "edits": []}]}, "steps[1].id: is '2.2', expected '2.1'"),
        ({"steps": [{"id": "2.1", "edits": []}]}, "steps[1].title: expected a text"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_each_problem_names_its_key(change, problem):
    assert problem in problems_of(GOOD | change, "02_x")


def test_all_problems_are_told_at_once():
    assert len(problems_of({"steps": GOOD["steps"], "number": 2}, "02_x")) == 8


def test_a_file_that_is_not_toml_is_named(tmp_path):
    (tmp_path / "part.toml").write_text("id = ")

    with pytest.raises(LabError, match="part.toml cannot be read"):
        read_part(tmp_path)


@pytest.mark.parametrize("wanted", ["2", "2.3", "02_invalid_data", "parts/02_invalid_data/"])
def test_a_part_is_found_by_number_step_and_folder(wanted):
    assert find_part(wanted).number == 2


def test_an_unknown_part_is_refused_with_the_known_ones():
    with pytest.raises(UsageProblem, match=r"There is no part '9'\n  next  choose one of 1 \(01_iot_core\)"):
        find_part("9")


def test_the_points_of_the_course_are_100_and_10():
    parts = read_parts()

    assert sum(part.points for part in parts if not part.bonus) == 100
    assert sum(part.points for part in parts if part.bonus) == 10


def test_hints_have_three_levels_a_step():
    hints = parse_hints(
        "# Hints\n\n## 2.1\n### Where to look\nA\n### Which idea\nB\n### Almost the answer\nC\n## 2.2\n"
    )

    assert [(hint.level, hint.title, hint.text) for hint in hints["2.1"]] == [
        (1, "Where to look", "A"),
        (2, "Which idea", "B"),
        (3, "Almost the answer", "C"),
    ]
    assert hints["2.2"] == ()


def test_a_new_workspace_is_the_starter_in_its_own_repository(tmp_path):
    workspace = new_workspace(tmp_path / "mine")

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=workspace.folder, capture_output=True, text=True).stdout

    assert (workspace.terraform / "iot.tf").is_file()
    assert git("status", "--porcelain") == ""
    assert git("log", "--format=%s") == "Start of the lab\n"


def test_a_folder_that_holds_something_is_not_overwritten(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageProblem, match="exists and is not empty"):
        new_workspace(tmp_path)


def test_a_workspace_is_found_from_a_folder_inside(workspace, monkeypatch):
    monkeypatch.delenv("LAB_WORKSPACE", raising=False)

    assert find_workspace(begin=workspace.terraform).folder == workspace.folder


def test_outside_a_workspace_the_next_step_is_said(tmp_path, monkeypatch):
    monkeypatch.delenv("LAB_WORKSPACE", raising=False)

    with pytest.raises(UsageProblem, match="is not inside a workspace\n  next  lab new DIR"):
        find_workspace(begin=tmp_path)


def test_solutions_are_laid_over_and_the_later_wins(workspace):
    lay_over(workspace, read_parts()[:3])

    assert (workspace.terraform / "iot.tf").read_bytes() == (read_parts()[2].solution / "terraform/iot.tf").read_bytes()


def test_the_hash_sees_changes_and_not_what_terraform_leaves(workspace):
    before = workspace.hash_of("terraform")
    (workspace.terraform / "terraform.tfstate").write_text("{}")
    (workspace.terraform / ".terraform").mkdir()
    (workspace.terraform / ".terraform" / "x").write_text("")

    assert workspace.hash_of("terraform") == before
    (workspace.terraform / "iot.tf").write_text("changed")
    assert workspace.hash_of("terraform") != before


def test_notes_are_never_in_git(workspace):
    workspace.write_note("results.json", {"1": {}})

    assert workspace.read_note("results.json") == {"1": {}}
    assert (workspace.notes / ".gitignore").read_text() == "*\n"


def test_a_damaged_note_counts_as_none(workspace):
    (workspace.notes / "results.json").write_text("{")

    assert workspace.read_note("results.json") == {}
