"""The warm provider of one folder: decides for each run of Terraform whether it may attach, and falls back to plain.

It is a runner of programs (checker/process.py), so that nothing else in the kit knows of it.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]

from checker.fast.message import Unreadable
from checker.fast.process import START_WITHIN_S, NotStarted, ProviderProcess, find_provider, start_provider
from checker.fast.proxy import SchemaProxy
from checker.fast.runs import ITS_FAULT, USES_PROVIDERS, read_needs
from checker.fast.schema import trim_schema, types_in, untrimmed
from checker.process import Finished, Runner, run_program
from checker.terraform_install import AWS_PROVIDER

FAILURES_ALLOWED = 3
NOT_THE_PROVIDERS = ("TF_", "LAB_")


@dataclass
class _Warm:
    """A provider that runs and its proxy, and for what they were started."""

    made_for: tuple[Path, Mapping[str, str]]
    provider: ProviderProcess
    proxy: SchemaProxy
    schema: bytes
    types: frozenset[str]


class WarmProvider:
    """Keeps the provider of `folder` between runs. Close it at the end. `say` hears why a run is plain."""

    def __init__(self, folder: Path, say: Callable[[str], None] = lambda _: None, run: Runner = run_program) -> None:
        self._folder, self._say, self._run = folder, say, run
        self._running = threading.Lock()
        self._warm: _Warm | None = None
        self._trimmed = untrimmed(b"")
        self._sockets = Path(tempfile.mkdtemp(prefix="lab-warm-"))
        self._given_up = ""
        self._failures = 0
        self._is_starting = False

    @property
    def plain(self) -> Runner:
        """What runs the programs, Terraform too."""
        return self._run

    def __call__(
        self, command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str], within_s: float, **rest: Any
    ) -> Finished:
        """Runs a program; a Terraform of the folder that needs its provider, with the warm one."""
        if cwd != self._folder or str(command[1]) not in USES_PROVIDERS:
            return self._run(command, cwd=cwd, env=env, within_s=within_s, **rest)
        with self.attached(env) as more:
            finished = self._run(command, cwd=cwd, env={**env, **more}, within_s=within_s, **rest)
            if not more or finished.succeeded or not self._is_its_fault(finished):
                return finished
        return self._run(command, cwd=cwd, env=env, within_s=within_s, **rest)

    @contextlib.contextmanager
    def attached(self, environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
        """What a run of Terraform adds to its environment to use the warm provider; nothing: the run is plain."""
        if not self._running.acquire(timeout=START_WITHIN_S if self._is_starting else 0):
            yield self._plain("another run uses the provider")
            return
        try:
            yield self._attach(environment)
        finally:
            self._running.release()

    def start(self, environment: Mapping[str, str]) -> None:
        """Starts the provider ahead of the first run, if that can be; a run that begins meanwhile waits for it."""
        self._is_starting = True
        try:
            with self.attached(environment):
                pass
        finally:
            self._is_starting = False

    def _is_its_fault(self, finished: Finished) -> bool:
        """Must a run be repeated without the warm provider? One that failed with it is not used again."""
        warm = self._warm
        if finished.timed_out:
            self._stop()
            return False
        output = finished.stdout + finished.stderr
        if warm is not None and warm.provider.is_alive and not any(sign in output for sign in ITS_FAULT):
            return False
        self._say("the warm provider failed: once more with plain Terraform")
        self._stop()
        self._failures += 1
        if self._failures == FAILURES_ALLOWED:
            self._given_up = f"the provider failed {self._failures} times when it was kept warm"
        return True

    def close(self) -> None:
        """Ends the provider."""
        self._stop()
        shutil.rmtree(self._sockets, ignore_errors=True)

    def _plain(self, why: str) -> dict[str, str]:
        self._say(f"plain Terraform: {why}")
        return {}

    def _attach(self, environment: Mapping[str, str]) -> dict[str, str]:
        if "TF_REATTACH_PROVIDERS" in environment or "TF_LOG" in environment:
            return self._plain("TF_REATTACH_PROVIDERS or TF_LOG is set")
        needs = read_needs(self._folder)
        program = find_provider(self._folder)
        if obstacle := needs.obstacle or self._given_up or ("" if program else "terraform init comes first"):
            return self._plain(obstacle)
        assert program is not None
        try:
            warm = self._ensure_started(program, environment)
            if obstacle := needs.obstacle_with(warm.types):
                return self._plain(obstacle)
            self._trimmed = trim_schema(warm.schema, needs.words, needs.blocks())
        except (NotStarted, Unreadable, OSError, grpc.RpcError, ValueError, KeyError) as error:
            self._stop()
            self._given_up = f"the provider cannot be kept warm ({error})"
            return self._plain(self._given_up)
        own = {**warm.provider.reattach, "Addr": {"Network": "unix", "String": self._socket()}}
        return {"TF_REATTACH_PROVIDERS": json.dumps({AWS_PROVIDER: own})}

    def _ensure_started(self, program: Path, environment: Mapping[str, str]) -> _Warm:
        """The provider for this environment: the one that runs, or a new one if it ended or was made for another."""
        made_for = (program, {k: v for k, v in environment.items() if not k.startswith(NOT_THE_PROVIDERS)})
        if self._warm is not None and (self._warm.made_for != made_for or not self._warm.provider.is_alive):
            self._stop()
        if self._warm is None:
            provider = start_provider(program, self._folder, environment)
            try:
                proxy = SchemaProxy(provider.address, f"unix:{self._socket()}", provider.version, lambda: self._trimmed)
                schema = proxy.read_schema()
            except BaseException:
                provider.end()
                raise
            self._warm = _Warm(made_for, provider, proxy, schema, types_in(schema))
        return self._warm

    def _socket(self) -> str:
        return str(self._sockets / "provider")

    def _stop(self) -> None:
        warm, self._warm = self._warm, None
        if warm is not None:
            warm.proxy.close()
            warm.provider.end()
