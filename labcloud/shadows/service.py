"""Shadows over MQTT (requests on $aws topics) and HTTP (the data API), on one store. Publishes what they cause."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

from labcloud.api import ApiRequest, Operation, Scope
from labcloud.errors import AwsError
from labcloud.shadows import document
from labcloud.shadows.document import Shadow
from labcloud.shadows.request import ShadowError, check_names, parse_object, parse_update, token_of

Publish = Callable[[Scope, str, bytes], "Future[Any]"]
"""publish(scope, topic, payload): on a reserved topic, as AWS itself; done when the broker has it."""
MOST_IN_FLIGHT = 10
"""Requests of one connection that are not answered yet ("Device Shadow error messages", 429)."""

CODES = {
    400: "InvalidRequestException",
    404: "ResourceNotFoundException",
    409: "ConflictException",
    413: "RequestEntityTooLargeException",
    415: "UnsupportedDocumentEncodingException",
    429: "ThrottlingException",
}
Key = tuple[Scope, str, str | None]


class Shadows:
    """The shadows of all accounts and regions. Thread-safe; `state` is plain data for a snapshot."""

    def __init__(self, now: Callable[[], float], publish: Publish) -> None:
        self._now = now
        self._publish = publish
        self._lock = threading.Lock()
        self._in_flight: Counter[tuple[Scope, str]] = Counter()
        self.state: dict[Key, Shadow] = {}
        self.on_change: Callable[[Key], None] = lambda key: None
        """Told of each shadow that was updated or deleted, before the answer goes out."""
        self.operations: Mapping[str, Operation] = {
            "GetThingShadow": self._http_get,
            "UpdateThingShadow": self._http_update,
            "DeleteThingShadow": self._http_delete,
            "ListNamedShadowsForThing": self._http_list,
        }

    def request(
        self, scope: Scope, thing: str, shadow: str | None, operation: str, payload: bytes, sender: str | None = None
    ) -> None:
        """An MQTT request (get, update, delete), of a client if there is a `sender`: the answer is published."""
        topic = f"{_prefix(thing, shadow)}/{operation}"
        try:
            if sender and self._in_flight[scope, sender] >= MOST_IN_FLIGHT:
                raise ShadowError(429, "Too Many Requests")
            answered = self._answer(scope, thing, shadow, operation, payload)
        except ShadowError as error:
            self._send(scope, f"{topic}/rejected", self._rejection(error, payload))
            return
        if sender:
            self._in_flight[scope, sender] += 1
            answered.add_done_callback(lambda _: self._answered(scope, sender))

    def _answered(self, scope: Scope, sender: str) -> None:
        self._in_flight[scope, sender] -= 1
        if not self._in_flight[scope, sender]:
            del self._in_flight[scope, sender]

    def _answer(self, scope: Scope, thing: str, shadow: str | None, operation: str, payload: bytes) -> Future[Any]:
        """Does what is asked; the future is done when the broker has the last message that follows from it."""
        if operation == "update":
            return self._update(scope, thing, shadow, payload)[1]
        token = token_of(parse_object(payload))
        answer = (self.get if operation == "get" else self.delete)(scope, thing, shadow)
        accepted = f"{_prefix(thing, shadow)}/{operation}/accepted"
        return self._send(scope, accepted, {**answer, **({"clientToken": token} if token else {})})

    def get(self, scope: Scope, thing: str, shadow: str | None) -> dict[str, Any]:
        """The document. Raises ShadowError 404."""
        with self._lock:
            return document.get(self._existing(scope, thing, shadow), self._now())

    def update(self, scope: Scope, thing: str, shadow: str | None, payload: bytes) -> dict[str, Any]:
        """Applies an update and publishes accepted, documents and delta. Raises ShadowError."""
        return self._update(scope, thing, shadow, payload)[0]

    def _update(
        self, scope: Scope, thing: str, shadow: str | None, payload: bytes
    ) -> tuple[dict[str, Any], Future[Any]]:
        request = parse_update(payload)
        with self._lock:
            kept = self.state.setdefault((scope, thing, shadow), Shadow())
            updated = document.update(kept, request, self._now())
        self.on_change((scope, thing, shadow))
        prefix = f"{_prefix(thing, shadow)}/update"
        self._send(scope, f"{prefix}/accepted", updated.accepted)
        sent = self._send(scope, f"{prefix}/documents", updated.documents)
        if updated.delta:
            sent = self._send(scope, f"{prefix}/delta", updated.delta)
        return updated.accepted, sent

    def delete(self, scope: Scope, thing: str, shadow: str | None) -> dict[str, Any]:
        """Deletes the shadow. Raises ShadowError 404."""
        with self._lock:
            deleted = document.delete(self._existing(scope, thing, shadow), self._now())
        self.on_change((scope, thing, shadow))
        return deleted

    def names(self, scope: Scope, thing: str) -> list[str]:
        """The names of the thing's named shadows."""
        with self._lock:
            kept = [key[2] for key, shadow in self.state.items() if key[:2] == (scope, thing) and shadow.exists]
        return sorted(name for name in kept if name is not None)

    def _existing(self, scope: Scope, thing: str, shadow: str | None) -> Shadow:
        kept = self.state.get((scope, thing, shadow))
        if kept is None or not kept.exists:
            raise ShadowError(404, f"No shadow exists with name: '{thing if shadow is None else f'{thing}~{shadow}'}'")
        return kept

    def _rejection(self, error: ShadowError, payload: bytes) -> dict[str, Any]:
        rejection: dict[str, Any] = {"code": error.code, "message": error.message, "timestamp": int(self._now())}
        try:
            if token := token_of(parse_object(payload)):
                rejection["clientToken"] = token
        except ShadowError:
            pass  # a payload that cannot be read has no token to give back
        return rejection

    def _send(self, scope: Scope, topic: str, message: Mapping[str, Any]) -> Future[Any]:
        return self._publish(scope, topic, json.dumps(message, separators=(",", ":")).encode())

    # -- HTTP

    def _http_get(self, request: ApiRequest) -> dict[str, Any]:
        return self._over_http(self.get, request)

    def _http_update(self, request: ApiRequest) -> dict[str, Any]:
        payload = request.parameters.get("payload") or b""
        return self._over_http(lambda *key: self.update(*key, payload), request)

    def _http_delete(self, request: ApiRequest) -> dict[str, Any]:
        answer = self._over_http(self.delete, request)
        thing, shadow = request.parameters["thingName"], request.parameters.get("shadowName")
        self._publish(request.scope, f"{_prefix(thing, shadow)}/delete/accepted", answer["payload"])
        return answer

    def _http_list(self, request: ApiRequest) -> dict[str, Any]:
        names = self.names(request.scope, request.parameters["thingName"])
        size = int(request.parameters.get("pageSize") or 25)
        start = names.index(token) + 1 if (token := request.parameters.get("nextToken")) in names else 0
        page = names[start : start + size]
        more = {"nextToken": page[-1]} if names[start + size :] else {}
        return {"results": page, "timestamp": int(self._now()), **more}

    def _over_http(self, act: Callable[..., dict[str, Any]], request: ApiRequest) -> dict[str, Any]:
        thing, shadow = request.parameters["thingName"], request.parameters.get("shadowName")
        try:
            check_names(thing, shadow)
            answer = act(request.scope, thing, shadow)
        except ShadowError as error:
            raise AwsError(error.message, code=CODES[error.code], status=error.code) from error
        return {"payload": json.dumps(answer, separators=(",", ":")).encode()}


def _prefix(thing: str, shadow: str | None) -> str:
    classic = f"$aws/things/{thing}/shadow"
    return f"{classic}/name/{shadow}" if shadow is not None else classic
