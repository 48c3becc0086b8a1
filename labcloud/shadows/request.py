"""Checks a shadow update before it is applied. Source: AWS IoT Core Developer Guide, "Device Shadow error messages"."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

LARGEST_DOCUMENT = 8 * 1024
DEEPEST = 8
"""Levels in the desired or reported section (quotas page). The documented error text says 6; its words are kept."""
SECTIONS = ("desired", "reported")


class ShadowError(Exception):
    """A refused request: HTTP status and AWS's text."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class UpdateRequest:
    """A valid update: the sections that it names (None removes a section), the expected version, the token."""

    sections: dict[str, dict[str, Any] | None]
    version: int | None
    client_token: str | None


def parse_update(payload: bytes) -> UpdateRequest:
    """Reads an update's payload. Raises ShadowError."""
    document = parse_object(payload)
    token = token_of(document)
    state = document.get("state")
    if "state" not in document:
        raise ShadowError(400, "Missing required node: state")
    if not isinstance(state, dict):
        raise ShadowError(400, "State node must be an object")
    for name, section in state.items():
        if name not in SECTIONS:
            raise ShadowError(400, f"State contains an invalid node: '{name}'")
        if section is not None and not isinstance(section, dict):
            raise ShadowError(400, f"{name.capitalize()} node must be an object")
        if section is not None and _depth(section) > DEEPEST:
            raise ShadowError(400, "JSON contains too many levels of nesting; maximum is 6")
        if _has_null_in_array(section):
            raise ShadowError(400, "State contains an invalid node: null in an array")
    version = document.get("version")
    if version is not None and (isinstance(version, bool) or not isinstance(version, int) or version < 0):
        raise ShadowError(400, "Invalid version")
    return UpdateRequest(dict(state), version, token)


def parse_object(payload: bytes) -> dict[str, Any]:
    """The payload as a JSON object; an empty one is an empty object (get and delete)."""
    check_size(payload)
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        raise ShadowError(415, "Unsupported documented encoding; supported encoding is UTF-8") from None
    if not text.strip():
        return {}
    try:
        document = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ShadowError(400, "Invalid JSON") from None
    if not isinstance(document, dict):
        raise ShadowError(400, "Invalid JSON")
    return document


def check_size(document: bytes) -> None:
    """A request, and the state that it leaves, have 8 KB at most. Raises ShadowError."""
    if len(document) > LARGEST_DOCUMENT:
        raise ShadowError(413, "The payload exceeds the maximum size allowed")


def check_names(thing: str, shadow: str | None) -> None:
    """The names that a topic or a path may hold. Raises ShadowError."""
    if not re.fullmatch(r"[A-Za-z0-9:_-]{1,128}", thing):
        raise ShadowError(400, f"Invalid thing name: {thing!r} is not 1 to 128 of A-Z a-z 0-9 : _ -")
    if shadow is not None and not re.fullmatch(r"[A-Za-z0-9:_-]{1,64}", shadow):
        raise ShadowError(400, f"Invalid shadow name: {shadow!r} is not 1 to 64 of A-Z a-z 0-9 : _ -")


def token_of(document: dict[str, Any]) -> str | None:
    """The clientToken of a request. Raises ShadowError if it is none."""
    token = document.get("clientToken")
    if token is not None and (not isinstance(token, str) or len(token.encode()) > 64):
        raise ShadowError(400, "Invalid clientToken")
    return token


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


def _has_null_in_array(value: Any) -> bool:
    """Shadows take arrays as values, without null ("Array values in shadow documents"; AWS names no text for it)."""
    if isinstance(value, dict):
        return any(map(_has_null_in_array, value.values()))
    return isinstance(value, list) and any(member is None or _has_null_in_array(member) for member in value)
