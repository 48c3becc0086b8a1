"""CloudWatch's metric data, each datum a row; the backend itself is the owner. Written against moto 5.2.5."""

from __future__ import annotations

from typing import Any

from moto.cloudwatch.models import CloudWatchBackend

from labcloud.motobase.state.parts import KINDS, Kind, around, changed


def install() -> None:
    """Puts the hook in place."""
    KINDS[CloudWatchBackend] = Kind(
        {"metric_data": lambda backend: []},
        lambda backend: range(len(backend.metric_data)),
        lambda backend, index: backend.metric_data[index] if index < len(backend.metric_data) else None,
        _fill,
        lambda index: f"{index:012d}",
    )
    around(CloudWatchBackend, "put_metric_data", _after_put)


def _after_put(call: Any, backend: CloudWatchBackend, *arguments: Any, **named: Any) -> None:
    before = len(backend.metric_data)
    call(backend, *arguments, **named)
    changed(backend, *range(before, len(backend.metric_data)))


def _fill(backend: CloudWatchBackend, data: list[Any]) -> None:
    backend.metric_data = data
