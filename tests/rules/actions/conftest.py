"""A running cloud for all tests of this folder; each test uses names of its own."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import pytest

from tests.receiver import Receiver, receiving
from tests.running import Lab, running_lab


@pytest.fixture(scope="package")
def lab() -> Iterator[Lab]:
    with running_lab() as lab:
        yield lab


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def tls_receiver(lab, tmp_path) -> Iterator[Receiver]:
    """With a certificate of the cloud's own authority."""
    certificate, key = lab.cloud.authority.issue_server_certificate(["localhost"])
    (tmp_path / "receiver.pem").write_text(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "receiver.pem")
    with receiving(context) as receiver:
        yield receiver
