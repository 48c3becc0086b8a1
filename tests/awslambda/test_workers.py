"""Warm workers, generations, concurrency, the lab clock, and the end of everything with the cloud."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from labcloud.awslambda import Credentials, LambdaRuntime
from labcloud.awslambda.errors import TooManyRequests
from labcloud.clock import LabClock, ManualClock
from tests.awslambda.conftest import function_of
from tests.support import wait_until

PID = "import os\ndef handler(event, context): return os.getpid()"
BARRIER = """
    import os, pathlib, threading
    def handler(event, context):
        folder = pathlib.Path(event["folder"])
        (folder / context.aws_request_id).touch()
        while not (folder / "go").exists():
            threading.Event().wait(0.01)
        return os.getpid()
"""


def ended(pid: int) -> bool:
    """Gone, or waiting for a parent that never asks: not running either way."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def begun(folder: Path, count: int) -> Callable[[], bool]:
    return lambda: len([path for path in folder.iterdir() if path.name != "go"]) >= count


def test_a_warm_worker_is_used_again(runtime: LambdaRuntime) -> None:
    function = function_of(PID)
    first, second = runtime.invoke(function, b"{}"), runtime.invoke(function, b"{}")
    assert first.payload == second.payload
    assert (first.init_duration_ms is None, second.init_duration_ms is None) == (False, True)


def test_new_code_and_new_settings_end_the_old_workers(runtime: LambdaRuntime) -> None:
    function = function_of(PID)
    pids = [int(runtime.invoke(function, b"{}").payload)]
    changed = replace(function, environment={"LEVEL": "2"})
    pids.append(int(runtime.invoke(changed, b"{}").payload))
    newer = function_of(PID + "\n# changed", name=function.name)
    pids.append(int(runtime.invoke(newer, b"{}").payload))
    assert len(set(pids)) == 3
    assert ended(pids[0])
    assert ended(pids[1])


def test_retiring_a_function_ends_its_workers(runtime: LambdaRuntime) -> None:
    function = function_of(PID)
    pid = int(runtime.invoke(function, b"{}").payload)
    runtime.retire(function.arn)
    assert ended(pid)
    assert int(runtime.invoke(function, b"{}").payload) != pid


def test_invocations_at_the_same_time_have_a_worker_each(runtime: LambdaRuntime, tmp_path: Path) -> None:
    function, payload = function_of(BARRIER), json.dumps({"folder": str(tmp_path)}).encode()
    with ThreadPoolExecutor(3) as threads:
        running = [threads.submit(runtime.invoke, function, payload) for _ in range(3)]
        wait_until(begun(tmp_path, 3), because="three workers at once")
        (tmp_path / "go").touch()
        assert len({one.result().payload for one in running}) == 3


def test_reserved_concurrency_throttles(runtime: LambdaRuntime, tmp_path: Path) -> None:
    function = function_of(BARRIER, reserved_concurrency=1)
    payload = json.dumps({"folder": str(tmp_path)}).encode()
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(runtime.invoke, function, payload)
        wait_until(begun(tmp_path, 1))
        with pytest.raises(TooManyRequests, match="Rate Exceeded") as refused:
            runtime.invoke(function, payload)
        (tmp_path / "go").touch()
        assert running.result().function_error is None
    assert refused.value.fields["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"


def test_beyond_the_limit_an_idle_worker_of_another_function_makes_room(
    executor: Callable[..., LambdaRuntime],
) -> None:
    small = executor(max_workers=1, start_ahead=False)
    pid = int(small.invoke(function_of(PID), b"{}").payload)
    assert int(small.invoke(function_of(PID), b"{}").payload) != pid
    assert ended(pid)


def test_idle_workers_end(executor: Callable[..., LambdaRuntime]) -> None:
    forgetful = executor(idle_limit_s=0.0, start_ahead=False)
    pid = int(forgetful.invoke(function_of(PID), b"{}").payload)
    forgetful._pool.reap()
    assert ended(pid)


def test_expiring_credentials_start_a_new_worker(runtime: LambdaRuntime) -> None:
    soon = Credentials("A", "B", "C", expires_at=time.time() + 60)
    function = replace(function_of(PID), role_credentials=lambda: soon)
    assert runtime.invoke(function, b"{}").payload != runtime.invoke(function, b"{}").payload


def test_a_worker_started_ahead_serves_the_first_invocation(executor: Callable[..., LambdaRuntime]) -> None:
    ready = executor()
    ready.prepare()
    wait_until(lambda: ready._factory._spare is not None)
    spare = ready._factory._spare
    assert spare is not None
    assert int(ready.invoke(function_of(PID), b"{}").payload) == spare.pid


def test_a_guardian_that_was_killed_is_replaced(executor: Callable[..., LambdaRuntime]) -> None:
    careful = executor(start_ahead=False)
    function = function_of(PID)
    careful.invoke(function, b"{}")
    guardian = careful._factory._launcher._guardian  # type: ignore[attr-defined]
    first = guardian._process.pid
    os.kill(first, signal.SIGKILL)
    guardian._process.wait()
    careful.invoke(function_of(PID), b"{}")
    assert guardian._process.pid != first
    assert len(guardian._groups) == 2


def test_an_asynchronous_invocation_runs_the_function(executor: Callable[..., LambdaRuntime]) -> None:
    done: list[bytes | None] = []
    background = executor(start_ahead=False)
    source = "def handler(event, context): return event['n'] + 1"
    background.invoke_async(
        function_of(source), b'{"n": 1}', lambda end: done.append(end.result and end.result.payload)
    )
    assert background.wait_until_idle(10)
    assert done == [b"2"]


def test_the_functions_clock_follows_the_lab_clock(executor: Callable[..., LambdaRuntime]) -> None:
    clock = ManualClock(1_800_000_000.0)
    lab = executor(clock)
    function = function_of(
        """
        import datetime, time
        loaded = time.time()
        def handler(event, context):
            began = time.monotonic()
            now = datetime.datetime.now(datetime.timezone.utc).timestamp()
            return [loaded, time.time(), now, context.get_remaining_time_in_millis(), time.monotonic() - began]
        """
    )
    loaded, now, utc, left_ms, took_s = json.loads(lab.invoke(function, b"{}").payload)
    assert loaded == pytest.approx(1_800_000_000, abs=2)
    assert (now, utc) == (pytest.approx(1_800_000_000, abs=1), pytest.approx(now, abs=1))
    assert 4000 < left_ms <= 5000
    assert 0 <= took_s < 1
    clock.advance(3600)
    assert json.loads(lab.invoke(function, b"{}").payload)[1] == pytest.approx(1_800_003_600, abs=1)


def test_on_real_time_nothing_is_patched(executor: Callable[..., LambdaRuntime]) -> None:
    function = function_of("import sys\ndef handler(event, context): return 'time_machine' in sys.modules")
    assert executor(LabClock()).invoke(function, b"{}").payload == b"false"


def test_closing_ends_a_running_function_with_its_children(
    executor: Callable[..., LambdaRuntime], tmp_path: Path
) -> None:
    closing = executor(start_ahead=False)
    function = function_of(
        """
        import os, pathlib, subprocess, threading
        def handler(event, context):
            child = subprocess.Popen(["sleep", "60"], start_new_session=True)
            pathlib.Path(event).write_text(f"{os.getpid()} {child.pid}")
            threading.Event().wait(60)
        """,
        timeout_s=60,
    )
    noted = tmp_path / "pids"
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(closing.invoke, function, json.dumps(str(noted)).encode())
        pids = [int(pid) for pid in wait_until(lambda: noted.exists() and noted.read_text()).split()]
        closing.close()
        assert all(ended(pid) for pid in pids)
        assert running.result().function_error == "Unhandled"
    assert not closing._directory.exists()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("threading.Event().wait(60)", id="sleeping"),
        pytest.param("re.match('(a+)+$', 'a' * 60 + 'b')", id="holding Python's lock"),
    ],
)
def test_nothing_outlives_a_killed_cloud(tmp_path: Path, body: str) -> None:
    source = f"""
        import os, pathlib, re, subprocess, threading
        def handler(event, context):
            child = subprocess.Popen(["sleep", "60"])
            pathlib.Path(event).write_text(f"{{os.getpid()}} {{child.pid}} {{os.getcwd()}}")
            {body}
    """
    cloud = f"""
        import json, sys
        from labcloud.awslambda import LambdaRuntime
        from labcloud.clock import LabClock
        from tests.awslambda.conftest import function_of
        runtime = LambdaRuntime(LabClock(), "http://127.0.0.1:1", lambda *_: None)
        runtime.invoke(function_of({source!r}, timeout_s=60), json.dumps(sys.argv[1]).encode())
    """
    noted = tmp_path / "pids"
    command = [sys.executable, "-c", textwrap.dedent(cloud), str(noted)]
    parent = subprocess.Popen(command, cwd=Path(__file__).parents[2])
    try:
        words = wait_until(lambda: noted.exists() and noted.read_text().split(), within_s=10)
    finally:
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    for pid in words[:2]:
        wait_until(lambda pid=pid: ended(int(pid)), because=f"the end of process {pid}")
    wait_until(lambda: not Path(words[2]).parents[1].exists(), because="the unpacked code to be removed")
