"""A submission's own provider, started once in a box of its own; all its runs of Terraform attach to it.

It is a runner of programs around the boxed one. The provider serves this submission only and ends with it; what is shared
between submissions is the schema, which depends on the provider's program alone. Where attaching could make a difference
(see checker/fast/needs.py), a run is plain. A script's `terraform` is the wrapper below, which decides by itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checker.fast.initial import init_is_known
from checker.fast.runs import ITS_FAULT, USES_PROVIDERS, NotPlain, read_for_init, read_needs, read_plain
from checker.grading.plugins import LOCK_FILE
from checker.isolation.desk import PLUGINS
from checker.isolation.program import BoxedRunner, Started
from checker.process import Finished
from checker.terraform_install import AWS_PROVIDER

PROGRAM = Path(__file__).parents[1] / "fast" / "boxed_provider.py"
START_WITHIN_S = 30.0
ATTACHABLE = USES_PROVIDERS | {"output"}
VARIABLE = "TF_REATTACH_PROVIDERS"
PROVIDERS_OWN = r"^(AWS_|HOME=|TF_AWS|TF_APPEND|TF_LOG|TF_REATTACH|SSL_CERT|[A-Za-z]+_(PROXY|proxy)=)"
"""The variables that a provider reads; AWS_DEFAULT_REGION counts only without AWS_REGION, which is always set here."""
FINDS_NO_PROGRAM = {"PATH": "/nonexistent", "TMPDIR": "/tmp"}
"""A provider lives on between the runs: what a profile's `credential_process` names would, too, beside all later checks."""
SPENDS_MEMORY = {"GOGC": "400", "GOMEMLIMIT": "512MiB"}
"""Go collects garbage later: a fifth less of processor time for Terraform and the provider, with a limit."""
WRAPPER = """#!/bin/sh
# Terraform for scripts: attached to the provider that this submission has already, where that makes no difference.
folder=.
command=$1
case "$1" in -chdir=*) folder=${{1#-chdir=}}; command=$2 ;; esac
files() {{ cat "$folder"/*.tf | sha256sum; }}
settings() {{ env | grep -E '{variables}' | grep -v '^AWS_DEFAULT_REGION=' | LC_ALL=C sort | sha256sum; }}
case "$command" in {commands})
  if [ -e '{attach}' ] && [ "$(cd "$folder" 2>/dev/null && pwd -P)" = '{folder}' ] \\
    && [ "$(files)" = "{files}" ] && [ "$(settings)" = "{settings}" ]; then
    {variable}=$(cat '{attach}')
    export {variable} {memory}
  fi ;;
esac
exec '{terraform}' "$@"
"""


@dataclass(frozen=True)
class Prepared:
    """What is the same for all submissions: provider and schema, and what `terraform init` would make of the starter."""

    program: str
    """Its place below PLUGINS."""
    schema: str
    packages: tuple[str, ...]
    lock: str
    settings: str
    """The starter's versions.tf."""


class ProviderOfOne:
    """Runs programs of one submission. `shared` is a folder that boxes read and only the judge writes.

    `its_own` starts the provider in a box that reads the workspace and writes `meeting` only: it runs while the judge reads.
    """

    def __init__(
        self, run: BoxedRunner, its_own: BoxedRunner, folder: Path, prepared: Prepared, shared: Path, meeting: Path
    ) -> None:
        self._run, self._its_own, self._folder, self._prepared = run, its_own, folder, prepared
        self._program, self._schema = PLUGINS / prepared.program, Path(prepared.schema)
        self._attach_file, self._tools, self._socket = shared / "attach", shared / "tools", meeting / "provider.socket"
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="provider-starter")
        """Linux ends a box when the thread that started it ends: this one stays."""
        self._started: Started | None = None
        self._started_for = self._attach_to = ""
        self._given_up = False
        self._tools.mkdir(parents=True, exist_ok=True)

    def __call__(self, command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str], **rest: Any) -> Finished:
        """Runs a program; Terraform in the submission's folder attached, if it may be."""
        is_terraform = cwd == self._folder and Path(command[0]).name == "terraform"
        if not is_terraform:
            return self._run(command, cwd=cwd, env=self._with_wrapper(env), **rest)
        if command[1] == "init" and self._init():
            return Finished(0, "", "")
        env = {**env, **SPENDS_MEMORY}
        more = (
            self._attach(Path(shutil.which(command[0], path=env.get("PATH")) or command[0]), env)
            if str(command[1]) in ATTACHABLE
            else {}
        )
        finished = self._run(command, cwd=cwd, env={**env, **more}, **rest)
        if not more or finished.succeeded or finished.timed_out or not self._is_its_fault(finished):
            return finished
        self._given_up = True
        self.close()
        return self._run(command, cwd=cwd, env=env, **rest)

    def close(self) -> None:
        """Ends the provider."""
        self._attach_file.unlink(missing_ok=True)
        started, self._started = self._started, None
        if started is not None:
            started.end()

    def _init(self) -> bool:
        """Does what `terraform init` would do, if that is known; False: it must be asked."""
        try:
            known = init_is_known(read_for_init(self._folder), self._prepared.settings)
        except NotPlain:
            known = False
        if not known or os.path.lexists(self._folder / ".terraform") or os.path.lexists(self._folder / LOCK_FILE):
            return False
        for place in self._prepared.packages:
            link = self._folder / ".terraform" / "providers" / place
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(PLUGINS / place)
        (self._folder / LOCK_FILE).write_text(self._prepared.lock)
        return True

    def _is_its_fault(self, finished: Finished) -> bool:
        alive = self._started is not None and self._started.is_alive
        return not alive or any(sign in finished.stdout + finished.stderr for sign in ITS_FAULT)

    def _attach(self, terraform: Path, env: Mapping[str, str]) -> dict[str, str]:
        if self._given_up or read_needs(self._folder).obstacle or not self._program.is_file():
            self._attach_file.unlink(missing_ok=True)
            return {}
        if self._started is None or not self._started.is_alive or self._started_for != settings_digest(env):
            self.close()
            self._start(env)
        if self._given_up:
            return {}
        with contextlib.suppress(NotPlain):
            self._write_wrapper(terraform)
        return {VARIABLE: self._attach_to}

    def _start(self, env: Mapping[str, str]) -> None:
        """Starts provider and proxy, and waits until they say where they listen."""
        said, heard = list[str](), threading.Event()

        def hear(line: str) -> None:
            said.append(line)
            heard.set()

        self._socket.unlink(missing_ok=True)
        command = [sys.executable, "-I", str(PROGRAM), str(self._program), str(self._schema), str(self._socket)]
        own = {**env, **FINDS_NO_PROGRAM}
        started = self._starter.submit(self._its_own.start, command, cwd=self._folder, env=own, on_line=hear).result()

        def attend() -> None:
            started.wait(threading.TIMEOUT_MAX / 2)
            if self._started in (None, started):
                self._attach_file.unlink(missing_ok=True)
            heard.set()

        threading.Thread(target=attend, name="provider-attendant", daemon=True).start()
        heard.wait(START_WITHIN_S)
        if not said or not started.is_alive:
            self._given_up = True
            started.end()
            return
        self._started, self._started_for = started, settings_digest(env)
        self._attach_to = json.dumps({AWS_PROVIDER: json.loads(said[0])})
        self._attach_file.write_text(self._attach_to)

    def _with_wrapper(self, env: Mapping[str, str]) -> dict[str, str]:
        return {**env, "PATH": os.pathsep.join([str(self._tools), env.get("PATH", os.defpath)])}

    def _write_wrapper(self, terraform: Path) -> None:
        files = b"".join(read_plain(file).encode() for file in sorted(self._folder.glob("*.tf")))
        text = WRAPPER.format(
            variables=PROVIDERS_OWN, variable=VARIABLE, memory=" ".join(map("=".join, SPENDS_MEMORY.items())),
            attach=self._attach_file, folder=self._folder.resolve(),
            commands="|".join(sorted(ATTACHABLE)), files=f"{hashlib.sha256(files).hexdigest()}  -",
            settings=self._started_for, terraform=terraform,
        )  # fmt: skip
        wrapper = self._tools / "terraform"
        wrapper.write_text(text)
        wrapper.chmod(0o755)


def settings_digest(env: Mapping[str, str]) -> str:
    """What the wrapper finds in `env`, as sha256sum writes it."""
    lines = (f"{name}={value}\n" for name, value in env.items() if name != "AWS_DEFAULT_REGION")
    chosen = sorted(line.encode() for line in lines if re.match(PROVIDERS_OWN, line))
    return f"{hashlib.sha256(b''.join(chosen)).hexdigest()}  -"
