"""The decisions of the verbs about the learner's own files: secrets, history, unit tests, what Git takes. No network."""

from __future__ import annotations

import os
import subprocess
from types import SimpleNamespace

import pytest

from checker.fast.warm import WarmProvider
from checker.verbs.pipeline import INSTALLED, PipelineVerbs, find_secrets, secrets_in
from checker.verbs.unit_tests import parse_summary, run_unit_tests

KEY_ID = "AKIA" + "Q3EGXVNB7L5MZTRU"


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (f"AWS_ACCESS_KEY_ID: {KEY_ID}", ["an AWS access key id"]),
        ('aws_secret_access_key = "' + "a1B2" * 10 + '"', ["an AWS secret access key"]),
        ("-----BEGIN RSA " + "PRIVATE KEY-----", ["a private key"]),
        ("glpat-" + "x" * 20, ["a GitLab token"]),
        ("AWS_SECRET_ACCESS_KEY: $AWS_SECRET_ACCESS_KEY", []),
        ("variables: {AWS_REGION: eu-west-1}", []),
    ],
    ids=["key id", "secret", "private key", "token", "a variable's name", "a region"],
)
def test_secrets_are_recognised_and_names_of_variables_are_not(text, kinds):
    assert secrets_in(text) == kinds


def test_a_key_that_was_committed_once_is_found_in_the_history(workspace):
    def git(*arguments: str) -> None:
        who = ["-c", "user.name=x", "-c", "user.email=x@localhost"]
        subprocess.run(["git", *who, *arguments], cwd=workspace.folder, check=True, capture_output=True)

    git("init", "-q")
    (workspace.folder / "notes.txt").write_text(f"key {KEY_ID}\n")
    git("add", "-A")
    git("commit", "-q", "-m", "x")
    assert [text for text in find_secrets(workspace) if "line 1" in text] == [
        "notes.txt line 1 holds an AWS access key id"
    ]
    (workspace.folder / "notes.txt").unlink()
    git("commit", "-q", "-a", "-m", "y")

    (found,) = find_secrets(workspace)
    assert found.startswith("notes.txt in commit ") and found.endswith("holds an AWS access key id")


def test_installed_packages_are_found_by_their_folder():
    assert [bool(INSTALLED.match(name)) for name in ("a/site-packages/x.py", "venv/bin/pip", "src/venv.py", "a/b.py")] == [
        True, True, False, False,
    ]  # fmt: skip
    assert INSTALLED.match("lib/site-packages/a/site-packages/b.py").group() == "lib/site-packages/"


def test_a_history_that_is_a_bomb_is_not_searched(workspace):
    """A megabyte of packed zeros is a gigabyte of changes."""
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@localhost"]
    subprocess.run([*git, "init", "-q"], cwd=workspace.folder, check=True)
    (workspace.folder / "bomb.txt").write_text("0\n" * 20_000_000)
    subprocess.run([*git, "add", "-A"], cwd=workspace.folder, check=True)
    subprocess.run([*git, "commit", "-qm", "bomb"], cwd=workspace.folder, check=True)

    assert list(find_secrets(workspace)) == [
        "the history has changes of more than 32 MB, too much to be searched for secrets"
    ]


def test_the_starter_holds_no_secrets(workspace):
    assert list(find_secrets(workspace)) == []


def test_pytests_summary_is_read():
    found = parse_summary("...\nPASSED tests/a.py::x\nFAILED tests/a.py::y - assert None is True\nERROR tests/b.py\n")

    assert (found.passed, found.all_passed) == (1, False)
    assert found.summary == "1 passed, others did not:\ntests/a.py::y: got None, expected True\ntests/b.py"


def test_a_module_that_cannot_be_read_is_told_with_its_line():
    found = parse_summary('E     File "decision.py", line 7\nE   SyntaxError: invalid syntax\nERROR tests/b.py\n')

    assert found.failures == ("tests/b.py", 'File "decision.py", line 7', "SyntaxError: invalid syntax")


def test_the_unit_tests_are_the_kits_and_not_the_workspaces(workspace):
    import os

    for file in (workspace.folder / "ac_control_lambda/tests").glob("test_*.py"):
        file.write_text("def test_nothing(): pass\n")

    found = run_unit_tests(workspace, os.environ)

    assert not found.all_passed
    assert "test_a_warm_zone_is_switched_on[36.0]: got None, expected True" in found.summary


def test_the_unit_tests_say_the_same_while_the_provider_is_kept_warm(workspace):
    """A warm provider is no box: `lab watch` must not say other things than `lab check`."""
    readings = workspace.folder / "ac_control_lambda/readings.py"
    readings.write_text(readings.read_text() + "\n\ndef mean_by_zone(rows):\n    return {}[2]\n")
    provider = WarmProvider(workspace.terraform)
    try:
        warm = run_unit_tests(workspace, os.environ, provider)
    finally:
        provider.close()

    assert warm.failures == run_unit_tests(workspace, os.environ).failures
    assert any(failure.endswith("KeyError: 2") for failure in warm.failures)


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({".gitattributes": "* working-tree-encoding=UTF-99\n"}, "Git cannot take these files: "),
        ({".gitignore": "*\n"}, ".gitlab-ci.yml does not exist"),
    ],
    ids=["an encoding that there is not", "everything is ignored"],
)
def test_what_git_does_not_take_is_a_problem_of_the_files(workspace, files, problem):
    for name, text in files.items():
        (workspace.folder / name).write_text(text)
    (workspace.folder / ".gitlab-ci.yml").unlink(missing_ok=True)
    deployment = SimpleNamespace(
        workspace=workspace, say=print, run=None, target=SimpleNamespace(settings={}, is_aws=False), outputs={}
    )

    ran = PipelineVerbs(deployment, lambda: "").run()

    assert ran.problems and ran.problems[0].startswith(problem), ran.problems
