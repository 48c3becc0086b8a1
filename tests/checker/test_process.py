"""Programs end with the kit, whatever ends the kit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import psutil

from checker.process import run_program, scratch_folder
from tests.support import wait_until


def run(command: list[str], tmp_path: Path, within_s: float = 10.0, **options: object):
    return run_program(command, cwd=tmp_path, env=os.environ, within_s=within_s, **options)


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def read_pid(file: Path) -> int:
    return int(wait_until(lambda: file.exists() and file.read_text().strip(), because=f"{file} holds a process id"))


def test_output_errors_and_exit_code_are_returned(tmp_path):
    done = run(["sh", "-c", "echo out; echo err >&2; exit 7"], tmp_path)

    assert (done.stdout, done.stderr, done.returncode, done.timed_out) == ("out\n", "err\n", 7, False)


def test_every_line_is_seen_while_the_program_runs(tmp_path):
    seen: list[str] = []

    run(["sh", "-c", "echo one; echo two"], tmp_path, on_line=seen.append)

    assert seen == ["one", "two"]


def test_standard_input_is_closed(tmp_path):
    assert run(["sh", "-c", "cat; echo end"], tmp_path).stdout == "end\n"


def test_a_missing_program_is_named(tmp_path):
    done = run(["no-such-program"], tmp_path)

    assert done.returncode == 127
    assert "no-such-program: No such file or directory" in done.stderr


def test_the_whole_process_group_ends_at_the_deadline(tmp_path):
    begun = time.monotonic()
    done = run(["sh", "-c", "sleep 60 & echo $! > pid; wait"], tmp_path, within_s=0.3)

    assert done.timed_out
    assert time.monotonic() - begun < 5
    assert not is_running(read_pid(tmp_path / "pid"))


def test_a_program_that_ignores_the_interrupt_is_killed_after_the_grace(tmp_path):
    done = run(["sh", "-c", "trap '' INT; while :; do sleep 1; done"], tmp_path, within_s=0.2, grace_s=0.3)

    assert done.timed_out
    assert done.returncode == 128 + signal.SIGKILL


def test_a_program_may_end_itself_well_when_interrupted(tmp_path):
    done = run(["sh", "-c", "trap 'echo saved; exit 1' INT; while :; do sleep 0.05; done"], tmp_path, within_s=0.3)

    assert done.stdout == "saved\n"


def test_what_a_program_leaves_in_its_group_ends_with_it(tmp_path):
    run(["sh", "-c", "sleep 60 & echo $! > pid"], tmp_path)

    pid = read_pid(tmp_path / "pid")
    wait_until(lambda: not is_running(pid), because="the program's helper has ended")


def test_a_program_ends_when_the_kit_is_killed(tmp_path):
    code = (
        "import os, pathlib; from checker.process import run_program; "
        "run_program(['sh', '-c', 'echo $$ > pid; exec sleep 60'], cwd=pathlib.Path('.'), env=os.environ, within_s=60)"
    )
    kit = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path)
    pid = read_pid(tmp_path / "pid")

    kit.kill()
    kit.wait()

    wait_until(lambda: not is_running(pid), because="the program of the killed kit has ended")


def test_a_program_ends_when_its_supervisor_is_killed(tmp_path):
    code = (
        "import os, pathlib; from checker.process import run_program; "
        "run_program(['sh', '-c', 'echo $PPID > supervisor; echo $$ > pid; exec sleep 60'], "
        "cwd=pathlib.Path('.'), env=os.environ, within_s=60)"
    )
    kit = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path)
    pid = read_pid(tmp_path / "pid")

    os.kill(read_pid(tmp_path / "supervisor"), signal.SIGKILL)

    assert kit.wait(10) == 0
    wait_until(lambda: not is_running(pid), because="the program of the killed supervisor has ended")


def test_a_scratch_folder_goes_however_deep_it_is(tmp_path):
    run = SimpleNamespace(scratch=str(tmp_path))
    deep = "import os\nfor _ in range(3000):\n    os.mkdir('d'); os.chdir('d')"

    with scratch_folder("x-", run) as folder:
        subprocess.run([sys.executable, "-c", deep], cwd=folder, check=True)

    assert list(tmp_path.iterdir()) == []
