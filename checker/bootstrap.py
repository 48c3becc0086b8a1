"""Makes the kit's virtual environment from the lock file. Standard library only: it runs before anything is installed."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import time
import tomllib
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = Path(os.environ.get("LAB_VENV", ROOT / ".venv"))
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "lab-installed"
"""Written last: a set-up that was interrupted is done again."""


def venv_python() -> Path:
    return VENV / "bin" / "python"


def ensure_environment(extras: Sequence[str] = ()) -> Path:
    """Returns the Python of an environment that holds the locked dependencies and `extras`; installs what is missing.

    Raises SystemExit with a message that says what to do when the installation fails (exit code 3).
    """
    wanted = {"base", *extras}
    if wanted <= _installed():
        return venv_python()
    with _only_one_installer():
        missing = wanted - _installed()
        if missing:
            _install(sorted(missing))
    return venv_python()


def requirements_of(extra: str) -> set[str]:
    """The names of the distributions that pyproject.toml lists for `extra` ("base": the project's own dependencies)."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = project["dependencies"] if extra == "base" else project["optional-dependencies"][extra]
    return {re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower() for requirement in listed}


def locked_requirements(lock: str, roots: set[str]) -> list[str]:
    """The entries of the lock file (pins with hashes) that `roots` need, directly or through others.

    The lock's own `# via` comments say who needs an entry, so no index has to be asked.
    """
    entries: dict[str, str] = {}
    needed_by: dict[str, set[str]] = {}
    for entry in re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)[1:]:
        name = entry.split("==")[0]
        entries[name] = re.sub(r"^ *#.*\n", "", entry, flags=re.MULTILINE)
        needed_by[name] = set(re.findall(r"^ +#(?: via)? +([A-Za-z0-9._-]+)$", entry, flags=re.MULTILINE))
    wanted = roots & entries.keys()
    while more := {name for name, parents in needed_by.items() if parents & wanted} - wanted:
        wanted |= more
    return [entries[name] for name in sorted(wanted)]


def _fingerprint() -> str:
    return hashlib.sha256(LOCK.read_bytes() + sys.version.encode() + str(VENV).encode()).hexdigest()


def _installed() -> set[str]:
    """The extras that the environment holds in the versions of the present lock file."""
    try:
        fingerprint, *extras = STAMP.read_text().split()
    except OSError:
        return set()
    return set(extras) if fingerprint == _fingerprint() and venv_python().exists() else set()


def _install(missing: Sequence[str]) -> None:
    begun = time.monotonic()
    extras = sorted(_once_installed() | set(missing))
    print(
        f"Setting up the lab kit in {VENV} ({', '.join(extras)}): once, about a minute ...", file=sys.stderr, flush=True
    )
    if not venv_python().exists():
        _make_virtual_environment()
    subset = VENV / "lab-requirements.txt"
    subset.write_text(
        "".join(locked_requirements(LOCK.read_text(), {name for e in extras for name in requirements_of(e)}))
    )
    command = [str(venv_python()), "-m", "pip", "install", "-qq", "--no-input", "--disable-pip-version-check"]
    if subprocess.run([*command, "--no-deps", "--require-hashes", "--requirement", str(subset)]).returncode:
        _give_up(
            "pip could not install the locked dependencies (see its message above)", "check the network and try again"
        )
    _put_root_on_path()
    STAMP.write_text(" ".join([_fingerprint(), *extras]))
    print(f"Set up in {time.monotonic() - begun:.0f} s.", file=sys.stderr, flush=True)


def _once_installed() -> set[str]:
    """The extras that were asked for before the lock file changed."""
    try:
        return set(STAMP.read_text().split()[1:])
    except OSError:
        return set()


def _make_virtual_environment() -> None:
    try:
        venv.create(VENV, clear=True, with_pip=True, symlinks=True)
    except (OSError, subprocess.CalledProcessError) as error:
        _give_up(f"The virtual environment could not be made: {error}", "Debian, Ubuntu: apt install python3-venv")


def _put_root_on_path() -> None:
    """Lets every Python of the environment import the kit, from any folder."""
    for site_packages in VENV.glob("lib/python*/site-packages"):
        (site_packages / "iot_lab_kit.pth").write_text(f"{ROOT}\n")


@contextmanager
def _only_one_installer() -> Iterator[None]:
    import fcntl

    VENV.parent.mkdir(parents=True, exist_ok=True)
    with open(VENV.parent / f".{VENV.name.lstrip('.')}.installing", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _give_up(what: str, next_step: str) -> None:
    print(f"{what}\n  next  {next_step}; ./lab doctor says what is installed and missing", file=sys.stderr)
    raise SystemExit(3)
