"""The unit tests of the function: the kit's own tests against the workspace's code, never in the kit's own process."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from checker.curriculum.parts import ROOT, STARTER
from checker.curriculum.workspace import Workspace
from checker.isolation.puppets import SETTING
from checker.process import Finished, Runner, is_plain, run_program, scratch_folder

WITHIN_S = 60.0
SHOWN_LINES = 5
FUNCTION = "ac_control_lambda"
PLAYER = ROOT / "checker" / "isolation" / "puppet_player.py"


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
    """Runs the tests of the starter, which learners do not write, against the workspace's modules.

    Where the workspace is a stranger's (`run` is not a plain one), its modules run in a process of their own, in `run`'s
    box, and the tests outside of it: what the modules do cannot change what the tests find.
    """
    if not (workspace.folder / FUNCTION).is_dir():
        return UnitTests(0, (), f"the folder {FUNCTION}/ is missing")
    with (
        tempfile.TemporaryDirectory(prefix="lab-unit-tests-") as own,
        scratch_folder("lab-modules-", run) as reached,
    ):
        theirs, tests = Path(reached) / FUNCTION, Path(reached if is_plain(run) else own) / FUNCTION
        skip = shutil.ignore_patterns("tests", "__pycache__", "conftest.py", ".pytest_cache")
        shutil.copytree(workspace.folder / FUNCTION, theirs, ignore=skip)
        shutil.copytree(STARTER / FUNCTION / "tests", tests / "tests", ignore=skip, dirs_exist_ok=True)
        shutil.copy(STARTER / FUNCTION / "conftest.py", tests)
        clean = {name: value for name, value in environment.items() if not name.startswith("PYTEST")}
        clean |= {"PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "1000"}
        done = _test(tests, clean) if is_plain(run) else _test_apart(tests, theirs, clean, run)
    if done.timed_out:
        return UnitTests(0, (f"the tests did not end within {WITHIN_S:.0f} s",), done.stdout)
    found = parse_summary(done.stdout.replace(str(tests) + "/", "").replace(str(theirs) + "/", "") + done.stderr)
    if done.returncode and found.passed and not found.failures:  # its summary is not whole, whatever broke it off
        return replace(found, failures=(f"the tests ended with exit code {done.returncode}",))
    return found


def _test(folder: Path, environment: Mapping[str, str], *options: str) -> Finished:
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", "--tb=line", "-rA", "-p", "no:cacheprovider"]
    command += [*options, "-c", "/dev/null", f"--rootdir={folder}", str(folder / "tests")]
    return run_program(command, cwd=folder, env=environment, within_s=WITHIN_S)


def _test_apart(tests: Path, theirs: Path, environment: Mapping[str, str], run: Runner) -> Finished:
    """The tests pull the strings of puppets; the workspace's modules play in a box."""
    modules = ",".join(file.stem for file in sorted((STARTER / FUNCTION).glob("*.py")) if file.stem != "conftest")
    # Unix allows socket paths of a hundred bytes only, so its folder is not inside of these.
    with scratch_folder("lab-p-", run) as meeting:
        settings = {SETTING: f"{meeting}/s:{modules}", "PYTHONPATH": str(ROOT)}
        player = [sys.executable, "-B", str(shutil.copy(PLAYER, meeting)), f"{meeting}/s", str(theirs)]
        playing = threading.Thread(
            target=run, args=(player,), kwargs={"cwd": theirs, "env": environment, "within_s": WITHIN_S}, daemon=True
        )
        playing.start()
        done = _test(tests, {**environment, **settings}, "-p", "checker.isolation.puppets")
        playing.join(WITHIN_S)
    return done


def parse_summary(output: str) -> UnitTests:
    """Reads pytest's short summary (`-rA`)."""
    passed = len(re.findall(r"^PASSED ", output, re.MULTILINE))
    failures = re.findall(r"^(?:FAILED|ERROR) (.*)$", output, re.MULTILINE)
    if re.search(r"^ERROR ", output, re.MULTILINE):
        failures += [line.strip() for line in re.findall(r"^E +(.*)$", output, re.MULTILINE)][:SHOWN_LINES]
    return UnitTests(passed, tuple(map(_in_words, failures)), output.strip())


def _in_words(failure: str) -> str:
    """`test - assert None is True`, as pytest writes it: what the function answered, and what was expected."""
    return re.sub(r" - assert (.+) (?:is|==) (.+)$", r": got \1, expected \2", failure)
