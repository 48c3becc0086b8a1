"""The image that a grading's container is started from: built of this kit when it is first needed, found again by its hash."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from checker.curriculum.parts import ROOT
from checker.errors import LabError
from checker.grading.plugins import install
from checker.isolation.container import build_command, has_command
from checker.isolation.desk import KIT_FOLDERS
from checker.isolation.engine import Engine
from checker.terraform_install import find_mirror, find_terraform

CONTAINERFILE = Path(__file__).with_name("Containerfile")
FIRST = ("pyproject.toml", "requirements.lock", "checker/__init__.py", "checker/bootstrap.py")
"""What the virtual environment is made of: a layer of its own, so that a changed check does not make it anew."""
FILES = (*FIRST[:2], "lab")
SETTING = "LAB_CONTAINER_BUILD"
"""More words for the engine's build, for example `--build-arg BASE=registry.example/python:3.13 --network host`."""
IS_NO_SOURCE = ("__pycache__", ".terraform", ".pytest_cache", ".ruff_cache", ".mypy_cache")


def image_tag(root: Path = ROOT) -> str:
    """The image's name: another kit has another image."""
    digest = hashlib.sha256()
    for file in sorted(kit_files(root)):
        digest.update(f"{file.relative_to(root)}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return f"localhost/iot-lab-kit:{digest.hexdigest()[:16]}"


def kit_files(root: Path) -> Iterator[Path]:
    """All that a grading needs of the kit."""
    yield from (root / name for name in FILES)
    for name in KIT_FOLDERS:
        for folder, folders, names in os.walk(root / name):
            folders[:] = [each for each in folders if each not in IS_NO_SOURCE]
            yield from (Path(folder) / each for each in names if not each.endswith(".pyc"))


def has_image(engine: Engine, tag: str) -> bool:
    done = subprocess.run(has_command(engine, tag), capture_output=True, stdin=subprocess.DEVNULL)
    return done.returncode == 0


def ensure_image(engine: Engine, say: Callable[[str], None]) -> str:
    """The image's tag; builds it if there is none. Raises LabError with what the engine said last."""
    tag = image_tag()
    if has_image(engine, tag):
        return tag
    say(f"Building the image {tag} with {engine}: once for this kit, some minutes ...")
    with tempfile.TemporaryDirectory(prefix="lab-image-") as temporary:
        context = Path(temporary)
        lay_out(context)
        command = build_command(engine, context, tag, shlex.split(os.environ.get(SETTING, "")))
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL
        )
    if done.returncode:
        said = "\n  ".join(done.stdout.strip().splitlines()[-8:])
        raise LabError(
            f"{engine} could not build the image:\n  {said}",
            next_step=f"it needs the network, or a base image and settings of yours in {SETTING} (doc/grading.md)",
        )
    return tag


def lay_out(context: Path, root: Path = ROOT) -> None:
    """Writes what the image is made of into an empty folder."""
    shutil.copy(CONTAINERFILE, context)
    for name in FIRST:
        _copy(root / name, context / "first" / name)
    for file in kit_files(root):
        _copy(file, context / "kit" / file.relative_to(root))
    for name in ("tools", "mirror"):
        (context / name).mkdir()
    if sys.platform == "linux":
        _lay_out_terraform(context)


def _lay_out_terraform(context: Path) -> None:
    """What this machine has already needs no download; where it has none, the image's own building fetches both."""
    terraform, mirror = find_terraform(), find_mirror(Path.cwd())
    if terraform is None or mirror is None:
        return
    _copy(terraform.resolve(), context / "tools" / "terraform")
    for place, folder in install(terraform, lambda _: None).packages:
        for file in (path for path in folder.rglob("*") if path.is_file()):
            _copy(file, context / "mirror" / place / file.relative_to(folder))


def _copy(source: Path, target: Path) -> None:
    """A copy that everybody may read, with a time of whole seconds: an image keeps no others."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o755 if os.access(source, os.X_OK) else 0o644)
    os.utime(target, (0, 0))
