"""Attributes that are made when they are first read: importing and making everything would take most of a start."""

from __future__ import annotations

import importlib
import threading
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")

_making = threading.RLock()
"""One for the process: of two threads that need a neighbour of the other's, one would else wait for ever."""


class Later(Generic[T]):
    """An attribute of a class: the first read calls a function of a module, "module:function", with the instance.

    What was made stands in the instance's `__dict__`, so each further read is a plain one.
    """

    def __init__(self, maker: str) -> None:
        self._module, _, self._function = maker.partition(":")

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, owner: None, kind: type) -> Later[T]: ...

    @overload
    def __get__(self, owner: object, kind: type) -> T: ...

    def __get__(self, owner: object | None, kind: type | None = None) -> Later[T] | T:
        if owner is None:
            return self
        with _making:
            if self._name not in owner.__dict__:
                make = getattr(importlib.import_module(self._module), self._function)
                owner.__dict__[self._name] = make(owner)
            made: T = owner.__dict__[self._name]
            return made


def made(owner: object, name: str) -> Any | None:
    """What an attribute of that kind holds, if it was read before; else nothing is made, and it is None."""
    return owner.__dict__.get(name)
