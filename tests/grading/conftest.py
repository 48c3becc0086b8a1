"""What the grading tests share: archives made by hand, results made by hand."""

from __future__ import annotations

import io
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

WORKSPACE = {"terraform/iot.tf": b"# rules\n", "bin/teardown.sh": b"#!/bin/sh\n", "src/house.py": b"pass\n"}


@pytest.fixture
def workspace_files() -> dict[str, bytes]:
    return dict(WORKSPACE)


def zip_of(files: Mapping[str, bytes]) -> io.BytesIO:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    stream.seek(0)
    return stream


def tar_of(files: Mapping[str, bytes], *entries: tarfile.TarInfo, packed: str = "gz") -> io.BytesIO:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=f"w:{packed}") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for entry in entries:
            archive.addfile(entry)
    stream.seek(0)
    return stream


def link(name: str, to: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, to
    return entry


@pytest.fixture
def repository(tmp_path: Path) -> Callable[[Mapping[str, bytes]], Path]:
    """Makes a Git repository with one commit of the files."""

    def make(files: Mapping[str, bytes]) -> Path:
        folder = tmp_path / "repository"
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        git(folder, "init", "-q", "-b", "main")
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", "work")
        return folder

    return make


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@localhost", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def result_of(points: Mapping[str, int], **changes: Any) -> dict[str, Any]:
    """A result file's content: checks `2.1` with points earned of 10 each, in their parts."""
    parts: dict[int, list[dict[str, Any]]] = {}
    for check, earned in points.items():
        status = "passed" if earned else "failed"
        entry = {"id": check, "title": check, "status": status, "points": earned, "max_points": 10}
        parts.setdefault(int(check.split(".")[0]), []).append(entry)
    submission = {"sha256": "aa", "submitted_at": "", "source": "ada.zip"} | changes.pop("submission", {})
    return {
        "version": 1, "learner": {"id": "ada"}, "status": "graded", "problem": "", "submission": submission, "key": "k",
        "parts": [{"part": n, "name": f"Part {n}", "bonus_part": False, "checks": checks} for n, checks in parts.items()],
    } | changes  # fmt: skip
