"""How an invocation ended, as data, and the error documents that Lambda itself writes. Pure.

Error types and texts: AWS Lambda developer guide, "Troubleshoot invocation issues".
"""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass

MAX_RESPONSE_BYTES = 6_291_556


@dataclass(frozen=True)
class Outcome:
    """`error_type` is empty when the handler returned; `note` is a log line of Lambda's own, if there is one."""

    payload: bytes
    function_error: str | None = None
    error_type: str = ""
    status: str = ""
    note: str = ""
    worker_survives: bool = True


def handler_returned(payload: bytes) -> Outcome:
    """A response beyond 6 MB is an error; the limit counts 100 bytes of overhead."""
    if len(payload) <= MAX_RESPONSE_BYTES:
        return Outcome(payload)
    message = f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
    error_type = "Function.ResponseSizeTooLarge"
    note = f"[ERROR] {error_type}: {message}\n"
    return Outcome(_document(error_type, message), "Unhandled", error_type, "error", note)


def handler_raised(payload: bytes) -> Outcome:
    """The document comes from the worker, which has logged it."""
    return Outcome(payload, "Unhandled")


def init_failed(payload: bytes, request_id: str) -> Outcome:
    """The worker's document gets the request's id, which it could not know while it was starting."""
    document = json.loads(payload)
    document["requestId"] = request_id
    error_type = str(document.get("errorType", "Runtime.Unknown"))
    body = json.dumps(document, ensure_ascii=False).encode()
    return Outcome(body, "Unhandled", error_type, "error", worker_survives=False)


def worker_exited(return_code: int, request_id: str) -> Outcome:
    """`return_code` as subprocess gives it: negative for the signal that killed the process."""
    if return_code == 0:
        message = f"RequestId: {request_id} Error: Runtime exited without providing a reason"
    elif return_code < 0:
        message = f"RequestId: {request_id} Error: Runtime exited with error: signal: {_signal_text(-return_code)}"
    else:
        message = f"RequestId: {request_id} Error: Runtime exited with error: exit status {return_code}"
    note = f"{message}\nRuntime.ExitError\n"
    document = _document("Runtime.ExitError", message)
    return Outcome(document, "Unhandled", "Runtime.ExitError", "error", note, worker_survives=False)


def timed_out(request_id: str, timeout_s: float, note: str) -> Outcome:
    """The function's process has been killed."""
    message = f"RequestId: {request_id} Error: Task timed out after {timeout_s:.2f} seconds"
    document = _document("Sandbox.Timedout", message)
    return Outcome(document, "Unhandled", "", "timeout", note, worker_survives=False)


def _document(error_type: str, message: str) -> bytes:
    return json.dumps({"errorType": error_type, "errorMessage": message}, separators=(",", ":")).encode()


def _signal_text(number: int) -> str:
    texts = {signal.SIGKILL: "killed", signal.SIGSEGV: "segmentation fault", signal.SIGABRT: "aborted"}
    return texts.get(signal.Signals(number), signal.Signals(number).name.lower())
