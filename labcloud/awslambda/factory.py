"""Makes workers: starts their processes, keeps one started ahead, and gives them their function."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from labcloud.awslambda.environment import Places
from labcloud.awslambda.errors import ServiceFailure
from labcloud.awslambda.generation import Generation
from labcloud.awslambda.interpreters import Interpreter, Interpreters
from labcloud.awslambda.log_stream import LogSink
from labcloud.awslambda.model import FunctionConfig
from labcloud.awslambda.worker import Worker
from labcloud.clock import LabClock, ManualClock
from labcloud.shell.process import Launcher, LaunchRequest

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
_log = logging.getLogger("labcloud.awslambda")


class WorkerFactory:
    """`endpoint_url` is where functions find AWS: a text, or a function for a port that is known only later."""

    def __init__(
        self,
        directory: Path,
        launcher: Launcher,
        clock: LabClock | ManualClock,
        sink: LogSink,
        endpoint_url: str | Callable[[], str],
        start_ahead: bool,
    ) -> None:
        self._directory, self._launcher, self._clock, self._sink = directory, launcher, clock, sink
        self._endpoint_url = endpoint_url
        self._start_ahead = start_ahead and launcher.starts_ahead
        self._interpreters = Interpreters(directory / "python")
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._spare: Worker | None = None
        self._spare_starts = False
        self._closed = False

    def check_runtime(self, runtime: str) -> None:
        """Raises InvalidRuntime for a runtime that cannot run here."""
        self._interpreters.for_runtime(runtime)

    def start(self, config: FunctionConfig, generation: Generation) -> Worker:
        """A worker that is importing the function's handler. Raises what is wrong with its runtime or package."""
        interpreter = self._interpreters.for_runtime(config.runtime)
        generation.unpack_once()
        credentials = config.role_credentials()
        worker = self._take_spare(interpreter) or self._launch(
            interpreter, (generation.task_root, generation.layers_root)
        )
        places = Places(
            task_root=str(generation.task_root),
            layers_root=str(generation.layers_root),
            temporary=str(worker.scratch / "tmp"),
            home=str(worker.scratch / "home"),
            packages=str(interpreter.packages),
            runtime_api=worker.runtime_api,
            endpoint_url=self._endpoint_url if isinstance(self._endpoint_url, str) else self._endpoint_url(),
        )
        worker.assign(config, credentials, places, self._sink)
        return worker

    def prepare(self) -> None:
        """Starts a worker ahead in the background, so that the next cold start waits neither for Python nor boto3."""
        with self._lock:
            if not self._start_ahead or self._closed or self._spare_starts or self._spare is not None:
                return
            self._spare_starts = True
        threading.Thread(target=self._start_spare, name="lambda-start-ahead", daemon=True).start()

    def reap(self, limit: float) -> None:
        """Ends the worker that was started ahead before `limit` (monotonic seconds) and never needed."""
        with self._lock:
            if self._spare is None or self._spare.idle_since > limit:
                return
            spare, self._spare = self._spare, None
        spare.close()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            spare, self._spare = self._spare, None
        if spare is not None:
            spare.close()
        self._launcher.close()

    def _start_spare(self) -> None:
        try:
            spare = self._launch(self._interpreters.own(), ())
        except Exception:
            _log.exception("no worker could be started ahead")
            with self._lock:
                self._spare_starts = False
            return
        with self._lock:
            self._spare_starts = False
            if not self._closed:
                self._spare = spare
                return
        spare.close()

    def _take_spare(self, interpreter: Interpreter) -> Worker | None:
        with self._lock:
            if self._spare is None or self._spare.interpreter != interpreter:
                return None
            spare, self._spare = self._spare, None
        if not spare.exited:
            return spare
        spare.close()
        return None

    def _launch(self, interpreter: Interpreter, code: tuple[Path, ...]) -> Worker:
        scratch = self._directory / f"worker-{next(self._numbers)}"
        for folder in ("tmp", "home"):
            (scratch / folder).mkdir(parents=True)
        command = (
            *(interpreter.path, "-I", "-S", "-X", "utf8", str(BOOTSTRAP)),
            *(str(interpreter.packages), str(interpreter.clock)),
        )
        readable = (BOOTSTRAP, interpreter.packages, interpreter.clock, *code)
        try:
            process = self._launcher.launch(LaunchRequest(command, readable, (scratch,)))
        except OSError as problem:
            raise ServiceFailure(f"no process could be started for the function: {problem}") from problem
        worker = Worker(process, interpreter, self._clock, scratch)
        worker.idle_since = time.monotonic()
        return worker
