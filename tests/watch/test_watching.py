"""`lab watch` as a learner has it: in a terminal, with saves and keys, on a local cloud with real Terraform."""

from __future__ import annotations

import subprocess
import sys

import pytest

from checker.curriculum.parts import ROOT, read_parts
from checker.curriculum.progress import has_passed, hints_taken
from checker.curriculum.workspace import lay_over

WAITING = "waiting for"


@pytest.mark.terraform
def test_from_the_starter_to_a_passed_part_by_saving_files(terminal, workspace):
    watching = terminal("watch")
    first = watching.wait_for(WAITING)
    assert "Part 1: " in first
    assert "0 of 10 points" in first
    assert "next   1.1  " in first
    assert "edit  terraform/iot.tf line " in first

    watching.press("h")
    assert "hint 1 of 3: Where to look" in watching.wait_for("hint 1 of 3")
    watching.press("h")
    watching.wait_for("hint 2 of 3: Which idea")
    assert hints_taken(workspace) == {"1.1": 2}

    watching.forget()
    (workspace.terraform / "iot.tf").write_text("resource {\n")
    broken = watching.wait_for(f"saved terraform/iot.tf: not deployed in .*{WAITING}")
    assert "terraform/iot.tf line 1" in broken

    watching.forget()
    lay_over(workspace, read_parts()[:1])
    done = watching.wait_for(f"saved .*terraform/iot.tf.*5 of 5 checks passed in .*{WAITING}")
    assert "Part 1 has passed." in done
    assert "next   2.1  " in done
    assert has_passed(workspace, 1)

    watching.press("r")
    assert "Part 2: " in watching.wait_for(f"0 of 15 points.*checks passed in .*{WAITING}")
    watching.press("q")
    assert watching.end() == 0


@pytest.mark.terraform
def test_lines_for_a_screen_reader_end_with_the_next_thing(terminal, workspace):
    watching = terminal("watch", "--plain", "--cold")

    said = watching.wait_for("next   1.1 ")
    assert "checking part 1" in said
    assert "0 of 5 checks passed, 0 of 10 points, in " in said
    assert "\033" not in watching.text

    watching.press("h\n")
    watching.wait_for("Hint 1 of 3, Where to look:")
    watching.press("o\n")
    watching.wait_for("the lesson   .*parts/01_iot_core/README.md")
    watching.press("q\n")
    assert watching.end() == 0


def test_real_aws_is_not_changed_at_every_save(workspace):
    done = subprocess.run(
        [sys.executable, "-m", "checker", "watch", "--target", "aws", "-w", str(workspace.folder)],
        cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip

    assert done.returncode == 2
    assert done.stderr.startswith("lab watch applies every save, and on AWS that costs money")
