"""A folder for each run of a system, and figures for systems that cannot do something."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measurement import Figure
from benchmarks.systems import Unavailable


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True) as made:
        yield Path(made)


def unless_unavailable(what: str, system: str, unit: str, measure: Callable[[], list[Figure]]) -> list[Figure]:
    """The figures, or one that says why there are none."""
    try:
        return measure()
    except Unavailable as error:
        return [Figure(what, system, None, unit, remark=str(error))]
