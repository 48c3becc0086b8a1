"""The cloud's side of a query's own process (inside.py): asks it, and ends it at its deadline or when somebody stops it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from labcloud.athena.errors import QueryFailed

WITHIN_S = 60.0
"""Real time that a query may take here; Athena gives it half an hour ("Service quotas", DML query timeout)."""
ROOT = Path(__file__).resolve().parents[2]
START = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from labcloud.athena.inside import main; main()"


class Apart:
    """A process for one query. Close it at the end."""

    def __init__(self, within_s: float = WITHIN_S) -> None:
        self._within_s, self._reason = within_s, ""
        self._process = subprocess.Popen(
            [sys.executable, "-c", START], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, start_new_session=True,
        )  # fmt: skip
        self._timer = threading.Timer(within_s, self._too_late)
        self._timer.daemon = True
        self._timer.start()

    def ask(self, do: str, **given: Any) -> Any:
        """The answer to a request. Raises QueryFailed, and RuntimeError for a fault of ours."""
        assert self._process.stdin is not None and self._process.stdout is not None
        answer = ""
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(json.dumps({"do": do, **given}) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        if not answer.endswith("\n"):
            raise QueryFailed(
                self._reason or "EXCEEDED_LOCAL_LIMIT: the query needs more memory or time than it may use here"
            )
        told = json.loads(answer)
        if "failed" in told:
            raise QueryFailed(told["failed"])
        if "crashed" in told:
            raise RuntimeError(told["crashed"])
        return told["value"]

    def interrupt(self) -> None:
        """Ends the query, from another thread."""
        self._end("Query was cancelled")

    def close(self) -> None:
        self._timer.cancel()
        self._end("the query is over")
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]

    def _too_late(self) -> None:
        self._end(f"EXCEEDED_TIME_LIMIT: Query exceeded the maximum run time of {self._within_s:g} s here")

    def _end(self, reason: str) -> None:
        self._reason = self._reason or reason
        self._process.kill()
