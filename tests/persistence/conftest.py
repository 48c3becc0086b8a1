"""A cloud with a state folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.persistence.process import CloudProcess


@pytest.fixture
def cloud(tmp_path) -> Iterator[CloudProcess]:
    process = CloudProcess(tmp_path / "state").start()
    yield process
    process.kill()
