"""The tools of a job's image, without an image: a Python of its own that has only what the job installs.

`pip install` takes a distribution from the kit's environment when it is there (linked, so it works offline and in no
time) and asks the package index only for the others. A tool that a job forgets to install is missing here too.
"""

from __future__ import annotations

import csv
import io
import os
import sys
import venv
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

IMAGES_WITH = {"aws-cli": ("awscli",), "awscli": ("awscli",), "aws-sam": ("awscli",), "pytest": ("pytest",)}
"""Distributions that an image brings when its name contains the text."""

PIP = """#!{python}
import os, sys
sys.path[:0] = {paths!r}
from checker.pipeline.tools import pip
sys.exit(pip({environment!r}, sys.argv[1:]))
"""


def make_environment(folder: Path, image: str | None) -> Path:
    """Makes a job's Python environment in `folder`; returns its folder of programs."""
    venv.create(folder, symlinks=True, with_pip=False)
    programs = folder / "bin"
    for name in ("pip", "pip3"):
        script = programs / name
        root = str(Path(__file__).resolve().parents[2])
        script.write_text(PIP.format(python=sys.executable, paths=[root], environment=str(folder)))
        script.chmod(0o755)
    brought = [name for text, names in IMAGES_WITH.items() if image and text in image for name in names]
    link(folder, [Requirement(name) for name in brought])
    _teach_dash_m_pip(folder)
    return programs


def pip(environment: str, arguments: list[str]) -> int:
    """`pip` inside a job: links what the kit has, hands everything else to the real pip."""
    folder = Path(environment)
    wanted = _plain_requirements(arguments)
    if wanted is not None:
        missing = link(folder, wanted)
        if not missing:
            print(f"Successfully installed {' '.join(sorted(map(str, wanted)))} (from the lab kit's environment)")
            return 0
    real = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), *arguments]
    os.execv(sys.executable, real)


def link(folder: Path, wanted: Iterable[Requirement]) -> list[Requirement]:
    """Links distributions of the kit's environment, with all that they need, into a job's; returns those it has not."""
    closure, missing = _closure(list(wanted))
    if missing:
        return missing
    site_packages = next((folder / "lib").glob("python*/site-packages"))
    for distribution in closure.values():
        _link_files(distribution, site_packages, folder / "bin")
    return []


def _plain_requirements(arguments: list[str]) -> list[Requirement] | None:
    """The requirements of a plain `pip install a b -r file`; None: something that only the real pip understands."""
    if not arguments or arguments[0] != "install":
        return None
    wanted: list[str] = []
    rest = iter(arguments[1:])
    for argument in rest:
        if argument in ("-r", "--requirement"):
            wanted += _lines_of(next(rest, ""))
        elif argument in ("-q", "--quiet", "-U", "--upgrade", "--no-cache-dir", "--user", "--no-input", "--pre"):
            continue
        elif argument.startswith("-"):
            return None
        else:
            wanted.append(argument)
    try:
        return [Requirement(text) for text in wanted] or None
    except InvalidRequirement:
        return None


def _lines_of(path: str) -> list[str]:
    try:
        text = Path(path).read_text()
    except OSError:
        return ["-r"]  # not a requirement: the real pip shall complain
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def _closure(wanted: list[Requirement]) -> tuple[dict[str, metadata.Distribution], list[Requirement]]:
    found: dict[str, metadata.Distribution] = {}
    missing: list[Requirement] = []
    todo = list(wanted)
    seen: set[str] = set()
    while todo:
        requirement = todo.pop()
        if str(requirement) in seen or not _applies(requirement, ""):
            continue
        seen.add(str(requirement))
        try:
            distribution = metadata.distribution(requirement.name)
        except metadata.PackageNotFoundError:
            missing.append(requirement)
            continue
        if not requirement.specifier.contains(distribution.version, prereleases=True):
            missing.append(requirement)
            continue
        found[requirement.name.lower()] = distribution
        children = (Requirement(text) for text in distribution.requires or [])
        extras = requirement.extras or {""}
        todo += [child for child in children if any(_applies(child, extra) for extra in extras)]
    return found, missing


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _link_files(distribution: metadata.Distribution, site_packages: Path, programs: Path) -> None:
    base = Path(str(distribution.locate_file("")))
    names = _recorded(distribution)
    for top in {name.partition("/")[0] for name in names} - {"..", "__pycache__"}:
        target = site_packages / top
        if not target.exists():
            target.symlink_to(base / top)
    for name in names:
        if name.startswith("../") and "bin" in name.split("/"):
            _copy_program(base / name, programs)


def _recorded(distribution: metadata.Distribution) -> list[str]:
    """The names of a distribution's files. `distribution.files` makes objects of them: half a second for the AWS CLI."""
    if record := distribution.read_text("RECORD"):
        return [row[0] for row in csv.reader(io.StringIO(record)) if row]
    return [file.as_posix() for file in distribution.files or []]


def _copy_program(source: Path, programs: Path) -> None:
    """A program's first line names the kit's Python: the job's own takes its place."""
    try:
        text = source.resolve().read_bytes()
    except OSError:
        return
    target = programs / source.name
    if target.exists() or not text.startswith(b"#!"):
        return
    _, _, rest = text.partition(b"\n")
    target.write_bytes(b"#!" + bytes(programs / "python") + b"\n" + rest)
    target.chmod(0o755)


def _teach_dash_m_pip(folder: Path) -> None:
    """`python -m pip` does what `pip` does."""
    site_packages = next((folder / "lib").glob("python*/site-packages"))
    (site_packages / "pip.py").write_text(
        "import os, sys\n"
        "if __name__ == '__main__':\n"
        f"    os.execv({str(folder / 'bin' / 'pip')!r}, ['pip', *sys.argv[1:]])\n"
    )
