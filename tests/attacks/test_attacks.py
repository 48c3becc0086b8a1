"""Every attack of the collection is contained: it sees no secret, changes nothing, reaches nobody, leaves nothing behind."""

from __future__ import annotations

import functools
import re
from typing import Any

import pytest

from tests.attacks.conftest import Machine, attacks
from tests.support import wait_until

WAYS = ("program", "terraform", "lambda", "checks")
ALL = [(way, attack) for way in WAYS for attack in attacks(way)]
PLACEHOLDER = re.compile(r"\{(home|other|grades|kit|python|marker|host_port)\}")
pytestmark = pytest.mark.terraform


@pytest.fixture(scope="module")
def tried(machine: Machine):
    """The outcomes of a way's attacks, made once, when the first of them is asked for."""
    return functools.cache(lambda way: machine.try_all(attacks(way)))


@pytest.mark.parametrize(("way", "attack"), ALL, ids=[attack["name"] for _, attack in ALL])
def test_is_contained(machine: Machine, tried: Any, way: str, attack: dict[str, Any]):
    outcome = tried(way)[attack["name"]]

    output = outcome["output"]
    print(attack["name"], output[-3000:])
    assert machine.secret not in output
    assert [text for text in machine.fill(attack["lacks"]) if text in output] == []
    assert [text for text in machine.fill(attack["has"]) if text not in output] == [], output[-2000:]
    assert outcome["timed_out"] == attack.get("timed_out", outcome["timed_out"])


@pytest.mark.parametrize("way", WAYS)
def test_nothing_of_the_machine_was_changed_called_or_left_behind(machine: Machine, tried: Any, way: str):
    tried(way)

    assert {file: file.read_bytes() for file in machine.bait} == machine.bait
    assert sorted(machine.folder.rglob("*.tfstate")) == []
    assert machine.visitors == []
    wait_until(lambda: not machine.survivors(), within_s=5, because="every process of an attack has ended")


def test_the_collection_is_not_small():
    assert len(ALL) >= 40


def test_no_attack_is_made_of_a_name_that_was_not_filled_in(machine: Machine):
    """An attack on "{host_port}" would be contained by its own mistake."""
    filled = [(attack["name"], machine.fill(attack)) for _, attack in ALL]

    assert [name for name, attack in filled if PLACEHOLDER.search(str(attack))] == []
