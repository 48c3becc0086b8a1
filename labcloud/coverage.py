"""What the local cloud serves, read from the code that decides it, and the Terraform resources that tests build."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from labcloud.gateway.front import Front
from labcloud.gateway.identify import SERVED
from labcloud.gateway.refused import NEVER_DONE
from labcloud.gateway.unkept import UNKEPT
from labcloud.motobase.wire import operations_of

LIVES = Path("tests", "coverage", "lives")
"""Where each test of a whole Terraform life records what it proved (tests/terraform_life.py)."""


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


@dataclass(frozen=True)
class TestedResource:
    """A Terraform resource type, with the tests that apply it, plan it again without a difference and destroy it.

    `updated_by` are those of them that change it in place in between.
    """

    name: str
    tests: tuple[str, ...]
    updated_by: tuple[str, ...]


def tested_resources(root: Path) -> list[TestedResource]:
    """Every type that some test has lived through, as these tests recorded it; none where the tests are not at hand."""
    tests: dict[str, list[str]] = {}
    updated: dict[str, list[str]] = {}
    for file in sorted((root / LIVES).glob("*.json")):
        life = json.loads(file.read_text())
        for name, outcome in life["types"].items():
            tests.setdefault(name, []).append(life["test"])
            if outcome == "updated":
                updated.setdefault(name, []).append(life["test"])
    return [TestedResource(name, tuple(tests[name]), tuple(updated.get(name, ()))) for name in sorted(tests)]


def render_text(services: list[ServedService], resources: list[TestedResource]) -> str:
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
    for resource in resources:
        lines.append(f"{resource.name}: {', '.join(resource.tests)}")
        if not resource.updated_by:
            lines.append("  no test updates it in place")
    lines.append(
        f"{len(resources)} Terraform resource types are applied, planned again without a difference, updated in place "
        "(unless it says otherwise) and destroyed by these tests."
    )
    return "\n".join(lines)


def render_json(services: list[ServedService], resources: list[TestedResource]) -> str:
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
    tests = {resource.name: resource.tests for resource in resources}
    updated_by = {resource.name: resource.updated_by for resource in resources}
    return json.dumps({"services": listed, "terraform_resources": tests, "updated_in_place_by": updated_by}, indent=2)
