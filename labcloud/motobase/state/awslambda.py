"""Lambda functions and layers: their packages are kept once, apart from the backend. Written against moto 5.2.5.

moto's storages cannot be pickled as they are: they hold a lambda and weak references.
"""

from __future__ import annotations

import base64
from typing import Any

from moto.awslambda.models import LambdaFunction, LayerVersion

PACKAGED = (LambdaFunction, LayerVersion)
SPECIFICATION = {LambdaFunction: "code", LayerVersion: "content"}
"""The attribute with what the request said about the package; it holds the package again, in base64."""


def install() -> None:
    """Nothing to hook: packages only come with requests that keep the whole backend."""


def package_key(holder: Any) -> str:
    """Names the package: equal names, equal bytes."""
    return str(getattr(holder, "code_sha_256", "") or "empty")


def without_package(holder: Any) -> dict[str, Any]:
    """The attributes without the package."""
    state = holder.__getstate__() if isinstance(holder, LambdaFunction) else dict(holder.__dict__)
    state["code_bytes"] = package_key(holder)
    name = SPECIFICATION[type(holder)]
    if given := (state.get(name) or {}).get("ZipFile"):
        state[name] = {**state[name], "ZipFile": type(given)()}
    return state


def with_package(holder: Any, state: dict[str, Any], package: bytes) -> None:
    """The opposite."""
    state["code_bytes"] = package
    specification = state[SPECIFICATION[type(holder)]] or {}
    if "ZipFile" in specification:
        text = base64.b64encode(package)
        specification["ZipFile"] = text if isinstance(specification["ZipFile"], bytes) else text.decode()
    holder.__dict__.update(state)
