"""A gateway with QuickSight alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from labcloud.api import ApiRequest, Served
from labcloud.gateway.front import Front
from labcloud.motobase import iam
from labcloud.motobase.backends import MotoBackends
from labcloud.quicksight import QuickSight
from labcloud.shell.http import HttpServer

REGION = "eu-central-1"
ACCOUNT = "123456789012"
START = 1_700_000_000.0


class Anybody:
    """Lets everybody do everything."""

    def authorise(self, request: ApiRequest) -> None:
        """Looks at nothing."""


class Time:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.seconds = START

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def time_of_lab() -> Time:
    return Time()


@pytest.fixture
def service(time_of_lab: Time) -> QuickSight:
    return QuickSight(time_of_lab)


@pytest.fixture
def cloud_url(service: QuickSight) -> Iterator[str]:
    ours = {service.name: Served(service.operations, rest_by_moto=False)}
    front = Front(callers=iam, authoriser=Anybody(), moto=MotoBackends(), ours=lambda name: ours.get(name, Served()))
    server = HttpServer("127.0.0.1", 0, front.answer)
    server.start()
    yield f"http://127.0.0.1:{server.port}"
    server.stop()


@pytest.fixture
def api(cloud_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A boto3 client; the account id goes into every call by itself."""
    monkeypatch.delitem(os.environ, "AWS_CA_BUNDLE", raising=False)
    client = boto3.client(
        "quicksight",
        region_name=REGION,
        endpoint_url=cloud_url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 0}),
    )
    return AccountsClient(client)


class AccountsClient:
    """Calls boto3 with this account's id."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)
        if name.endswith("tag_resource") or name.endswith("tags_for_resource"):
            return method
        return lambda **parameters: method(**({"AwsAccountId": ACCOUNT} | parameters))
