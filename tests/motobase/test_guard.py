"""Fails when moto is not what the hooks were written for.

`python -m tests.motobase.test_guard` writes the expectations anew: after the changed code of moto has been read.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
from pathlib import Path

from labcloud.motobase import hooks, iam, instances, on_demand, speed

EXPECTED = Path(__file__).with_name("moto_sources.json")


def install_everything() -> None:
    """Every hook there is."""
    iam.install()
    speed.install()
    instances.install()
    for module in on_demand.MODULES:
        on_demand.install_for(module)
    hooks.use_error_statuses()


def test_moto_is_the_version_that_the_hooks_were_written_for() -> None:
    assert importlib.metadata.version("moto") == hooks.MOTO_VERSION


def test_every_replaced_method_is_still_the_one_that_was_read() -> None:
    install_everything()
    expected = json.loads(EXPECTED.read_text())
    found = hooks.fingerprints()
    changed = sorted(name for name in expected if found.get(name) != expected[name])
    assert changed == [], f"moto changed these: read them, adapt the hooks, then see {__name__}"
    elsewhere = json.loads((EXPECTED.parents[1] / "persistence" / EXPECTED.name).read_text())
    assert sorted(set(found) - set(expected) - set(elsewhere)) == [], f"new hooks: see {__name__}"


def test_modules_with_hooks_on_demand_can_be_installed_twice() -> None:
    install_everything()
    before = hooks.fingerprints()
    install_everything()
    assert hooks.fingerprints() == before


def test_each_hook_module_says_which_moto_it_was_written_for() -> None:
    for name in (
        "iam",
        "iam_groups",
        "iot_certificates",
        "iot_policies",
        "iot_principals",
        "iot_rules",
        "iot_tags",
        "iot_things",
        *(name for names in on_demand.MODULES.values() for name in names),
    ):
        module = importlib.import_module(f"labcloud.motobase.{name}")
        assert f"moto {hooks.MOTO_VERSION}" in (module.__doc__ or ""), name


if __name__ == "__main__":
    install_everything()
    EXPECTED.write_text(json.dumps(hooks.fingerprints(), indent=1) + "\n")
