"""A running cloud for all tests of this folder; each test uses names of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.running import Lab, running_lab


@pytest.fixture(scope="package")
def lab() -> Iterator[Lab]:
    with running_lab() as lab:
        yield lab
