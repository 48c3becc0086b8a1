"""Starts a provider for being re-attached to, and ends it: with this process at the latest, however that ends."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from checker.process import SUPERVISOR
from checker.terraform_install import AWS_PROVIDER, this_platform

START_WITHIN_S = 20.0
ANNOUNCED = re.compile(r"TF_REATTACH_PROVIDERS='(\{.*\})'")


class NotStarted(Exception):
    """The provider did not say where it listens."""


def find_provider(terraform_folder: Path) -> Path | None:
    """The AWS provider that `terraform init` chose for a folder; None before it, or if the choice is not clear."""
    place = terraform_folder / ".terraform/providers" / AWS_PROVIDER
    versions = [version for version in place.glob("*") if version.is_dir()]
    programs = [program for v in versions for program in (v / this_platform()).glob("terraform-provider-aws*")]
    return programs[0].resolve() if len(programs) == 1 else None


@dataclass
class ProviderProcess:
    """A provider that runs. `reattach` is what it said of itself, in the form of TF_REATTACH_PROVIDERS."""

    process: subprocess.Popen[str]
    reattach: dict[str, object]

    @property
    def address(self) -> str:
        """Where it listens, as gRPC writes it."""
        address = self.reattach["Addr"]
        assert isinstance(address, dict)
        return f"unix:{address['String']}" if address["Network"] == "unix" else str(address["String"])

    @property
    def version(self) -> int:
        return int(str(self.reattach["ProtocolVersion"]))

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def end(self) -> None:
        """Ends the provider and waits until it is gone."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_provider(program: Path, folder: Path, environment: Mapping[str, str]) -> ProviderProcess:
    """Starts the provider in `folder`, where Terraform would start it, so that relative paths mean the same."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(SUPERVISOR), "2", str(program), "-debug"],
        cwd=folder, env=dict(environment), text=True, errors="replace",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    said, heard = list[str](), threading.Event()
    threading.Thread(target=_listen, args=(process, said, heard), name="provider-output", daemon=True).start()
    heard.wait(START_WITHIN_S)
    if not said:
        process.kill()
        process.wait()
        raise NotStarted(f"{program.name} did not start within {START_WITHIN_S:.0f} s")
    (reattach,) = json.loads(said[0]).values()
    return ProviderProcess(process, reattach)


def _listen(process: subprocess.Popen[str], said: list[str], heard: threading.Event) -> None:
    """Reads what the provider says to the end, so that it never waits for a reader."""
    assert process.stdout is not None
    for line in process.stdout:
        if found := ANNOUNCED.search(line):
            said.append(found[1])
            heard.set()
    heard.set()
