"""A running cloud for the tests of schedules, emptied before each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.running import Lab, running_lab


@pytest.fixture
def lab() -> Iterator[Lab]:
    with running_lab() as running:
        yield running
