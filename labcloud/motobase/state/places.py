"""Where moto 5.2.5's backends are, and which of them were looked at: what was not looked at cannot have changed."""

from __future__ import annotations

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


class Looks:
    """Notes every backend that anybody looks at; a thread may ask to hear of its own looks."""

    def __init__(self) -> None:
        self.places: set[Place] = set()
        self._own = threading.local()

    def install(self, before_first: Callable[[str], None]) -> None:
        """Hooks into moto; `before_first` is called with a package's name before its first backend is made."""
        stock = hooks.stock(AccountSpecificBackend, "__getitem__")
        known: dict[tuple[type, str, str], Place] = {}
        packages: set[str] = set()

        def look(self_: AccountSpecificBackend, region: str) -> BaseBackend:
            """moto's own lookup, noted."""
            place = known.get((self_.backend, self_.account_id, region))
            if place is None:
                name = "aws" if region == "global" else region
                place = Place(self_.backend.__module__, self_.backend.__name__, self_.account_id, name)
                if place.package not in packages:
                    packages.add(place.package)
                    before_first(place.package)
                known[self_.backend, self_.account_id, region] = place
            self.places.add(place)
            own = getattr(self._own, "places", None)
            if own is not None:
                own.add(place)
            backend: BaseBackend = stock(self_, region)
            return backend

        hooks.replace(AccountSpecificBackend, "__getitem__", look)

    @contextmanager
    def noted(self) -> Iterator[set[Place]]:
        """The places that this thread looks at inside the block."""
        found: set[Place] = set()
        self._own.places = found
        try:
            yield found
        finally:
            self._own.places = None


def place_of(backend: BaseBackend) -> Place:
    """Where a backend is."""
    kind = type(backend)
    return Place(kind.__module__, kind.__name__, backend.account_id, backend.region_name)


def backend_at(place: Place) -> BaseBackend:
    """The backend at a place; it is made if nobody used it yet."""
    module, name, account_id, region = place
    regions = next(_dictionary(importlib.import_module(module), name))[account_id]
    found: BaseBackend | None = dict.get(regions, region)  # not a look
    return found if found is not None else regions[region]


def _dictionary(module: Any, name: str) -> Iterator[BackendDict[Any]]:
    for held in vars(module).values():
        if isinstance(held, BackendDict) and held.backend.__name__ == name:
            yield held
