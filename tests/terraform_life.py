"""A configuration's whole life by real Terraform, and the record of what it proved: `lab cloud coverage` reads that.

Each life is applied, planned again without a difference, updated in place (variable `edition` = 2), planned again,
destroyed. What its resources did is compared with the record in tests/coverage/lives, so the record cannot be wrong;
LAB_RECORD_COVERAGE=1 writes it anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from tests.motobase.terraform import Terraform

ROOT = Path(__file__).resolve().parent.parent
LIVES = ROOT / "tests" / "coverage" / "lives"


def whole_life(
    terraform: Terraform,
    configuration: Path,
    *,
    deployed: Callable[[], None] = lambda: None,
    updated: Callable[[], None] = lambda: None,
    **variables: object,
) -> None:
    """Lives it; `deployed` and `updated` look at what is there after each apply. Fails with Terraform's words."""
    terraform.apply(**variables)
    _require_nothing("the plan after the first apply", terraform.planned_changes(**variables))
    types = terraform.resource_types()
    deployed()
    changes = terraform.planned_changes(edition=2, **variables)
    assert changes, "edition 2 changes nothing"
    _require_nothing("edition 2", [change for change in changes if not change.startswith("update ")])
    terraform.apply(edition=2, **variables)
    _require_nothing("the plan after the second apply", terraform.planned_changes(edition=2, **variables))
    updated()
    terraform.destroy()
    _require_nothing("destroy left", sorted(terraform.resource_types()))
    in_place = {change.removeprefix("update ").split(".")[0] for change in changes}
    _keep_record(configuration, {name: "updated" if name in in_place else "kept" for name in sorted(types)})


def _require_nothing(what: str, found: list[str]) -> None:
    assert not found, f"{what}: {found}"


def _keep_record(configuration: Path, types: dict[str, str]) -> None:
    """`types`: what was updated in place, and what stayed as it was."""
    test = os.environ["PYTEST_CURRENT_TEST"].removesuffix(" (call)")
    told = {"configuration": configuration.relative_to(ROOT).as_posix(), "test": test, "types": types}
    file = LIVES / f"{told['configuration'].removeprefix('tests/').replace('/', '.')}.json"
    if os.environ.get("LAB_RECORD_COVERAGE"):
        LIVES.mkdir(exist_ok=True)
        file.write_text(json.dumps(told, indent=2) + "\n")
    recorded = json.loads(file.read_text()) if file.exists() else None
    assert told == recorded, f"{file.relative_to(ROOT)} tells something else: LAB_RECORD_COVERAGE=1 writes it anew"
