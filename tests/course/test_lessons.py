"""The lessons' commands are run as they stand, and say what the lessons show."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from checker.cloud_process import stop_cloud
from checker.curriculum.cases import mistakes_of
from checker.curriculum.parts import ROOT, Part, find_part, read_parts
from checker.curriculum.workspace import Workspace, lay_over, new_workspace
from tests.course.pages import SOLUTION, Block, Command, pattern_of, read_blocks

WITHIN_S = 300
SPEED = ("--speed 20", "--speed 80")
"""The house of the lessons, four times as fast as they say."""


class Learner:
    """Follows the lesson of a part in a workspace, from the solutions of the parts before it."""

    def __init__(self, part: Part, folder: Path) -> None:
        self.part, self.at = part, folder
        self.workspace = Workspace(folder / "my-house")
        self._state = "base"
        if part.number > 1:
            new_workspace(self.workspace.folder)
            self.at = self.workspace.folder
            lay_over(self.workspace, [each for each in read_parts() if each.number < part.number])
            self.type(Command("lab up", ""))
            self.type(Command("lab apply", ""))

    def follow(self, block: Block) -> None:
        """Types the commands of a block with the files in its state."""
        self._become(block.state)
        for command in block.commands:
            self.type(command)

    def type(self, command: Command) -> None:
        if command.typed.startswith("cd "):
            self.at = self.at / command.typed.removeprefix("cd ")
            return
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("LAB_W", "LAB_T", "AWS_"))}
        environment |= {"PATH": f"{ROOT}:{environment['PATH']}", "COLUMNS": "200"}
        environment |= {f"GIT_{who}_{what}": "learner" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        done = subprocess.run(
            ["bash", "-c", command.typed.replace(*SPEED)], cwd=self.at, env=environment, text=True, timeout=WITHIN_S,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        told = f"$ {command.typed}\n{done.stdout}\n(exit code {done.returncode})"
        assert command.is_answered_by(done.stdout), f"{told}\nthe lesson shows:\n{command.expected}"
        assert done.returncode in (
            (0,) if command.typed.startswith("lab ") and not command.expected else (0, 1, 255)
        ), told

    def _become(self, state: str) -> None:
        if state in ("base", self._state) or not self.workspace.folder.is_dir():
            return
        lay_over(self.workspace, [each for each in read_parts() if each.number <= self.part.number])
        if state != SOLUTION:
            (mistake,) = [each for each in mistakes_of(self.part) if f"mistakes/{each.folder.name}" == state]
            mistake.lay_over(self.workspace)
        self._state = state


@pytest.fixture
def learner(request, tmp_path):
    found = Learner(find_part(request.param), tmp_path)
    yield found
    stop_cloud(found.workspace)


@pytest.mark.terraform
@pytest.mark.parametrize("learner", range(1, 8), ids=lambda number: f"part_{number}", indirect=True)
def test_the_lessons_commands_do_what_the_lesson_shows(learner):
    for block in read_blocks((learner.part.folder / "README.md").read_text(encoding="utf-8")):
        if not block.not_run:
            learner.follow(block)


def test_a_page_is_read_with_its_states_its_long_commands_and_what_they_say():
    page = """# Page
```console
$ lab apply
…
Apply complete! Resources: 3 added
$ aws query --sql "SELECT a
                   FROM b" \\
    --output text
1
```
<!-- not run: it never ends -->
```console
$ lab simulate
```
<!-- on: mistakes/x -->
```console
$ lab check 1
```
"""
    first, second, third = read_blocks(page)

    assert [command.typed.split()[0] for command in first.commands] == ["lab", "aws"]
    assert first.commands[1].typed.endswith("--output text")
    assert first.commands[1].expected == "1"
    assert (first.state, second.not_run, third.state) == (SOLUTION, "it never ends", "mistakes/x")


@pytest.mark.parametrize(
    ("expected", "output", "answered"),
    [
        ("…\nApply complete! Resources: 3 added", "x ...\nApply complete! Resources: 14 added, 0 changed.\n", True),
        ("Apply complete! Resources: 3 added", "Destroy complete! Resources: 3 destroyed.\n", False),
        ('[\n    "ACTIVE"\n]', '[\n  "ACTIVE"\n]\n', True),
        ('[\n    "ACTIVE"\n]', '[\n  "INACTIVE"\n]\n', False),
        ("16 passed", "16 passed in 0.03s", True),
        ("one\ntwo", "one\nthree\ntwo", False),
        ("No changes.", "\033[1m\033[32mNo changes.\033[0m Your", True),
        ("one\n…\ntwo", "one\nthree\ntwo", True),
        ("subject=CN = X", "subject=CN=X", True),
        ("", "anything", True),
    ],
)
def test_numbers_and_blanks_may_differ_and_words_may_not(expected, output, answered):
    assert Command("x", expected).is_answered_by(output) is answered, pattern_of(expected)
