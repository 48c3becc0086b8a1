"""The course as files: every stage of a workspace, built from the starter and the solutions."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

KIT = Path(__file__).resolve().parents[2]


def load(path: Path) -> ModuleType:
    """A module of the learner's tree, loaded by its path."""
    specification = importlib.util.spec_from_file_location(f"learner_{path.stem}", path)
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def house_module() -> ModuleType:
    return load(KIT / "starter/src/house.py")


@pytest.fixture(scope="session")
def stages(tmp_path_factory) -> list[Path]:
    """The workspace after part 0 (the starter), 1, … 7."""
    folders = [tmp_path_factory.mktemp("stage_0") / "workspace"]
    shutil.copytree(KIT / "starter", folders[0], ignore=shutil.ignore_patterns("__pycache__", "build", ".terraform*"))
    for solution in sorted((KIT / "solutions").iterdir()):
        folders.append(tmp_path_factory.mktemp(solution.name) / "workspace")
        shutil.copytree(folders[-2], folders[-1])
        shutil.copytree(solution, folders[-1], dirs_exist_ok=True)
    return folders
