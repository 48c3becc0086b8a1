"""A shadow's document: merging, deltas, metadata, versions. Pure.

Source: AWS IoT Core Developer Guide, "Device Shadow service documents", "Device Shadow MQTT topics".
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from typing import Any

from labcloud.shadows.request import SECTIONS, ShadowError, UpdateRequest, check_size

VERSION_KEPT_S = 48 * 3600
"""A shadow that is made again within this time goes on with its old version."""

Tree = dict[str, Any]


@dataclass
class Shadow:
    """One shadow. `version` 0: it was never made; `deleted_at`: epoch seconds of its deletion."""

    state: dict[str, Tree] = field(default_factory=dict)
    metadata: dict[str, Tree] = field(default_factory=dict)
    version: int = 0
    timestamp: int = 0
    deleted_at: float | None = None

    @property
    def exists(self) -> bool:
        return self.version > 0 and self.deleted_at is None


@dataclass(frozen=True)
class Updated:
    """What an update publishes: the answer, the documents before and after, and the delta if there is one."""

    accepted: Tree
    documents: Tree
    delta: Tree | None


def update(shadow: Shadow, request: UpdateRequest, now_s: float) -> Updated:
    """Applies an update in place. Raises ShadowError: 409 when it expects another version, 413 when the state, without
    its metadata, becomes too large.
    """
    if request.version is not None and request.version != (shadow.version if shadow.exists else 0):
        raise ShadowError(409, "Version conflict")
    now = int(now_s)
    if not shadow.exists:
        _start_anew(shadow, now_s)
    previous = {"state": shadow.state, "metadata": shadow.metadata, "version": shadow.version}
    state, metadata = copy.deepcopy(shadow.state), copy.deepcopy(shadow.metadata)
    accepted_metadata: dict[str, Any] = {}
    for name, section in request.sections.items():
        if section is None:
            state.pop(name, None)
            metadata.pop(name, None)
        else:
            _merge(state.setdefault(name, {}), metadata.setdefault(name, {}), section, now)
            accepted_metadata[name] = _stamped(section, now)
    check_size(json.dumps(state, separators=(",", ":")).encode())
    shadow.state, shadow.metadata = state, metadata
    shadow.version += 1
    shadow.timestamp = now
    token = {"clientToken": request.client_token} if request.client_token else {}
    accepted = {"state": request.sections, "metadata": accepted_metadata, "version": shadow.version, "timestamp": now}
    current = {"state": state, "metadata": metadata, "version": shadow.version}
    documents = {"previous": previous, "current": copy.deepcopy(current), "timestamp": now}
    return Updated({**accepted, **token}, {**documents, **token}, _delta_message(shadow, now, token))


def get(shadow: Shadow, now_s: float) -> Tree:
    """The document that a get answers, with `delta` where desired and reported differ."""
    state: Tree = {name: copy.deepcopy(shadow.state[name]) for name in SECTIONS if shadow.state.get(name)}
    if delta := difference(shadow.state.get("desired", {}), shadow.state.get("reported", {})):
        state["delta"] = delta
    metadata = {name: copy.deepcopy(shadow.metadata[name]) for name in SECTIONS if shadow.metadata.get(name)}
    return {"state": state, "metadata": metadata, "version": shadow.version, "timestamp": int(now_s)}


def delete(shadow: Shadow, now_s: float) -> Tree:
    """Deletes the shadow in place; its version is remembered for VERSION_KEPT_S seconds."""
    shadow.deleted_at = now_s
    shadow.state, shadow.metadata = {}, {}
    return {"version": shadow.version, "timestamp": int(now_s)}


def difference(desired: Tree, reported: Tree) -> Tree:
    """What is desired and not so reported, by path from the root; arrays are compared and taken as a whole.

    >>> difference({"a": 1, "b": {"c": 2, "d": 3}}, {"a": 1, "b": {"c": 9, "d": 3}, "e": 5})
    {'b': {'c': 2}}
    """
    found: Tree = {}
    for key, value in desired.items():
        other = reported.get(key)
        if isinstance(value, dict) and isinstance(other, dict):
            if inner := difference(value, other):
                found[key] = inner
        elif key not in reported or value != other:
            found[key] = copy.deepcopy(value)
    return found


def _start_anew(shadow: Shadow, now_s: float) -> None:
    if shadow.deleted_at is not None and now_s - shadow.deleted_at > VERSION_KEPT_S:
        shadow.version = 0
    shadow.deleted_at = None


def _merge(state: Tree, metadata: Tree, changes: Tree, now: int) -> None:
    for key, value in changes.items():
        if value is None:
            state.pop(key, None)
            metadata.pop(key, None)
        elif isinstance(value, dict):
            if not isinstance(state.get(key), dict):
                state[key], metadata[key] = {}, {}
            _merge(state[key], metadata[key], value, now)
            if not state[key]:
                del state[key], metadata[key]
        else:
            state[key] = copy.deepcopy(value)
            metadata[key] = _stamped(value, now)


def _stamped(value: Any, now: int) -> Any:
    if isinstance(value, dict):
        return {key: _stamped(member, now) for key, member in value.items()}
    if isinstance(value, list):
        return [_stamped(member, now) for member in value]
    return {"timestamp": now}


def _delta_message(shadow: Shadow, now: int, token: Tree) -> Tree | None:
    delta = difference(shadow.state.get("desired", {}), shadow.state.get("reported", {}))
    if not delta:
        return None
    metadata = _same_paths(shadow.metadata.get("desired", {}), delta)
    return {"version": shadow.version, "timestamp": now, "state": delta, "metadata": metadata, **token}


def _same_paths(metadata: Tree, delta: Tree) -> Tree:
    return {
        key: _same_paths(metadata[key], value) if isinstance(value, dict) else copy.deepcopy(metadata[key])
        for key, value in delta.items()
    }
