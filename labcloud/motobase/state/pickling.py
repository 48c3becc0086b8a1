"""Turns one of moto 5.2.5's backends into bytes and back.

References to other backends are names; the members of large collections and Lambda's packages are rows of their own.
"""

from __future__ import annotations

import copy
import copyreg
import io
import pickle
import threading
import types
import weakref
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from moto.core.base_backend import BaseBackend

from labcloud.motobase.state import parts
from labcloud.motobase.state.places import Place, backend_at, place_of
from labcloud.persistence.pickles import UnknownKind, Unpickler, restorer

TRIES = 5


class Sample:
    """A default factory that gives copies of a sample: stands for the functions that moto uses."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self) -> Any:
        return copy.deepcopy(self.value)


class Pickled:
    """A backend as bytes, and what belongs to it."""

    def __init__(self) -> None:
        self.data = b""
        self.new_owners: list[Any] = []
        """Owners that got their id now: all their members are to be written."""
        self.packages: dict[str, bytes] = {}


def pickle_backend(backend: BaseBackend) -> Pickled:
    """Raises what pickle raises for a backend that holds something without a form as bytes."""
    for attempt in range(TRIES):
        try:
            return _pickle(backend)
        except RuntimeError:  # another thread changed a dictionary meanwhile
            if attempt == TRIES - 1:
                raise
    raise AssertionError("unreachable")


def _pickle(backend: BaseBackend) -> Pickled:
    result, buffer = Pickled(), io.BytesIO()
    pickler = pickle.Pickler(buffer, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = _table(result)
    if type(backend) in parts.KINDS:
        if parts.adopt(backend):
            result.new_owners.append(backend)
        pickler.dump(parts.without_members(backend))
    else:
        pickler.dump(backend.__dict__)
    result.data = buffer.getvalue()
    return result


def dump_member(kind: parts.Kind, member: Any) -> bytes:
    """One member of an owner's collection, in its kind's own form or as a pickle."""
    if kind.dump is not None:
        try:
            return kind.dump(member)
        except ValueError:
            pass
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = _fixed
    pickler.dump(member)
    return buffer.getvalue()


# Reducers by exact type

Reducer = Callable[[Any], Any]
extra_reducers: dict[type, Reducer] = {}
"""What the modules of single services add."""
packaged: dict[type, Any] = {}
"""Class → module with package_key, without_package and with_package."""

_fixed: dict[type, Reducer] = {}


def refresh() -> None:
    """To be called when a package of moto's is used for the first time: its classes are known then."""
    dictionaries = dict.fromkeys(_subclasses(defaultdict), _reduce_defaultdict)
    backends = dict.fromkeys(_subclasses(BaseBackend), _reduce_backend)
    _fixed.update(copyreg.dispatch_table | _GENERAL | dictionaries | backends | extra_reducers)


def _table(result: Pickled) -> dict[type, Reducer]:
    owners = {kind: lambda owner: _reduce_owner(owner, result) for kind in parts.KINDS}
    holders = {kind: lambda holder: _reduce_packaged(holder, result) for kind in packaged}
    return {**owners, **_fixed, **holders}


def _subclasses(base: type) -> set[type]:
    found = set(base.__subclasses__())
    return found.union(*map(_subclasses, found))


def _reduce_backend(backend: BaseBackend) -> Any:
    return backend_at, (place_of(backend),)


def _reduce_owner(owner: Any, result: Pickled) -> Any:
    if parts.adopt(owner):
        result.new_owners.append(owner)
    return restore_empty, (type(owner),), parts.without_members(owner), None, None, restore_owner


def _reduce_packaged(holder: Any, result: Pickled) -> Any:
    module = packaged[type(holder)]
    result.packages[module.package_key(holder)] = holder.code_bytes
    return restore_empty, (type(holder),), module.without_package(holder), None, None, restore_package


def _reduce_defaultdict(held: defaultdict[Any, Any]) -> Any:
    factory = held.default_factory
    if isinstance(factory, types.FunctionType):
        factory = Sample(factory())
    attributes = getattr(held, "__dict__", None) or None
    return restore_defaultdict, (type(held), factory), attributes, None, iter(list(held.items()))


_GENERAL: dict[type, Reducer] = {
    type(threading.Lock()): lambda lock: (new_lock, ()),
    type(threading.RLock()): lambda lock: (new_rlock, ()),
    threading.Condition: lambda condition: (new_condition, ()),
    threading.Event: lambda event: (new_event, (event.is_set(),)),
    defaultdict: _reduce_defaultdict,
    types.MethodType: lambda method: (bound_method, (method.__self__, method.__name__)),
    weakref.WeakValueDictionary: lambda held: (weakref.WeakValueDictionary, (), None, None, iter(list(held.items()))),
}


# What pickles may call


@restorer
def new_lock() -> Any:
    return threading.Lock()


@restorer
def new_rlock() -> Any:
    return threading.RLock()


@restorer
def new_condition() -> threading.Condition:
    return threading.Condition()


@restorer
def new_event(is_set: bool) -> threading.Event:
    event = threading.Event()
    if is_set:
        event.set()
    return event


@restorer
def bound_method(owner: Any, name: str) -> Any:
    """Only of moto's objects, whose methods reach no further than moto."""
    method = getattr(owner, name)
    if not isinstance(method, types.MethodType) or not type(owner).__module__.startswith("moto."):
        raise UnknownKind(f"{type(owner).__qualname__}.{name}")
    return method


@restorer
def restore_defaultdict(kind: type, factory: Any) -> Any:
    """Also for moto's subclasses, whose constructors want other things."""
    held = kind.__new__(kind)
    held.default_factory = factory
    return held


@restorer
def restore_empty(kind: type) -> Any:
    return kind.__new__(kind)


@restorer
def restore_owner(owner: Any, attributes: dict[str, Any]) -> None:
    """A copy of an owner in another service's backend (CloudFormation has such) gets no members."""
    parts.refill(owner, attributes)
    if type(owner).__module__.split(".")[1] == _loading().package:
        _loading().owners.append(owner)


@restorer
def restore_package(holder: Any, state: dict[str, Any]) -> None:
    loading, key = _loading(), state["code_bytes"]
    loading.used_packages.add(key)
    packaged[type(holder)].with_package(holder, state, loading.packages.get(key, b""))


restorer(backend_at)


class Loading:
    """What comes up while backends are read."""

    def __init__(self, packages: dict[str, bytes]) -> None:
        self.packages = packages
        self.used_packages: set[str] = set()
        self.owners: list[Any] = []
        self.package = ""

    def backend(self, place: Place, data: bytes) -> None:
        """Gives the backend at `place` the state that `pickle_backend` wrote."""
        backend = backend_at(place)
        self.package = place.package
        state = self._loads(data)
        backend.__dict__.clear()
        if type(backend) in parts.KINDS:
            parts.refill(backend, state)
            self.owners.append(backend)
        else:
            backend.__dict__.update(state)

    def members(self, owner: Any, rows: list[bytes]) -> None:
        """Puts an owner's members back."""
        kind = parts.KINDS[type(owner)]
        kind.fill(owner, [self._member(kind, owner, row) for row in rows])

    def _member(self, kind: parts.Kind, owner: Any, row: bytes) -> Any:
        own_form = kind.load is not None and not row.startswith(pickle.PROTO)
        return kind.load(owner, row) if own_form and kind.load else self._loads(row)

    def _loads(self, data: bytes) -> Any:
        _current.loading = self
        try:
            return Unpickler(io.BytesIO(data)).load()
        finally:
            _current.loading = None


_current = threading.local()


def _loading() -> Loading:
    loading: Loading = _current.loading
    return loading
