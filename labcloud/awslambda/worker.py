"""One execution environment: a process, its Runtime API and its log stream. It serves one invocation at a time."""

from __future__ import annotations

import json
import queue
import signal
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from labcloud.awslambda import lines, outcome
from labcloud.awslambda.environment import Places, function_environment, import_path
from labcloud.awslambda.interpreters import Interpreter
from labcloud.awslambda.lines import Usage
from labcloud.awslambda.log_stream import LogSink, LogStream
from labcloud.awslambda.model import Credentials, FunctionConfig, InvokeResult
from labcloud.awslambda.outcome import Outcome
from labcloud.awslambda.output import Line, Mark, OutputSplitter
from labcloud.awslambda.package import remove_tree
from labcloud.awslambda.runtime_api import Delivery, Event, Exited, Failed, InitFailed, Ready, Responded, RuntimeApi
from labcloud.clock import LabClock, ManualClock
from labcloud.shell.process import WorkerProcess

INIT_LIMIT_S = 10.0
MARK_PATIENCE_S = 1.0
MEMORY_LOOK_S = 0.25
END_OF_OUTPUT = "end of output"
CREDENTIALS_MARGIN_S = 300.0
ASCII_ONLY_RUNTIMES = {f"python3.{minor}" for minor in range(6, 12)}


@dataclass(frozen=True)
class Invocation:
    """One event for a function; `client_context` is the caller's JSON."""

    request_id: str
    payload: bytes
    client_context: str = ""
    invoked_arn: str = ""


class Worker:
    """Starts without a function; `assign` makes it one function's environment; `invoke` runs one event in it."""

    def __init__(
        self, process: WorkerProcess, interpreter: Interpreter, clock: LabClock | ManualClock, scratch: Path
    ) -> None:
        self.interpreter = interpreter
        self.closed = False
        self.exited = False
        self.idle_since = time.monotonic()
        self._process, self._clock, self._scratch = process, clock, scratch
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._api = RuntimeApi(process.listener, self._events)
        self._stream: LogStream | None = None
        self._marks: set[str] = set()
        self._marked = threading.Condition()
        self._started_at: float | None = None
        self._peak_mb = 0
        threading.Thread(target=self._read_output, name="lambda-output", daemon=True).start()
        threading.Thread(target=self._await_exit, name="lambda-exit", daemon=True).start()

    @property
    def usable(self) -> bool:
        """It can take a next invocation, with credentials that are good for a while."""
        expires_at = self.credentials.expires_at
        fresh = expires_at is None or expires_at > time.time() + CREDENTIALS_MARGIN_S
        return fresh and not self.closed and not self.exited

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def runtime_api(self) -> str:
        return self._process.runtime_api

    @property
    def scratch(self) -> Path:
        """The one folder that the function may write: its temporary files and its empty home."""
        return self._scratch

    def assign(self, config: FunctionConfig, credentials: Credentials, places: Places, sink: LogSink) -> None:
        """Gives the process its function; from here its output belongs to the function's new log stream."""
        self.config, self.credentials = config, credentials
        now = self._clock.now()
        self._stream = LogStream(
            config, lines.log_stream_name(now, config.version, uuid.uuid4().hex), self._clock, sink
        )
        version = self.interpreter.version
        self._stream.write(lines.render_init_start(config.runtime, version, config.region))
        if not config.runtime.endswith(".".join(version.split(".")[:2])):
            self._stream.write(lines.render_other_python(config.runtime, version))
        assignment = {
            "environment": function_environment(config, credentials, places, self._stream.name),
            "task_root": places.task_root,
            "search_path": import_path(config, places),
            "memory_bytes": config.memory_mb * 1024 * 1024,
            "ascii_only": config.runtime in ASCII_ONLY_RUNTIMES,
            "shown_paths": {places.task_root: "/var/task", places.layers_root: "/opt"},
            "clock_offset_s": self._clock.offset_s(),
        }
        self._started_at = time.monotonic()
        self._process.send(json.dumps(assignment).encode() + b"\n")

    def invoke(self, invocation: Invocation) -> InvokeResult:
        """Runs one event to its end, whatever that is, and writes Lambda's own lines around it."""
        stream = self._function_stream()
        init_ms, ended = self._finish_start(invocation)
        stream.write(lines.render_start(invocation.request_id, self.config.version))
        began = time.monotonic()
        if ended is None:
            ended = self._run(invocation, began)
        duration_ms = min((time.monotonic() - began) * 1000, self.config.timeout_s * 1000.0)
        self._peak_mb = max(self._peak_mb, self._process.resident_mb())
        if not ended.worker_survives:
            self.close()
        usage = Usage(duration_ms, self.config.memory_mb, min(self._peak_mb, self.config.memory_mb), init_ms)
        if ended.note:
            stream.write(ended.note)
        report = lines.render_report(invocation.request_id, usage, status=ended.status, error_type=ended.error_type)
        stream.write(lines.render_end(invocation.request_id), report)
        self.idle_since = time.monotonic()
        return InvokeResult(
            payload=ended.payload,
            function_error=ended.function_error,
            log_tail=stream.take_tail(),
            request_id=invocation.request_id,
            duration_ms=duration_ms,
            billed_duration_ms=usage.billed_ms,
            max_memory_mb=usage.max_memory_mb,
            init_duration_ms=init_ms,
            executed_version=self.config.version,
        )

    def close(self) -> None:
        """Kills the process and everything that it started. May be called twice."""
        self.closed = True
        self._api.close()
        self._process.kill()
        remove_tree(self._scratch)

    def _finish_start(self, invocation: Invocation) -> tuple[float | None, Outcome | None]:
        """Waits for the first `next`. A start beyond 10 s eats from the function's own time, as AWS repeats it there."""
        if self._started_at is None:
            return None, None
        started, self._started_at = self._started_at, None
        event = self._next_event(started + INIT_LIMIT_S + self.config.timeout_s)
        init_ms = (time.monotonic() - started) * 1000
        self._peak_mb = self._process.resident_mb()
        if isinstance(event, Ready):
            self._await_mark("init")
            return init_ms, None
        ended = self._ended_badly(event, invocation)
        self._await_mark("init")
        self._function_stream().write(lines.render_init_report(init_ms, ended.status, ended.error_type))
        return init_ms, ended

    def _run(self, invocation: Invocation, began: float) -> Outcome:
        headers = {
            "Lambda-Runtime-Deadline-Ms": str(round((self._clock.now() + self.config.timeout_s) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.invoked_arn or self.config.invoked_arn,
            "Lambda-Runtime-Trace-Id": f"Root=1-{int(self._clock.now()):08x}-{uuid.uuid4().hex[:24]};Sampled=0",
            "Lab-Clock-Offset-S": repr(self._clock.offset_s()),
            "Lab-Time-Left-S": str(self.config.timeout_s),
        }
        if invocation.client_context:
            headers["Lambda-Runtime-Client-Context"] = invocation.client_context
        self._api.deliver(Delivery(invocation.request_id, invocation.payload, headers))
        while isinstance(event := self._next_event(began + self.config.timeout_s), Ready):
            continue
        if isinstance(event, (Responded, Failed)):
            self._await_mark(invocation.request_id)
        if isinstance(event, Responded):
            return outcome.handler_returned(event.payload)
        if isinstance(event, Failed):
            return outcome.handler_raised(event.payload)
        return self._ended_badly(event, invocation)

    def _ended_badly(self, event: Event | None, invocation: Invocation) -> Outcome:
        if isinstance(event, InitFailed):
            return outcome.init_failed(event.payload, invocation.request_id)
        if isinstance(event, Exited):
            self._await_mark(END_OF_OUTPUT)
            if event.return_code == -signal.SIGKILL:  # only the memory limit kills a function that nobody else killed
                self._peak_mb = self.config.memory_mb
            return outcome.worker_exited(event.return_code, invocation.request_id)
        note = lines.render_timeout(invocation.request_id, self._clock.now(), self.config.timeout_s)
        return outcome.timed_out(invocation.request_id, self.config.timeout_s, note)

    def _next_event(self, deadline: float) -> Event | None:
        """The next event, None at the deadline. Meanwhile the memory limit is watched where the system does not."""
        while (left := deadline - time.monotonic()) > 0:
            try:
                return self._events.get(timeout=min(left, MEMORY_LOOK_S))
            except queue.Empty:
                self._peak_mb = max(self._peak_mb, self._process.resident_mb())
                if self._peak_mb > self.config.memory_mb:
                    self._process.kill()
        return None

    def _read_output(self) -> None:
        splitter = OutputSplitter()
        while data := self._process.read():
            self._take(list(splitter.feed(data)))
        self._take([*splitter.finish(), Mark(END_OF_OUTPUT)])

    def _take(self, pieces: list[Line | Mark]) -> None:
        """Consecutive lines go to the log in one batch; a mark releases who waits for it."""
        batch: list[str] = []
        for piece in pieces:
            if isinstance(piece, Line):
                batch.append(piece.text)
                continue
            self._write_batch(batch)
            batch = []
            with self._marked:
                self._marks.add(piece.name)
                self._marked.notify_all()
        self._write_batch(batch)

    def _write_batch(self, batch: list[str]) -> None:
        if batch and self._stream is not None:
            self._stream.write(*batch)

    def _await_mark(self, name: str) -> None:
        """A function that closes its output keeps its mark back: then its lines may come after the report."""
        with self._marked:
            self._marked.wait_for(lambda: self._marks & {name, END_OF_OUTPUT}, MARK_PATIENCE_S)
            self._marks &= {END_OF_OUTPUT}

    def _await_exit(self) -> None:
        return_code = self._process.wait()
        self.exited = True
        self._events.put(Exited(return_code))

    def _function_stream(self) -> LogStream:
        if self._stream is None:
            raise RuntimeError("this worker has no function yet")
        return self._stream
