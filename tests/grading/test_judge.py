"""What the judge keeps out of the reach of a submission's programs, and what it does when a check is given up."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from checker.checks.result import CheckResult
from checker.errors import LabError
from checker.grading.judge import Judge
from checker.isolation.box import Box, python_folders
from checker.isolation.probe import require_isolation
from checker.isolation.program import BoxedRunner
from checker.isolation.relay import Relay
from tests.grading.conftest import tar_of
from tests.support import wait_until


def judge(place: Path, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> tuple[Judge, list[dict[str, Any]]]:
    """A judge that has laid the files out, and the events that it tells."""
    told: list[dict[str, Any]] = []
    request = {"place": str(place), "parts": [1], "bwrap": "", "program_s": 60.0, "terraform_config": ""}
    made = Judge(request, lambda event, **content: told.append({"event": event, **content}))
    read, write = os.pipe()
    os.write(write, tar_of(files, packed="").getvalue())
    os.close(write)
    monkeypatch.setattr(sys, "argv", ["judge", str(read)])
    monkeypatch.setenv("TMPDIR", os.environ.get("TMPDIR", "/tmp"))
    made._make_folders()
    return made, told


def test_a_file_in_the_place_of_gits_folder_does_not_lead_the_judges_git_elsewhere(tmp_path, monkeypatch):
    trap = tmp_path / "trap"
    files = {
        ".git": b"gitdir: g\n",
        "g/HEAD": b"ref: refs/heads/main\n",
        "g/commondir": b"../c\n",
        "c/objects/x": b"",
        "c/refs/x": b"",
        "c/config": f'[core]\n\trepositoryformatversion = 0\n\tfsmonitor = "touch {trap}"\n'.encode(),
    }

    made, _ = judge(tmp_path / "desk", files, monkeypatch)
    subprocess.run(["git", "ls-files", "--others"], cwd=made.workspace.folder, check=True, capture_output=True)

    assert not trap.exists()
    assert (made.workspace.folder / ".git" / "HEAD").is_file()


def test_nothing_more_is_run_for_a_check_that_was_given_up(tmp_path, monkeypatch):
    """Its thread goes on, beside the next checks, which read what its programs could change."""
    made, told = judge(tmp_path, {"terraform/iot.tf": b""}, monkeypatch)
    ended, refused = list[str](), list[str]()
    made._end_programs = lambda: ended.append("all")
    run = made._runner({})

    def go_on() -> None:
        try:
            run(["true"], cwd=tmp_path, env={}, within_s=5)
        except LabError as error:
            refused.append(error.message)

    made._tell_check(CheckResult("5.2", "A check.", "broken", 4, because="the check did not end within 180 s"))
    thread = threading.Thread(target=go_on, name="5.2")
    thread.start()
    thread.join()

    assert ended == ["all"]
    assert refused == ["This check was given up: nothing more is run for it"]
    assert [event["id"] for event in told if event["event"] == "check"] == ["5.2"]


def test_programs_that_still_run_can_be_ended(tmp_path):
    try:
        bwrap = require_isolation()
    except LabError as missing:
        pytest.skip(str(missing))
    relay, finished = Relay(), list[Any]()
    runner = BoxedRunner(Box(readable=python_folders(), writable=(tmp_path,)), bwrap, {}, relay)
    command = ["sh", "-c", f"touch {tmp_path}/begun; sleep 1000"]
    environment = {"PATH": os.defpath}
    waiting = threading.Thread(
        target=lambda: finished.append(runner(command, cwd=tmp_path, env=environment, within_s=60)), daemon=True
    )
    waiting.start()
    wait_until((tmp_path / "begun").exists, within_s=20, because="the program has begun")

    runner.end_all()

    waiting.join(10)
    relay.close()
    assert finished and not finished[0].timed_out
