"""The lines that Lambda itself writes to a function's log; AWS Lambda developer guide, "Python function logging".

Pure. Every line ends with a line break, as the events of a real log group do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Usage:
    """What one invocation used; `init_ms` only for the first one of a worker."""

    duration_ms: float
    memory_mb: int
    max_memory_mb: int
    init_ms: float | None = None

    @property
    def billed_ms(self) -> int:
        """Rounded up; since August 2025 the initialisation is billed too."""
        return max(math.ceil(self.duration_ms + (self.init_ms or 0.0)), 1)


def render_init_start(runtime: str, python_version: str, region: str) -> str:
    family, version = runtime[: len("python")], runtime[len("python") :]
    arn = f"arn:aws:lambda:{region}::runtime:{family}{version}-on-python-{python_version}"
    return f"INIT_START Runtime Version: {family}:{version}\tRuntime Version ARN: {arn}\n"


def render_other_python(runtime: str, python_version: str) -> str:
    """Tells the learner that the named runtime is not installed here."""
    return f"NOTE {runtime} is not installed on this machine: the function runs on Python {python_version}\n"


def render_init_report(init_ms: float, status: str, error_type: str) -> str:
    line = f"INIT_REPORT Init Duration: {init_ms:.2f} ms\tPhase: init\tStatus: {status}"
    return line + (f"\tError Type: {error_type}\n" if error_type else "\n")


def render_start(request_id: str, version: str) -> str:
    return f"START RequestId: {request_id} Version: {version}\n"


def render_end(request_id: str) -> str:
    return f"END RequestId: {request_id}\n"


def render_report(request_id: str, usage: Usage, *, status: str = "", error_type: str = "") -> str:
    """`status` is empty for an invocation that the handler answered, else "timeout" or "error"."""
    fields = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {usage.duration_ms:.2f} ms",
        f"Billed Duration: {usage.billed_ms} ms",
        f"Memory Size: {usage.memory_mb} MB",
        f"Max Memory Used: {usage.max_memory_mb} MB",
    ]
    if usage.init_ms is not None:
        fields.append(f"Init Duration: {usage.init_ms:.2f} ms")
    if status:
        fields.append(f"Status: {status}")
    if error_type:
        fields.append(f"Error Type: {error_type}")
    return "\t".join(fields) + "\t\n"


def render_timeout(request_id: str, now_s: float, timeout_s: float) -> str:
    return f"{render_instant(now_s)} {request_id} Task timed out after {timeout_s:.2f} seconds\n"


def render_instant(now_s: float) -> str:
    """`now_s` as 2026-11-21T07:45:00.123Z."""
    return datetime.fromtimestamp(now_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def log_stream_name(now_s: float, version: str, unique: str) -> str:
    """A worker's log stream: 2026/11/21/[$LATEST] and 32 hexadecimal digits."""
    return f"{datetime.fromtimestamp(now_s, UTC):%Y/%m/%d}/[{version}]{unique}"
