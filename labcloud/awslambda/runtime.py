"""LambdaRuntime: what the rest of the cloud sees of the executor. Invoke, invoke asynchronously, retire, close."""

from __future__ import annotations

import base64
import binascii
import json
import tempfile
import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from labcloud.awslambda.errors import InvalidRequestContent, RequestTooLarge
from labcloud.awslambda.events import MAX_AGE_S, RETRY_DELAYS_S, EventOutcome, EventQueue
from labcloud.awslambda.factory import WorkerFactory
from labcloud.awslambda.log_stream import LogSink
from labcloud.awslambda.model import FunctionConfig, InvokeResult
from labcloud.awslambda.package import remove_tree
from labcloud.awslambda.pool import Pool
from labcloud.awslambda.worker import Invocation
from labcloud.clock import LabClock, ManualClock
from labcloud.shell.process import Launcher, LocalLauncher

MAX_SYNC_BYTES = 6_291_456
MAX_ASYNC_BYTES = 1_048_576
REAP_EVERY_S = 15.0


class LambdaRuntime:
    """Executes functions. Thread-safe. `launcher` gets the executor's private folder and returns how processes start."""

    def __init__(
        self,
        clock: LabClock | ManualClock,
        endpoint_url: str | Callable[[], str],
        log_sink: LogSink,
        *,
        launcher: Callable[[Path], Launcher] = LocalLauncher,
        max_workers: int = 16,
        idle_limit_s: float = 300.0,
        start_ahead: bool = True,
    ) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="labcloud-lambda-")).resolve()
        starter = launcher(self._directory)
        self._factory = WorkerFactory(self._directory, starter, clock, log_sink, endpoint_url, start_ahead)
        self._pool = Pool(self._factory, self._directory, max_workers=max_workers, idle_limit_s=idle_limit_s)
        self._events = EventQueue(clock, self._run, max_workers)
        self._closing = threading.Event()
        threading.Thread(target=self._reap_now_and_then, name="lambda-reaper", daemon=True).start()

    def invoke(self, config: FunctionConfig, payload: bytes, *, client_context: str | None = None) -> InvokeResult:
        """InvocationType RequestResponse: blocks until the function has ended. Raises AwsError for what never starts.

        `client_context` is the header X-Amz-Client-Context as it came: base64 of JSON.
        """
        check_payload(payload, MAX_SYNC_BYTES)
        context = decode_client_context(client_context)
        return self._run(config, Invocation(str(uuid.uuid4()), payload or b"{}", context))

    def invoke_async(
        self,
        config: FunctionConfig | Callable[[], FunctionConfig],
        payload: bytes,
        on_done: Callable[[EventOutcome], None] | None = None,
        *,
        retries: int = len(RETRY_DELAYS_S),
        max_age_s: float = MAX_AGE_S,
        wait: bool = False,
    ) -> str:
        """InvocationType Event: returns the request id at once, or after the first attempt with `wait`.

        A function as `config` is asked before each attempt, so that a retry runs the code of that moment. `on_done`
        is called once, after the last attempt. Raises AwsError for a payload that is refused.
        """
        check_payload(payload, MAX_ASYNC_BYTES)
        current = (lambda: config) if isinstance(config, FunctionConfig) else config
        return self._events.submit(current, payload, on_done, retries=retries, max_age_s=max_age_s, wait=wait)

    def wait_until_idle(self, within_s: float = 30.0) -> bool:
        """True as soon as no asynchronous attempt is queued or running, e.g. between two steps of the lab clock."""
        return self._events.wait_until_idle(within_s)

    def prepare(self) -> None:
        """Call it when a function is created: the worker started now makes the first invocation faster."""
        self._factory.prepare()

    def retire(self, function_arn: str) -> None:
        """Ends the workers of a function that was deleted or changed."""
        self._pool.retire(function_arn)

    def close(self) -> None:
        """Ends every worker and removes all unpacked code."""
        self._closing.set()
        self._events.close()
        self._pool.close()
        remove_tree(self._directory)

    def _run(self, config: FunctionConfig, invocation: Invocation) -> InvokeResult:
        self._factory.check_runtime(config.runtime)
        with self._pool.worker(config) as worker:
            result = worker.invoke(replace(invocation, invoked_arn=config.invoked_arn))
        if result.init_duration_ms is not None:
            self._factory.prepare()
        return result

    def _reap_now_and_then(self) -> None:
        while not self._closing.wait(REAP_EVERY_S):
            self._pool.reap()


def check_payload(payload: bytes, limit: int) -> None:
    """Raises RequestTooLarge or InvalidRequestContent; an empty payload is an empty object."""
    if len(payload) > limit:
        raise RequestTooLarge(
            f"{len(payload)} byte payload is too large for the InvokeFunction operation (limit {limit} bytes)"
        )
    try:
        json.loads(payload or b"{}")
    except (ValueError, RecursionError) as problem:
        message = f"Could not parse request body into json: Could not parse payload into json: {problem}"
        raise InvalidRequestContent(message) from problem


def decode_client_context(client_context: str | None) -> str:
    """The JSON on one line, as it travels in a header to the worker."""
    if not client_context:
        return ""
    try:
        return json.dumps(json.loads(base64.b64decode(client_context, validate=True)))
    except (binascii.Error, ValueError) as problem:
        raise InvalidRequestContent(
            f"Client context must be a valid Base64-encoded JSON object: {problem}"
        ) from problem
