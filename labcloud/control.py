"""The control surface under /_lab/, outside AWS's names: health, traces, the clock. JSON in, JSON out.

POST wants content type application/json, which a web page of another origin cannot send without asking first.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from moto.core.request import Request

from labcloud.motobase.wire import WireResponse
from labcloud.trace import Trace

PREFIX = "/_lab/"
TOKEN_HEADER = "Lab-Control-Token"


class Clock(Protocol):
    @property
    def rate(self) -> float: ...

    def now(self) -> float: ...

    def offset_s(self) -> float: ...

    def set_rate(self, rate: float) -> None: ...

    def advance(self, seconds: float) -> None: ...


class Pages(Protocol):
    """Timestream's queries: how many rows a page has at the most."""

    page_rows: int | None


class ControlError(Exception):
    """A wrong request to the control surface."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Control:
    """Answers the control surface. `health` describes the cloud; `settle` waits until queued actions are done."""

    def __init__(
        self,
        health: Callable[[], Mapping[str, Any]],
        trace: Trace,
        clock: Clock,
        settle: Callable[[], bool],
        pages: Callable[[], Pages],
        token: str = "",
    ) -> None:
        self._token = token
        self._health = health
        self._trace = trace
        self._clock = clock
        self._settle = settle
        self._pages = pages

    def answer(self, http: Request) -> WireResponse:
        """Answers one request under /_lab/, from those who show the token if there is one."""
        try:
            shown = http.headers.get(TOKEN_HEADER, "")
            if self._token and not hmac.compare_digest(shown.encode(), self._token.encode()):
                raise ControlError(403, f"this cloud's control surface wants its token in the header {TOKEN_HEADER}")
            return _json(200, self._route(http))
        except ControlError as error:
            return _json(error.status, {"error": str(error)})

    def _route(self, http: Request) -> Any:
        path = http.path.removeprefix(PREFIX).strip("/")
        if http.method == "GET":
            if path == "health":
                return self._health()
            if path == "clock":
                return self._clock_state()
            if path == "trace":
                return {"messages": self._traces(http)}
            if path.startswith("trace/"):
                return self._one_trace(path.removeprefix("trace/"))
        if http.method == "POST":
            body = _body_of(http)
            if path == "clock":
                return self._set_clock(body)
            if path == "timestream":
                return self._set_page_rows(body)
            if path == "settle":
                return {"settled": self._settle()}
        raise ControlError(404, f"{http.method} {http.path} is not part of the control surface")

    def _traces(self, http: Request) -> list[dict[str, Any]]:
        after, limit = http.args.get("after", "0"), http.args.get("limit", "100")
        if not (after.isdigit() and limit.isdigit()):
            raise ControlError(400, "after and limit are whole numbers")
        return self._trace.latest(topic=http.args.get("topic"), after=int(after), limit=int(limit))

    def _one_trace(self, trace_id: str) -> dict[str, Any]:
        found = self._trace.of(trace_id)
        if found is None:
            raise ControlError(404, f"no message with trace id {trace_id} is kept")
        return found

    def _set_page_rows(self, body: Mapping[str, Any]) -> dict[str, int | None]:
        rows = body.get("page_rows")
        if set(body) != {"page_rows"} or not (rows is None or (isinstance(rows, int) and 1 <= rows <= 1000)):
            raise ControlError(400, 'timestream takes {"page_rows": a number from 1 to 1000, or null}')
        pages = self._pages()
        before, pages.page_rows = pages.page_rows, rows
        return {"page_rows_before": before}

    def _clock_state(self) -> dict[str, float]:
        return {"now": self._clock.now(), "offset_s": self._clock.offset_s(), "rate": self._clock.rate}

    def _set_clock(self, body: Mapping[str, Any]) -> dict[str, float]:
        if not body or set(body) - {"advance_s", "rate"}:
            raise ControlError(400, 'the clock takes {"advance_s": seconds} or {"rate": factor}')
        try:
            if "rate" in body:
                self._clock.set_rate(float(body["rate"]))
            if "advance_s" in body:
                self._settle()
                self._clock.advance(float(body["advance_s"]))
        except (TypeError, ValueError) as error:
            raise ControlError(400, str(error)) from error
        except TimeoutError as error:
            raise ControlError(504, str(error)) from error
        return self._clock_state()


def _body_of(http: Request) -> Mapping[str, Any]:
    if http.mimetype != "application/json":
        raise ControlError(415, "POST wants content type application/json")
    try:
        body = json.loads(http.data or b"{}")
    except ValueError as error:
        raise ControlError(400, f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise ControlError(400, "the body is not a JSON object")
    return body


def _json(status: int, body: Any) -> WireResponse:
    return WireResponse(status, {"Content-Type": "application/json"}, json.dumps(body).encode())
