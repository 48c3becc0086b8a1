"""The local cloud's control surface: health, traces, the lab clock. An optional capability; AWS has none."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any, Protocol

from checker.errors import TargetDown


class Clock(Protocol):
    """The time that AWS lives in, and how to let it pass."""

    def now(self) -> float:
        """Seconds since 1970."""

    def advance(self, seconds: float) -> None:
        """Returns when `seconds` have passed there."""


class RealClock:
    """AWS's own time: passing means waiting."""

    def now(self) -> float:
        return time.time()

    def advance(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True)
class ControlSurface:
    """Talks to `/_lab/` of a local cloud; is its clock, too."""

    url: str
    """Without a slash at the end, for example http://127.0.0.1:4566/_lab"""
    token: str = ""
    """What a guarded cloud wants to see."""

    def health(self, within_s: float = 5.0) -> dict[str, Any]:
        return self._call("GET", "health", within_s=within_s)

    def now(self) -> float:
        return float(self._call("GET", "clock")["now"])

    def advance(self, seconds: float) -> None:
        """Moves the lab clock; timers that become due have run when this returns."""
        self._call("POST", "clock", {"advance_s": seconds}, within_s=120.0)

    def set_rate(self, rate: float) -> None:
        """How many seconds of the lab pass in one real second."""
        self._call("POST", "clock", {"rate": rate})

    def rate(self) -> float:
        return float(self._call("GET", "clock").get("rate", 1.0))

    def set_page_rows(self, rows: int | None) -> int | None:
        """How many rows a page of a Timestream answer has; returns what it was. None: the cloud's own choice.

        A cloud without this setting keeps its own pages: nothing happens.
        """
        try:
            return self._call("POST", "timestream", {"page_rows": rows}).get("page_rows_before")
        except TargetDown:
            return None

    def traces(self, topic: str | None = None, after: int | None = None) -> list[dict[str, Any]]:
        """The traces of the newest messages, oldest first; `after` is the `number` of a trace."""
        asked = {name: value for name, value in (("topic", topic), ("after", after)) if value is not None}
        found = self._call("GET", "trace?" + urllib.parse.urlencode(asked))
        return list(found["messages"])

    def trace(self, trace_id: str) -> dict[str, Any]:
        return self._call("GET", "trace/" + urllib.parse.quote(trace_id, safe=""))

    def settle(self) -> bool:
        """Returns when every action that messages and timers have caused so far is done; False: it took too long."""
        return bool(self._call("POST", "settle", {}, within_s=60.0)["settled"])

    def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None, within_s: float = 15.0
    ) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/{path}",
            data,
            {"Content-Type": "application/json", "Lab-Control-Token": self.token},
            method=method,
        )
        try:
            with _opener.open(request, timeout=within_s) as response:
                return dict(json.loads(response.read() or b"{}"))
        except urllib.error.HTTPError as error:
            raise TargetDown(f"The local cloud refused {method} {self.url}/{path}: {error.read().decode()}") from error
        except (urllib.error.URLError, OSError, ValueError) as error:
            raise TargetDown(f"The local cloud does not answer at {self.url}: {error}", next_step="lab up") from error


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
