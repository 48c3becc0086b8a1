"""The operations of AWS IoT's control plane that moto lacks, gathered from where they are built."""

from __future__ import annotations

from collections.abc import Mapping

from labcloud.api import Operation


class IotApi:
    """The service `iot` beside moto's."""

    name = "iot"

    def __init__(self, *parts: Mapping[str, Operation]) -> None:
        self.operations: Mapping[str, Operation] = {name: call for part in parts for name, call in part.items()}
