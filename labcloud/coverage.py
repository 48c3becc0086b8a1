"""What the local cloud serves, read from the code that decides it, and the Terraform resources that tests build."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from labcloud.gateway.front import Front
from labcloud.gateway.identify import SERVED
from labcloud.gateway.refused import NEVER_DONE
from labcloud.gateway.unkept import UNKEPT
from labcloud.motobase.wire import operations_of


@dataclass(frozen=True)
class ServedService:
    """A service with the operations that it answers: by our own code or by moto; `total` counts AWS's operations."""

    name: str
    own: tuple[str, ...]
    moto: tuple[str, ...]
    total: int
    never_done: Mapping[str, str]
    """Operations that moto would take and not carry out, with what would be missing: refused."""
    without: tuple[str, ...]
    """The same for single parameters of served operations."""


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
            NEVER_DONE.get(service, {}),
            tuple(
                f"{operation} with this {each.where}: {each.reason}"
                for operation, found in UNKEPT.get(service, {}).items()
                for each in found
            ),
        )


def tested_resources(root: Path) -> dict[str, list[str]]:
    """The Terraform resource types that a test applies, plans again without a change and destroys, and where.

    Read from the configurations that tests/ holds; empty where the tests are not at hand.
    """
    found: dict[str, set[str]] = {}
    for file in (root / "tests").glob("**/*.tf"):
        where = file.parent.relative_to(root)
        if "variants" not in where.parts:
            for resource in re.findall(r'^resource "(\w+)"', file.read_text(), flags=re.MULTILINE):
                found.setdefault(resource, set()).add(where.as_posix())
    for file in (root / "solutions").glob("*/terraform/*.tf"):
        for resource in re.findall(r'^resource "(\w+)"', file.read_text(), flags=re.MULTILINE):
            found.setdefault(resource, set()).add("tests/course/test_course.py")
    return {resource: sorted(places) for resource, places in sorted(found.items())}


def render_text(services: list[ServedService], resources: dict[str, list[str]]) -> str:
    """For a terminal: a line a service, then its operations; a line a Terraform resource type."""
    lines = []
    for service in services:
        served = len(service.own) + len(service.moto)
        lines.append(f"{service.name}: {served} of {service.total} operations")
        for label, names in (("own ", service.own), ("moto", service.moto)):
            if names:
                lines.append(f"  {label}  {', '.join(names)}")
        lines += [f"  not   {name}: {reason}" for name, reason in service.never_done.items()]
        lines += [f"  not   {text}" for text in service.without]
    total = sum(len(s.own) + len(s.moto) for s in services)
    lines.append(f"{total} operations of {len(services)} services; every other one is refused with status 501.")
    lines += [f"{resource}: {', '.join(places)}" for resource, places in resources.items()]
    lines.append(f"{len(resources)} Terraform resource types are applied, planned again and destroyed by a test.")
    return "\n".join(lines)


def render_json(services: list[ServedService], resources: dict[str, list[str]]) -> str:
    """For programs."""
    listed = [
        {
            "service": s.name,
            "own": s.own,
            "moto": s.moto,
            "total": s.total,
            "refused": {**s.never_done},
            "refused_parameters": [*s.without],
        }
        for s in services
    ]
    return json.dumps({"services": listed, "terraform_resources": resources}, indent=2)
