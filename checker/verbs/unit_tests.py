"""The unit tests of the function: the kit's own tests against the workspace's code, in a process of its own."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from checker.curriculum.parts import STARTER
from checker.curriculum.workspace import Workspace
from checker.process import Runner, run_program

WITHIN_S = 60.0
SHOWN_LINES = 5
FUNCTION = "ac_control_lambda"


@dataclass(frozen=True)
class UnitTests:
    """How many tests passed, and what the others said."""

    passed: int
    failures: tuple[str, ...]
    output: str

    @property
    def all_passed(self) -> bool:
        return self.passed > 0 and not self.failures

    @property
    def place_to_fix(self) -> str:
        """The module whose tests failed."""
        if any("test_readings" in failure for failure in self.failures):
            return "ac_control_lambda/readings.py: it was given complete, lab reset 4 brings it back"
        return "decide in ac_control_lambda/decision.py"

    @property
    def summary(self) -> str:
        if not self.failures:
            return f"{self.passed} passed" if self.passed else "no test ran:\n" + self.output
        return f"{self.passed} passed, others did not:\n" + "\n".join(self.failures)


def run_unit_tests(workspace: Workspace, environment: Mapping[str, str], run: Runner = run_program) -> UnitTests:
    """Runs the tests of the starter, which learners do not write, against the workspace's modules."""
    with tempfile.TemporaryDirectory(prefix="lab-unit-tests-") as temporary:
        folder = Path(temporary) / FUNCTION
        skip = shutil.ignore_patterns("tests", "__pycache__", "conftest.py", ".pytest_cache")
        if not (workspace.folder / FUNCTION).is_dir():
            return UnitTests(0, (), f"the folder {FUNCTION}/ is missing")
        shutil.copytree(workspace.folder / FUNCTION, folder, ignore=skip)
        shutil.copytree(STARTER / FUNCTION / "tests", folder / "tests", ignore=skip, dirs_exist_ok=True)
        shutil.copy(STARTER / FUNCTION / "conftest.py", folder)
        command = [sys.executable, "-m", "pytest", "-q", "--no-header", "--tb=line", "-rA", "-p", "no:cacheprovider"]
        command += ["-c", "/dev/null", f"--rootdir={folder}", str(folder / "tests")]
        clean = {name: value for name, value in environment.items() if not name.startswith("PYTEST")}
        done = run(
            command, cwd=folder, env=clean | {"PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "1000"}, within_s=WITHIN_S
        )
    if done.timed_out:
        return UnitTests(0, (f"the tests did not end within {WITHIN_S:.0f} s",), done.stdout)
    return parse_summary(done.stdout.replace(str(folder) + "/", "") + done.stderr)


def parse_summary(output: str) -> UnitTests:
    """Reads pytest's short summary (`-rA`)."""
    passed = len(re.findall(r"^PASSED ", output, re.MULTILINE))
    failures = re.findall(r"^(?:FAILED|ERROR) (.*)$", output, re.MULTILINE)
    if re.search(r"^ERROR ", output, re.MULTILINE):
        failures += [line.strip() for line in re.findall(r"^E +(.*)$", output, re.MULTILINE)][:SHOWN_LINES]
    return UnitTests(passed, tuple(failures), output.strip())
