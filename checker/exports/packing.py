"""Zips that depend only on what is in them, and the kit as files to put into one."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from checker.curriculum.parts import ROOT
from checker.errors import LabError

ALWAYS = (1980, 1, 1, 0, 0, 0)
TAKEN = ("lab", "pyproject.toml", "requirements.lock", "LICENSE", "checker", "labcloud", "parts", "starter")
LEFT_OUT = {"__pycache__", "mistakes", "design.md", "node_modules", ".terraform", ".lab", ".DS_Store", ".pytest_cache"}
"""Solutions and known mistakes stay at home: where a package goes, learners' code may run beside it."""


def make_zip(files: Mapping[str, bytes], executable: frozenset[str] = frozenset()) -> bytes:
    """A zip whose bytes depend only on what is in it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(name, ALWAYS)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if name in executable else 0o100644) << 16
            archive.writestr(entry, data)
    return out.getvalue()


def kit_files(root: Path = ROOT) -> dict[str, bytes]:
    """All that grading needs of the kit, below `kit/`; `kit/lab` is to be executable."""
    files = {}
    for name in TAKEN:
        place = root / name
        if not place.exists():
            raise LabError(f"{place} is missing", next_step="use a complete copy of the kit")
        for file in [place] if place.is_file() else sorted(place.rglob("*")):
            inside = file.relative_to(root)
            if file.is_file() and not LEFT_OUT & set(inside.parts) and file.suffix != ".pyc":
                files[f"kit/{inside.as_posix()}"] = file.read_bytes()
    return files
