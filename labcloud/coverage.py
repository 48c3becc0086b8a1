"""What the local cloud serves, read from the code that decides it: operation by operation, for every service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from labcloud.gateway.front import Front
from labcloud.gateway.identify import SERVED
from labcloud.motobase.wire import operations_of


@dataclass(frozen=True)
class ServedService:
    """A service with the operations that it answers: by our own code or by moto; `total` counts AWS's operations."""

    name: str
    own: tuple[str, ...]
    moto: tuple[str, ...]
    total: int


def served_services(front: Front) -> Iterator[ServedService]:
    """Every service that the gateway knows, by name."""
    for service in sorted({name for names in SERVED.values() for name in names}):
        operations = operations_of(service)
        by = {operation: front.served_by(service, operation) for operation in operations}
        yield ServedService(
            service,
            tuple(name for name in operations if by[name] == "labcloud"),
            tuple(name for name in operations if by[name] == "moto"),
            len(operations),
        )


def render_text(services: list[ServedService]) -> str:
    """For a terminal: a line a service, then its operations."""
    lines = []
    for service in services:
        served = len(service.own) + len(service.moto)
        lines.append(f"{service.name}: {served} of {service.total} operations")
        for label, names in (("own ", service.own), ("moto", service.moto)):
            if names:
                lines.append(f"  {label}  {', '.join(names)}")
    total = sum(len(s.own) + len(s.moto) for s in services)
    lines.append(f"{total} operations of {len(services)} services; every other one is refused with status 501.")
    return "\n".join(lines)


def render_json(services: list[ServedService]) -> str:
    """For programs."""
    return json.dumps([{"service": s.name, "own": s.own, "moto": s.moto, "total": s.total} for s in services], indent=2)
