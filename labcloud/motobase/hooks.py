"""How this package reaches into moto: every change of one of moto's classes goes through `add` or `replace`.

Written against moto 5.2.5. `add` refuses when moto has the operation by now; tests/motobase/test_guard.py compares
the source of everything that `replace` covers with what it was when the hook was written.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import textwrap
from collections.abc import Callable
from types import ModuleType
from typing import Any

import moto.core.serialize
from moto.core.errors import ErrorShape
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult

from labcloud.errors import AwsError

MOTO_VERSION = "5.2.5"

_absent = object()
Owner = type | ModuleType

_stock: dict[tuple[Owner, str], Any] = {}


_placed: set[str] = set()


class MotoChanged(RuntimeError):
    """moto is not what a hook was written for."""


class Refused(ServiceException):
    """Our error in moto's hierarchy (a class of this module: moto looks an exception's module up as a service)."""

    status = 400


def first_time(module: str) -> bool:
    """True once per module: hooks are placed once a process, later calls of `install` only change settings."""
    if module in _placed:
        return False
    _placed.add(module)
    return True


def add(owner: Owner, name: str, function: Callable[..., Any]) -> None:
    """Gives one of moto's classes a method that moto lacks."""
    if (owner, name) not in _stock:
        if hasattr(owner, name):
            raise MotoChanged(f"moto has {owner.__name__}.{name} by now: remove the hook in {function.__module__}")
        _stock[owner, name] = _absent
    setattr(owner, name, _translated(function))


def replace(owner: Owner, name: str, function: Callable[..., Any]) -> None:
    """Puts a method of ours in the place of moto's; `stock` still gives moto's own."""
    if (owner, name) not in _stock:
        if not hasattr(owner, name):
            raise MotoChanged(f"moto has no {owner.__name__}.{name} any more: see the hook in {function.__module__}")
        _stock[owner, name] = getattr(owner, name)
    setattr(owner, name, _translated(function))


def stock(owner: Owner, name: str) -> Callable[..., Any]:
    """moto's own method, before any hook."""
    return _stock.get((owner, name)) or getattr(owner, name)


def current(owner: Owner, name: str) -> Callable[..., Any]:
    """The method as it stands: ours if a hook is in place, else moto's. For a hook around another hook."""
    return getattr(owner, name)


def failure(error: ServiceException) -> ActionResult:
    """An answer that is an error, for hooks above the place where moto catches errors."""
    return ActionResult(error)


def fingerprints() -> dict[str, str]:
    """For the guard test: each replaced method and the hash of moto's source for it; "absent" for an added one."""
    return {
        f"{_name_of(owner)}.{name}": _source_hash(method)
        for (owner, name), method in sorted(_stock.items(), key=lambda item: (_name_of(item[0][0]), item[0][1]))
    }


def _name_of(owner: Owner) -> str:
    return owner.__name__ if isinstance(owner, ModuleType) else f"{owner.__module__}.{owner.__qualname__}"


def _source_hash(method: Any) -> str:
    if method is _absent:
        return "absent"
    source = textwrap.dedent(inspect.getsource(inspect.unwrap(method)))
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def to_moto(error: AwsError) -> Refused:
    """Our error as moto's: moto then writes it in the service's protocol, with the status of the service's model."""
    use_error_statuses()
    exception = Refused(error.code, error.message)
    exception.status = error.status
    for name, value in error.fields.items():
        setattr(exception, name, value)
    return exception


def use_error_statuses() -> None:
    """Puts `get_error_model` in place."""
    if first_time(__name__):
        replace(moto.core.serialize, "get_error_model", get_error_model)


def get_error_model(exception: Exception, default_service_model: Any) -> ErrorShape:
    """moto answers 400 for a code that is not in the service's model (AccessDenied is in none) and warns."""
    if isinstance(exception, Refused) and all(
        exception.code not in (shape.name, shape.error_code) for shape in default_service_model.error_shapes
    ):
        error = {"code": exception.code, "httpStatusCode": exception.status, "senderFault": exception.status < 500}
        model = {"exception": True, "type": "structure", "members": {}, "error": error}
        return ErrorShape(shape_name=exception.code, shape_model=model)
    return stock(moto.core.serialize, "get_error_model")(exception, default_service_model)


def _translated(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        try:
            return function(*arguments, **named)
        except AwsError as error:
            raise to_moto(error) from error

    return call
