"""A whole cloud that is talked to over raw sockets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.running import Lab, running_lab


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with running_lab() as started:
        yield started


@pytest.fixture
def port(lab: Lab, caplog: pytest.LogCaptureFixture) -> Iterator[int]:
    """The cloud's port; afterwards an honest client is answered, and nothing has crashed inside."""
    http = lab.cloud.http
    assert http is not None
    yield http.port
    assert lab.sts.get_caller_identity()["Account"]
    crashed = [record.getMessage() for record in caplog.records if record.exc_info]
    assert crashed == []
