"""Which files count as saved."""

from __future__ import annotations

import os

import pytest

from checker.watch.changes import changed_between, take_snapshot


def test_a_saved_a_new_and_a_removed_file_are_named(workspace):
    before = take_snapshot(workspace.folder)
    (workspace.terraform / "iot.tf").write_text("# other\n")
    (workspace.folder / "bin/new.sh").write_text("")
    (workspace.folder / "src/house.py").unlink()

    assert changed_between(before, take_snapshot(workspace.folder)) == (
        "bin/new.sh",
        "src/house.py",
        "terraform/iot.tf",
    )


def test_a_file_that_was_written_anew_with_the_same_size_is_saved(workspace):
    file = workspace.terraform / "iot.tf"
    before = take_snapshot(workspace.folder)
    os.utime(file, ns=(1, 1))

    assert changed_between(before, take_snapshot(workspace.folder)) == ("terraform/iot.tf",)


def test_a_commit_counts_for_the_pipeline(workspace):
    before = take_snapshot(workspace.folder)
    (workspace.folder / ".git/logs").mkdir(parents=True)
    (workspace.folder / ".git/logs/HEAD").write_text("one\n")

    assert changed_between(before, take_snapshot(workspace.folder)) == ("a commit",)


@pytest.mark.parametrize(
    "name",
    [
        "terraform/.iot.tf.swp",
        "terraform/iot.tf~",
        "terraform/4913",
        "terraform/#iot.tf#",
        "terraform/terraform.tfstate",
        "terraform/.terraform/providers/x",
        "terraform/.terraform.lock.hcl",
        "src/__pycache__/house.pyc",
        "certs/private_key.pem",
        ".lab/results.json",
        "build/package.zip",
    ],
)
def test_what_editors_and_tools_leave_behind_is_no_save(workspace, name):
    before = take_snapshot(workspace.folder)
    (workspace.folder / name).parent.mkdir(parents=True, exist_ok=True)
    (workspace.folder / name).write_text("x")

    assert changed_between(before, take_snapshot(workspace.folder)) == ()
