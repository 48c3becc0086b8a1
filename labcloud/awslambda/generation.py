"""One generation of a function: its unpacked code, its warm workers and how many are busy."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from labcloud.awslambda.errors import InvalidParameterValue
from labcloud.awslambda.model import FunctionConfig
from labcloud.awslambda.package import (
    check_sizes,
    make_read_only,
    remove_tree,
    unpack,
    unpack_together,
    unzipped_size,
)

if TYPE_CHECKING:
    from labcloud.awslambda.worker import Worker


class Generation:
    """Everything that a change of code or configuration replaces. The pool's lock guards the counters."""

    def __init__(self, config: FunctionConfig, directory: Path) -> None:
        self.arn = config.arn
        self.key = config.generation_key
        self.idle: list[Worker] = []
        self.busy = 0
        self.retired = False
        self._config = config
        self._directory = directory
        self._unpacking = threading.Lock()
        self._unpacked = False

    @property
    def task_root(self) -> Path:
        return self._directory / "task"

    @property
    def layers_root(self) -> Path:
        return self._directory / "opt"

    def unpack_once(self) -> None:
        """Raises InvalidParameterValue for a package that AWS would have refused when it was uploaded."""
        with self._unpacking:
            if self._unpacked:
                return
            package, layers = self._config.read_code(), self._config.layers
            check_sizes(unzipped_size(package), sum(map(unzipped_size, layers)))
            try:
                unpack(package, self.task_root)
                unpack_together(layers, self.layers_root)
            except InvalidParameterValue:
                remove_tree(self._directory)
                raise
            make_read_only(self.task_root)
            make_read_only(self.layers_root)
            self._unpacked = True

    def remove_code(self) -> None:
        with self._unpacking:
            remove_tree(self._directory)
            self._unpacked = False
