"""Gradescope's autograder package: a zip with setup.sh, run_autograder, the kit, and the rules of the course.

https://gradescope-autograders.readthedocs.io/en/latest/specs/
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from checker.curriculum.parts import ROOT
from checker.exports.course_files import course_files
from checker.exports.packing import kit_files, make_zip

EXECUTABLE = frozenset({"setup.sh", "run_autograder", "kit/lab"})

SETUP = """#!/usr/bin/env bash
# Runs once, when Gradescope builds the image.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends ca-certificates git bubblewrap python3 python3-venv
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || apt-get install -y python3.11 python3.11-venv
cd /autograder/source/kit
./lab --version
.venv/bin/python -c 'from checker.terraform_install import ensure_terraform; ensure_terraform(say=print)'
"""
RUN = """#!/usr/bin/env bash
# Runs for every submission: grades it as `lab grade` does anywhere and hands the result on. What it prints, staff can see.
set -euo pipefail
cd /autograder/source/kit
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
mkdir "$work/submissions"
cp -R /autograder/submission "$work/submissions/submission"
.venv/bin/python -m checker.exports.gradescope_metadata /autograder/submission_metadata.json "$work/submissions"
# A container often allows no boxes inside. The learner's programs then run beside the grader: `none` says that you accept
# this (doc/exports.md, "Gradescope").
./lab grade "$work/submissions" --out "$work/grades" --isolation "${LAB_ISOLATION:-@ISOLATION@}" @OPTIONS@
./lab report "$work/grades" --to gradescope --out "$work/report" @COURSE@
cp "$work/report/"*.json /autograder/results/results.json
"""


@dataclass(frozen=True)
class Settings:
    """What the package does with every submission."""

    course_file: Path | None = None
    parts: str = ""
    isolation: str = "auto"


def render_package(settings: Settings = Settings(), root: Path = ROOT) -> bytes:  # noqa: B008 (it is frozen)
    """The zip for Gradescope's "Configure Autograder"."""
    files = kit_files(root)
    course = ""
    if settings.course_file:
        files |= {f"course/{name}": data for name, data in course_files(settings.course_file).items()}
        course = "--course /autograder/source/course/course.toml"
    options = f"{course} {'--parts ' + shlex.quote(settings.parts) if settings.parts else ''}".strip()
    run = RUN.replace("@ISOLATION@", settings.isolation).replace("@OPTIONS@", options).replace("@COURSE@", course)
    files |= {"setup.sh": SETUP.encode(), "run_autograder": "\n".join(map(str.rstrip, run.split("\n"))).encode()}
    return make_zip(files, EXECUTABLE)
