"""Large collections inside moto 5.2.5's backends (items, objects, messages ...): kept row by row, not with the backend.

An owner is the object that holds such a collection. When its backend is pickled the owner gets an id and is pickled
without the collection; each member is a row of its own in the space of that id, written when a hook marks it.
"""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from labcloud.motobase import hooks

ID = "lab_state_id"
"""The attribute of an owner that holds its id; copies of an owner share it, so a restored copy goes on with the rows."""


@dataclass(frozen=True)
class Kind:
    """How one class of owners keeps its members."""

    empty: Mapping[str, Callable[[Any], Any]]
    """Attribute → its value without members, made for the owner."""
    keys: Callable[[Any], Iterable[Hashable]]
    """The keys of all members."""
    read: Callable[[Any, Any], Any]
    """The member of a key as it is now; None: there is none."""
    fill: Callable[[Any, list[Any]], None]
    """Puts members back, in the order of the texts of their keys."""
    text: Callable[[Any], str] = str
    """A key as text; the texts of an owner's keys differ."""
    dump: Callable[[Any], bytes] | None = None
    """A member as bytes that are no pickle, where that is cheaper. Raises ValueError: it must be pickled."""
    load: Callable[[Any, bytes], Any] | None = None
    """The opposite, for the owner of the member."""


Mark = Callable[[Any, Kind, Hashable], None]

KINDS: dict[type, Kind] = {}
"""By the exact class of an owner."""


class Marks:
    """Where hooks say what has changed; nobody listens until a state is kept."""

    listener: Mark | None = None

    def __call__(self, owner: Any, *keys: Hashable) -> None:
        """Members have changed, come or gone. An owner that no pickle has met yet is written whole with its backend."""
        if self.listener is not None and ID in owner.__dict__:
            kind = KINDS[type(owner)]
            for key in keys:
                self.listener(owner, kind, key)


changed = Marks()


def space_of(owner: Any) -> str:
    """The space of the owner's rows."""
    return f"part/{owner.__dict__[ID]}"


def adopt(owner: Any) -> bool:
    """Gives an owner its id; False: it has one."""
    if ID in owner.__dict__:
        return False
    owner.__dict__[ID] = uuid.uuid4().hex
    return True


def without_members(owner: Any) -> dict[str, Any]:
    """The owner's attributes without those that hold members."""
    empty = KINDS[type(owner)].empty
    return {name: value for name, value in owner.__dict__.items() if name not in empty}


def refill(owner: Any, attributes: dict[str, Any]) -> None:
    """The opposite: attributes as `without_members` gave them, and empty collections."""
    owner.__dict__.update(attributes)
    owner.__dict__.update({name: make(owner) for name, make in KINDS[type(owner)].empty.items()})


def around(owner: type, name: str, function: Callable[..., Any]) -> None:
    """Puts `function(call, self, ...)` around a method as it stands, moto's or a hook's."""
    inner = hooks.current(owner, name)

    @functools.wraps(inner)
    def call(*arguments: Any, **named: Any) -> Any:
        return function(inner, *arguments, **named)

    hooks.replace(owner, name, call)
