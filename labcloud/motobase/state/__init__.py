"""The state of moto 5.2.5's backends as rows: what has changed since the last look, and back again at the next start."""

from __future__ import annotations

import importlib
import logging
import zlib
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol

from moto.core.base_backend import BaseBackend

from labcloud.api import ApiRequest
from labcloud.motobase import on_demand
from labcloud.motobase.state import parts, pickling
from labcloud.motobase.state.places import Looks, Place, backend_at, place_of

log = logging.getLogger("labcloud.persistence")

BACKENDS, PACKAGES, PARTS = "moto", "package", "part/"
WITH_PARTS = ("awslambda", "cloudwatch", "dynamodb", "kinesis", "logs", "s3", "sqs")
"""moto's packages with collections of their own; the module here has the same name and an `install()`."""

MEMBERS_ONLY = {
    "dynamodb": ("BatchWriteItem", "DeleteItem", "PutItem", "TransactWriteItems", "UpdateItem"),
    "sqs": ("ChangeMessageVisibility", "DeleteMessage", "ReceiveMessage", "SendMessage"),
    "logs": ("PutLogEvents",),
    "kinesis": ("PutRecord",),
    "cloudwatch": ("PutMetricData",),
}
"""Operations (by the beginnings of their names) that change nothing of the backend but members."""

IDENTITIES = ("iam", "sts")
"""moto's packages that every request looks at, to find out who calls."""
CHANGING_IDENTITIES = ("iam", "sts", "cloudformation")

Row = tuple[str, str, bytes | None]
Mark = Callable[[str, str, Callable[[], bytes | None]], None]


class Rows(Protocol):
    """What was kept."""

    def read(self, space: str) -> Iterable[tuple[str, bytes]]: ...

    def spaces(self, prefix: str) -> list[str]: ...

    def drop(self, space: str) -> None: ...

    def write(self, rows: Iterable[Row]) -> None: ...


class MotoState:
    """One a process, as moto's backends are. `mark` is told of members that change."""

    def __init__(self) -> None:
        self._looks = Looks()
        self._sums: dict[Place, int] = {}
        self._kept_packages: set[str] = set()
        self._failed: set[str] = set()
        self._again: set[BaseBackend] = set()
        self._written: set[BaseBackend] = set()
        """Those that have a row."""

    def install(self, mark: Mark) -> None:
        """Puts the hooks in place and begins to listen."""

        def marked(owner: Any, kind: parts.Kind, key: Hashable) -> None:
            mark(parts.space_of(owner), kind.text(key), lambda: _member(owner, kind, key))

        parts.changed.listener = marked
        self._looks.install(_install_for)

    def noted(self) -> AbstractContextManager[set[BaseBackend]]:
        """The backends that this thread looks at inside the block."""
        return self._looks.noted()

    def rows_after(self, request: ApiRequest, looked_at: set[BaseBackend]) -> Iterable[Row]:
        """What a request may have changed, beyond the members that were marked."""
        if request.service == "s3" and {"Bucket", "Key"} <= set(request.parameters):
            _object_touched(request, looked_at)
        if request.operation.startswith(MEMBERS_ONLY.get(request.service, ())):
            looked_at = looked_at - self._written  # to the others' members nothing in the file leads yet
        if request.service not in CHANGING_IDENTITIES:
            looked_at = {backend for backend in looked_at if place_of(backend).package not in IDENTITIES}
        return self._rows(looked_at)

    def suspects(self) -> Iterator[Row]:
        """The rows of all backends that were looked at since the last time, or the time before, and have changed.

        Who looked may have changed something only after that time's pickle was made: hence twice.
        """
        seen = self._looks.take()
        todo, self._again = seen | self._again, seen
        yield from self._rows(todo)

    def _rows(self, backends: Iterable[BaseBackend]) -> Iterator[Row]:
        for backend in backends:
            yield from self._changed(backend)

    def _changed(self, backend: BaseBackend) -> Iterator[Row]:
        place = place_of(backend)
        try:
            pickled = pickling.pickle_backend(backend)
        except Exception as error:
            if str(place) not in self._failed:
                self._failed.add(str(place))
                log.error("the state of moto's %s is not kept: %s: %s", place, type(error).__name__, error)
            return
        total = zlib.crc32(pickled.data)
        if self._sums.get(place) == total and not pickled.new_owners:
            return
        for key, package in pickled.packages.items():
            if key not in self._kept_packages:
                self._kept_packages.add(key)
                yield PACKAGES, key, package
        for owner in pickled.new_owners:
            kind, space = parts.KINDS[type(owner)], parts.space_of(owner)
            for key in list(kind.keys(owner)):
                yield space, kind.text(key), _member(owner, kind, key)
        self._sums[place] = total
        yield BACKENDS, str(place), pickled.data
        self._written.add(backend)

    def places(self, package: str) -> list[tuple[str, str]]:
        """Where one of moto's packages has a state: (account, region)."""
        return [(place.account_id, place.region) for place in self._sums if place.package == package]

    # -- the next start

    def load(self, rows: Rows) -> None:
        """Gives every backend back what it held; forgets rows that belong to nothing any more."""
        loading = pickling.Loading(dict(rows.read(PACKAGES)))
        for name, data in rows.read(BACKENDS):
            place = Place(*name.split("/"))
            _install_for(place.package)
            loading.backend(place, data)
            self._sums[place] = zlib.crc32(data)
            self._written.add(backend_at(place))
        spaces = {parts.space_of(owner): owner for owner in loading.owners}
        for space, owner in spaces.items():
            loading.members(owner, [value for _, value in rows.read(space)])
        for space in set(rows.spaces(PARTS)).difference(spaces):
            rows.drop(space)
        self._kept_packages = set(loading.used_packages)
        rows.write((PACKAGES, key, None) for key in set(loading.packages) - loading.used_packages)
        self._looks.take()


_installed: set[str] = set()


def _install_for(package: str) -> None:
    """Hooks of a package, before its first backend is made."""
    if package in _installed:
        return
    _installed.add(package)
    on_demand.install_for(package)
    if package in WITH_PARTS:
        module = importlib.import_module(f"labcloud.motobase.state.{package}")
        module.install()
        pickling.extra_reducers.update(getattr(module, "REDUCERS", {}))
        pickling.packaged.update(dict.fromkeys(getattr(module, "PACKAGED", ()), module))
    pickling.refresh()


def _member(owner: Any, kind: parts.Kind, key: Hashable) -> bytes | None:
    member = kind.read(owner, key)
    return None if member is None else pickling.dump_member(kind, member)


def _object_touched(request: ApiRequest, looked_at: set[BaseBackend]) -> None:
    """Requests about an object's tags, lock or access change it in place."""
    for backend in looked_at:
        bucket = backend.__dict__.get("buckets", {}).get(request.parameters["Bucket"])
        if place_of(backend).package == "s3" and bucket is not None:
            parts.changed(bucket, request.parameters["Key"])
