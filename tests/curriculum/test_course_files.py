"""Starter, solutions and pages agree with each other; `lab lint` proves more, with a cloud."""

from __future__ import annotations

import ast
import hashlib
import re
import subprocess
import tomllib
import zipfile

import pytest

from .conftest import KIT

TODO = re.compile(r"# TODO (\d\.\d): ")
PARTS = sorted((KIT / "parts").glob("[0-9][0-9]_*"))
STEPS = {
    step["id"]: (tomllib.loads((part / "part.toml").read_text())["number"], step["edits"])
    for part in PARTS
    for step in tomllib.loads((part / "part.toml").read_text())["steps"]
}


def todos_of(folder):
    """The TODOs below a folder as (step, path)."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".zip", ".pyc", ".md"))
    return {
        (step, path.relative_to(folder).as_posix())
        for path in files
        if ".terraform" not in path.parts
        for step in TODO.findall(path.read_text())
    }


def test_every_part_has_its_solution_and_its_pages():
    assert [part.name for part in PARTS] == sorted(path.name for path in (KIT / "solutions").iterdir())
    for part in PARTS:
        for page in ("part.toml", "README.md", "hints.md", "design.md", "notebook.md"):
            assert (part / page).is_file(), f"{part.name}/{page} is missing"


def test_the_points_of_the_course_are_100_and_10_more():
    parts = [tomllib.loads((part / "part.toml").read_text()) for part in PARTS]

    assert [part["points"] for part in parts] == [10, 15, 20, 25, 20, 10, 10]
    assert sum(part["points"] for part in parts if not part["bonus"]) == 100


@pytest.mark.parametrize("stage", range(8))
def test_a_stage_keeps_exactly_the_todos_of_the_later_parts(stages, stage):
    expected = {(step, path) for step, (part, edits) in STEPS.items() if part > stage for path in edits}

    assert todos_of(stages[stage]) == expected


@pytest.mark.parametrize("stage", range(1, 8))
def test_a_solution_changes_only_the_files_that_its_part_names(stages, stage):
    part = tomllib.loads((PARTS[stage - 1] / "part.toml").read_text())
    overlay = KIT / "solutions" / PARTS[stage - 1].name

    assert sorted(p.relative_to(overlay).as_posix() for p in overlay.rglob("*") if p.is_file()) == sorted(part["files"])


@pytest.mark.parametrize("stage", range(1, 8))
def test_a_solution_takes_away_nothing_of_the_earlier_ones(stages, stage):
    for path in (KIT / "solutions" / PARTS[stage - 1].name).rglob("*.tf"):
        relative = path.relative_to(KIT / "solutions" / PARTS[stage - 1].name)
        before = [line for line in (stages[stage - 1] / relative).read_text().splitlines() if line[:1] not in ("#", "")]
        now = iter(path.read_text().splitlines())
        assert all(line in now for line in before), f"{relative} lost a line of an earlier part"


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_every_step_has_its_heading_and_three_hints(part):
    steps = [step for step, (number, _) in STEPS.items() if number == int(part.name[:2])]
    hints = (part / "hints.md").read_text()

    assert re.findall(r"^### (\d\.\d) ", (part / "README.md").read_text(), re.M) == steps
    assert re.findall(r"^## (\d\.\d)$", hints, re.M) == steps
    for section in re.split(r"^## \d\.\d$", hints, flags=re.M)[1:]:
        assert re.findall(r"^### (.*)$", section, re.M) == ["Where to look", "Which idea", "Almost the answer"]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_lesson_keeps_the_order_of_all_lessons(part):
    headings = re.findall(r"^## (.*)$", (part / "README.md").read_text(), re.M)

    assert headings == [
        "What you will build",
        "Files you will edit",
        "Predict",
        "Steps",
        "Check",
        "What you should now see",
        "Questions",
        "On real AWS",
    ]


@pytest.mark.parametrize("stage", range(8))
def test_python_of_every_stage_compiles(stages, stage):
    for path in stages[stage].rglob("*.py"):
        ast.parse(path.read_text(), filename=str(path))


@pytest.mark.parametrize("stage", [0, 7])
def test_scripts_are_executable_strict_bash(stages, stage):
    for path in (stages[stage] / "bin").glob("*.sh"):
        assert path.stat().st_mode & 0o111, f"{path.name} has no run bit"
        assert path.read_bytes().startswith(b"#!/usr/bin/env bash\n")
        assert b"\nset -euo pipefail\n" in path.read_bytes()
        assert b"\r" not in path.read_bytes()
        subprocess.run(["bash", "-n", path], check=True)


def test_the_package_is_the_same_twice_and_has_the_handler_at_its_root(stages):
    hashes = []
    for _ in range(2):
        subprocess.run(["bin/package_lambda.sh"], cwd=stages[4], check=True, capture_output=True)
        hashes.append(hashlib.sha256((stages[4] / "build/ac_control_lambda.zip").read_bytes()).hexdigest())

    assert hashes[0] == hashes[1]
    with zipfile.ZipFile(stages[4] / "build/ac_control_lambda.zip") as package:
        assert package.namelist() == ["ac_control_lambda.py", "decision.py", "readings.py"]


def test_deploying_without_a_package_says_what_to_run_first(stages):
    done = subprocess.run(["bin/deploy_lambda.sh"], cwd=stages[0], capture_output=True, text=True)

    assert done.returncode == 1
    assert done.stderr == "build/ac_control_lambda.zip is missing: run bin/package_lambda.sh first\n"


def test_the_placeholder_says_which_scripts_bring_the_code():
    with zipfile.ZipFile(KIT / "starter/terraform/files/empty_package.zip") as package:
        assert b"run bin/package_lambda.sh and bin/deploy_lambda.sh" in package.read("ac_control_lambda.py")


PYTHONS_OWN = re.compile(r"""(?<!\w)[\[({]'[^']*'(?:\]|\)|,|:)|\b(?:assert|None|True|False) is\b""")
"""A list, a tuple, a dictionary or an assertion as Python writes it."""


def test_no_message_of_a_check_is_written_as_python_writes_its_values():
    messages = [
        f"{case.parent.name} {check['id']}: {line}"
        for case in KIT.glob("parts/*/mistakes/*/expect.toml")
        for check in tomllib.loads(case.read_text()).get("check", ())
        for key in ("expected", "got", "because", "fix")
        for line in check.get(key, "").splitlines()
    ]

    assert [message for message in messages if PYTHONS_OWN.search(message)] == []
