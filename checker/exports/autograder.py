"""Gradescope's autograder package: a zip with setup.sh, run_autograder and the kit.

https://gradescope-autograders.readthedocs.io/en/latest/getting_started/
"""

from __future__ import annotations

from pathlib import Path

from checker.curriculum.parts import ROOT
from checker.errors import LabError
from checker.exports.appeal import make_zip

TAKEN = ("lab", "pyproject.toml", "requirements.lock", "LICENSE", "checker", "labcloud", "parts", "starter")
LEFT_OUT = {"__pycache__", "mistakes", "design.md", "node_modules", ".terraform"}
"""Solutions and known mistakes stay at home: the learner's code runs beside the kit there."""
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
# Runs for every submission: grades it as `lab grade` does anywhere and hands the result on.
set -euo pipefail
cd /autograder/source/kit
work="$(mktemp -d)"
mkdir "$work/submissions"
cp -R /autograder/submission "$work/submissions/submission"
# A container often allows no boxes inside. The learner's programs then run beside the grader: LAB_ISOLATION=none says
# that you accept this (doc/exports.md, "Gradescope").
./lab grade "$work/submissions" --out "$work/grades" --isolation "${LAB_ISOLATION:-auto}"
./lab report "$work/grades" --to gradescope --out "$work/report"
cp "$work/report/submission.json" /autograder/results/results.json
"""


def render_package(root: Path = ROOT) -> bytes:
    """The zip for Gradescope's "Configure Autograder"."""
    files = {"setup.sh": SETUP.encode(), "run_autograder": RUN.encode()}
    for name in TAKEN:
        place = root / name
        if not place.exists():
            raise LabError(f"{place} is missing", next_step="use a complete copy of the kit")
        for file in [place] if place.is_file() else sorted(place.rglob("*")):
            inside = file.relative_to(root)
            if file.is_file() and not LEFT_OUT & set(inside.parts) and file.suffix != ".pyc":
                files[f"kit/{inside.as_posix()}"] = file.read_bytes()
    return make_zip(files, EXECUTABLE)
