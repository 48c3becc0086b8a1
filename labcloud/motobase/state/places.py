"""Where moto 5.2.5's backends are, and which of them were looked at: what was not looked at cannot have changed."""

from __future__ import annotations

import functools
import importlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from moto.core.base_backend import AccountSpecificBackend, BackendDict, BaseBackend

from labcloud.motobase import hooks


class Place(NamedTuple):
    """A backend's module and class, account, and region (or partition)."""

    module: str
    name: str
    account_id: str
    region: str

    @property
    def package(self) -> str:
        """moto's name of the service."""
        return self.module.split(".")[1]

    def __str__(self) -> str:
        return "/".join(self)


class _Own(threading.local):
    seen: set[BaseBackend] | None = None


class Looks:
    """Notes every backend that anybody looks at; a thread may ask to hear of its own looks."""

    def __init__(self) -> None:
        self._seen: set[BaseBackend] = set()
        self._own = _Own()

    def install(self, before_first: Callable[[str], None]) -> None:
        """Hooks into moto; `before_first` is called with a package's name before its first backend is made."""
        stock = hooks.stock(AccountSpecificBackend, "__getitem__")
        seen, own, find = self._seen, self._own, dict.get

        def look(regions: AccountSpecificBackend, region: str) -> BaseBackend:
            """moto's own lookup, noted."""
            found: BaseBackend | None = find(regions, region)
            if found is None:
                before_first(regions.backend.__module__.split(".")[1])
                found = stock(regions, region)
            seen.add(found)
            if own.seen is not None:
                own.seen.add(found)
            return found

        hooks.replace(AccountSpecificBackend, "__getitem__", look)

    def take(self) -> set[BaseBackend]:
        """What was looked at since the last time."""
        taken = set()
        while self._seen:
            taken.add(self._seen.pop())
        return taken

    @contextmanager
    def noted(self) -> Iterator[set[BaseBackend]]:
        """The backends that this thread looks at inside the block."""
        found: set[BaseBackend] = set()
        self._own.seen = found
        try:
            yield found
        finally:
            self._own.seen = None


def place_of(backend: BaseBackend) -> Place:
    """Where a backend is."""
    kind = type(backend)
    return Place(kind.__module__, kind.__name__, backend.account_id, backend.region_name)


def backend_at(place: Place) -> BaseBackend:
    """The backend at a place; it is made if nobody used it yet."""
    module, name, account_id, region = place
    regions = _dictionary(module, name)[account_id]
    found: BaseBackend | None = dict.get(regions, region)  # not a look
    return found if found is not None else regions[region]


@functools.cache
def _dictionary(module: str, name: str) -> BackendDict[Any]:
    held = vars(importlib.import_module(module)).values()
    return next(each for each in held if isinstance(each, BackendDict) and each.backend.__name__ == name)
