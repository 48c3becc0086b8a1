"""Functions built from source texts, a running executor, and the log lines that it wrote."""

from __future__ import annotations

import hashlib
import io
import itertools
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from textwrap import dedent

import pytest

from labcloud.awslambda import Credentials, FunctionConfig, LambdaRuntime
from labcloud.clock import LabClock

ENDPOINT = "http://127.0.0.1:4566"
_numbers = itertools.count(1)


def zip_of(files: Mapping[str, str | bytes]) -> bytes:
    """A package of these files; texts may be indented."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, dedent(content) if isinstance(content, str) else content)
    return buffer.getvalue()


def function_of(
    source: str | Mapping[str, str | bytes],
    *,
    handler: str = "app.handler",
    runtime: str = "python3.11",
    timeout_s: int = 5,
    memory_mb: int = 256,
    environment: Mapping[str, str] | None = None,
    layers: tuple[bytes, ...] = (),
    name: str = "",
    reserved_concurrency: int | None = None,
) -> FunctionConfig:
    """A function of its own name unless one is given; a text is its app.py."""
    code = zip_of({"app.py": source} if isinstance(source, str) else source)
    name = name or f"function-{next(_numbers)}"
    return FunctionConfig(
        name=name,
        arn=f"arn:aws:lambda:eu-central-1:123456789012:function:{name}",
        version="$LATEST",
        handler=handler,
        runtime=runtime,
        timeout_s=timeout_s,
        memory_mb=memory_mb,
        environment=environment or {},
        code_sha256=hashlib.sha256(code).hexdigest(),
        code_zip=code,
        role_credentials=lambda: Credentials("ASIALAB", "secret", "token"),
        layers=layers,
        region="eu-central-1",
        reserved_concurrency=reserved_concurrency,
    )


@dataclass
class Log:
    """What the sink received, by function name."""

    events: list[tuple[str, str, int, str]] = field(default_factory=list)

    def sink(self, config: FunctionConfig, stream: str, lines: list[tuple[int, str]]) -> None:
        self.events += [(config.name, stream, stamp, line) for stamp, line in lines]

    def of(self, config: FunctionConfig) -> list[str]:
        return [line for name, _, _, line in self.events if name == config.name]

    def own_lines(self, config: FunctionConfig) -> list[str]:
        """The function's lines without Lambda's."""
        words = ("INIT_START", "START", "END", "REPORT", "NOTE")
        return [line for line in self.of(config) if not line.startswith(words)]


@pytest.fixture(scope="session")
def log() -> Log:
    return Log()


@pytest.fixture(scope="session")
def runtime(log: Log) -> Iterator[LambdaRuntime]:
    """An executor on real time; what it needs no AWS for works without one."""
    running = LambdaRuntime(LabClock(), ENDPOINT, log.sink)
    yield running
    running.close()


@pytest.fixture
def executor() -> Iterator[Callable[..., LambdaRuntime]]:
    """Makes executors with their own settings and closes them."""
    made: list[LambdaRuntime] = []

    def make(clock: object = None, **settings: object) -> LambdaRuntime:
        made.append(LambdaRuntime(clock or LabClock(), ENDPOINT, lambda *_: None, **settings))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.close()
