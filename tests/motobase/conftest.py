"""The gateway with moto's backends and our hooks, without permissions, and boto3 clients for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.core.base_backend import BackendDict

from labcloud.api import ApiRequest
from labcloud.ca import CertificateAuthority
from labcloud.errors import AwsError
from labcloud.gateway.front import Front
from labcloud.motobase import iam, on_demand
from labcloud.motobase.backends import MotoBackends
from labcloud.shell.http import HttpServer

REGION = "eu-central-1"
ACCOUNT = "123456789012"


def refuse_nonsense(arn: str, payload: dict[str, Any]) -> None:
    """Stands for the cloud's SQL compiler."""
    if "nonsense" in payload["sql"]:
        raise AwsError("Unexpected token nonsense", code="SqlParseException")


class Anybody:
    """Lets everybody do everything."""

    def authorise(self, request: ApiRequest) -> None:
        """Looks at nothing."""


@pytest.fixture(scope="session")
def authority() -> CertificateAuthority:
    return CertificateAuthority.in_memory()


@pytest.fixture
def changes() -> list[tuple[str, str, str]]:
    """What the cloud was told of changes, in order."""
    return []


@pytest.fixture(scope="session")
def gateway_url() -> Iterator[str]:
    front = Front(callers=iam, authoriser=Anybody(), moto=MotoBackends())
    server = HttpServer("127.0.0.1", 0, front.answer)
    server.start()
    yield f"http://127.0.0.1:{server.port}"
    server.stop()


@pytest.fixture
def cloud_url(gateway_url: str, authority: CertificateAuthority, changes: list[tuple[str, str, str]]) -> Iterator[str]:
    """The URL of an empty local cloud."""
    on_demand.use(
        "iot", authority, lambda endpoint_type: "localhost", refuse_nonsense, lambda *change: changes.append(change)
    )
    iam.install()
    yield gateway_url
    BackendDict.reset()


@pytest.fixture
def client(cloud_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Makes boto3 clients of the cloud."""
    monkeypatch.delitem(os.environ, "AWS_CA_BUNDLE", raising=False)

    def make(service: str, **named: Any) -> Any:
        settings = {
            "region_name": REGION,
            "endpoint_url": cloud_url,
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
            "config": Config(retries={"max_attempts": 0}),
        }
        return boto3.client(service, **(settings | named))

    return make
