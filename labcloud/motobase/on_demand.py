"""Hooks of services that are loaded when they are first used: importing them all would slow every start down."""

from __future__ import annotations

import importlib
import threading
from typing import Any

MODULES = {
    "athena": ("athena",),
    "awslambda": ("functions",),
    "cloudwatch": ("cloudwatch",),
    "events": ("event_rules",),
    "firehose": ("firehose",),
    "iot": ("iot",),
    "kinesis": ("kinesis",),
    "logs": ("logs", "log_retention"),
    "s3": ("s3", "event_rules"),
    "sagemaker": ("sagemaker",),
    "sns": ("sns",),
    "sqs": ("sqs",),
    "stepfunctions": ("stepfunctions",),
}
"""By moto's package names: the modules of ours whose `install()` puts the hooks in place."""

_settings: dict[str, tuple[Any, ...]] = {}
_placed: dict[str, Any] = {}
_placing = threading.RLock()
"""Who comes second waits until the hooks are in place."""


def use(module: str, *settings: Any) -> None:
    """What the hooks of a module ask and tell: its `use` gets it once the hooks are in place; again, it changes that."""
    _settings[module] = settings
    if module in _placed:
        _placed[module].use(*settings)


def install_for(moto_package: str) -> None:
    """Puts the hooks for one of moto's services in place, if there are any."""
    for name in MODULES.get(moto_package, ()):
        if name not in _placed:
            _place(name)


def _place(name: str) -> None:
    with _placing:
        module = importlib.import_module(f"labcloud.motobase.{name}")
        module.install()
        if name in _settings:
            module.use(*_settings[name])
        _placed[name] = module
