"""Hooks of services that are loaded when they are first used: importing them all would slow every start down."""

from __future__ import annotations

import importlib

MODULES = ("athena", "cloudwatch", "firehose", "kinesis", "s3", "sagemaker", "sns", "stepfunctions")
"""moto's package names; the module of ours has the same name and an `install()`."""


def install_for(moto_package: str) -> None:
    """Puts the hooks for one of moto's services in place, if there are any."""
    if moto_package in MODULES:
        importlib.import_module(f"labcloud.motobase.{moto_package}").install()
