"""What a stranger's modules raise is shown as Python shows it where they are imported."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from checker.isolation import puppet_player
from checker.isolation.puppets import Puppet, Strings

MODULE = """
class Own(Exception):
    pass

def look_up(readings):
    return readings[2]

def own():
    raise Own("mine", 3)

def not_plain():
    raise ValueError(object)

def decode():
    return b"\\xff".decode()
"""


@pytest.fixture
def modules(tmp_path: Path) -> Iterator[Strings]:
    """The other end runs over the modules `decision` and `broken`."""
    (tmp_path / "decision.py").write_text(MODULE)
    (tmp_path / "broken.py").write_text("def decide(:\n")
    strings = Strings(str(tmp_path / "socket"))
    player = subprocess.Popen([sys.executable, puppet_player.__file__, str(tmp_path / "socket"), str(tmp_path)])
    yield strings
    player.kill()
    player.wait()


def test_an_exception_is_made_of_what_it_was_made_of(modules: Strings) -> None:
    with pytest.raises(KeyError) as raised:
        Puppet("decision", modules).look_up({1: 20.5})
    assert repr(raised.value) == "KeyError(2)"
    with pytest.raises(UnicodeDecodeError, match="invalid start byte"):
        Puppet("decision", modules).decode()


def test_an_exception_of_the_modules_own_keeps_its_name_and_text(modules: Strings) -> None:
    with pytest.raises(Exception, match="mine") as raised:
        Puppet("decision", modules).own()
    assert type(raised.value).__name__ == "Own"


def test_what_is_no_plain_value_comes_as_its_text(modules: Strings) -> None:
    with pytest.raises(ValueError, match="<class 'object'>"):
        Puppet("decision", modules).not_plain()


def test_a_module_that_cannot_be_read_is_a_syntax_error_with_its_place(modules: Strings) -> None:
    with pytest.raises(SyntaxError) as raised:
        Puppet("broken", modules).decide  # noqa: B018
    assert (raised.value.lineno, raised.value.msg) == (1, "invalid syntax")
    assert raised.value.filename.endswith("broken.py")
