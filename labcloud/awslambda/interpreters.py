"""Which Python runs a runtime, and what its functions may import: AWS's boto3 family and nothing else of the kit's.

The rule: the kit's own Python, unless python3.X is installed in exactly the runtime's version and has boto3 and
time-machine itself; a compiled package of the learner's then fits, and the lab clock still works.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from labcloud.awslambda.errors import InvalidRuntime

PYTHON_RUNTIMES = tuple(f"python3.{minor}" for minor in range(8, 15))
"""What can still be created in late 2026 (3.8 to 3.10 until February 2027); AWS Lambda developer guide, "Runtimes"."""

AWS_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six")
CLOCK_MODULES = ("time_machine", "_time_machine")

_PROBE = """
import importlib.util, json, platform, sys
found = {}
for name in sys.argv[1:]:
    spec = importlib.util.find_spec(name)
    if spec is not None and spec.origin:
        found[name] = list(spec.submodule_search_locations or [spec.origin])[0]
print(json.dumps({"version": platform.python_version(), "path": sys.executable, "found": found}))
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python and the two folders of links that its workers may import from."""

    path: str
    version: str
    packages: Path
    clock: Path


class Interpreters:
    """Finds interpreters once each; the folders of links are made under `directory`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._known: dict[str, Interpreter] = {}

    def for_runtime(self, runtime: str) -> Interpreter:
        """Raises InvalidRuntime for what cannot run here, naming what can."""
        if runtime not in PYTHON_RUNTIMES:
            raise InvalidRuntime(
                f"The local cloud runs functions of {PYTHON_RUNTIMES[0]} to {PYTHON_RUNTIMES[-1]}, not of {runtime}"
            )
        with self._lock:
            if runtime not in self._known:
                self._known[runtime] = self._find(runtime)
            return self._known[runtime]

    def own(self) -> Interpreter:
        """The kit's own Python."""
        return self.for_runtime(_own_runtime())

    def _find(self, runtime: str) -> Interpreter:
        own_runtime = _own_runtime()
        found = None if runtime == own_runtime else _probe_installed(runtime)
        if found is not None:
            return self._link(runtime, found)
        if own_runtime not in self._known:
            self._known[own_runtime] = self._link(own_runtime, _probe_own())
        return self._known[own_runtime]

    def _link(self, runtime: str, probed: dict[str, object]) -> Interpreter:
        found = probed["found"]
        assert isinstance(found, dict)
        folder = self._directory / runtime
        for names, place in ((AWS_PACKAGES, folder / "packages"), (CLOCK_MODULES, folder / "clock")):
            place.mkdir(parents=True)
            for name in names:
                origin = Path(found[name])
                (place / (origin.name if origin.is_file() else name)).symlink_to(origin)
        _link_metadata(Path(found["boto3"]).parent, folder / "packages")
        return Interpreter(str(probed["path"]), str(probed["version"]), folder / "packages", folder / "clock")


def _own_runtime() -> str:
    major, minor, _ = platform.python_version_tuple()
    return f"python{major}.{minor}"


def _probe_own() -> dict[str, object]:
    found = {}
    for name in AWS_PACKAGES + CLOCK_MODULES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise InvalidRuntime(f"The local cloud's own Python lacks {name}: install the kit again")
        found[name] = list(spec.submodule_search_locations or [spec.origin])[0]
    return {"version": platform.python_version(), "path": sys.executable, "found": found}


def _link_metadata(site_packages: Path, place: Path) -> None:
    """So that importlib.metadata knows the version of boto3, as on AWS."""
    for name in ("boto3", "botocore", "s3transfer", "jmespath", "python_dateutil", "urllib3", "six"):
        for information in site_packages.glob(f"{name}-*.dist-info"):
            (place / information.name).symlink_to(information)


def _probe_installed(runtime: str) -> dict[str, object] | None:
    """What the exactly matching interpreter offers, None if it is missing or lacks something."""
    path = shutil.which(runtime)
    if path is None:
        return None
    try:
        probed = _probe(path)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    found = probed["found"]
    assert isinstance(found, dict)
    complete = all(name in found for name in AWS_PACKAGES + CLOCK_MODULES)
    return probed if complete and f"python{probed['version']}".startswith(f"{runtime}.") else None


def _probe(path: str) -> dict[str, object]:
    command = [path, "-I", "-c", _PROBE, *AWS_PACKAGES, *CLOCK_MODULES]
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", "")}
    done = subprocess.run(
        command, env=environment, capture_output=True, stdin=subprocess.DEVNULL, timeout=10, check=True
    )
    probed: dict[str, object] = json.loads(done.stdout)
    return probed
