"""An instructor's machine full of bait: a home, other submissions, grades, a listening service, and a desk for attackers."""

from __future__ import annotations

import ctypes
import json
import os
import platform
import socket
import subprocess
import sys
import tarfile
import threading
import tomllib
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from checker.curriculum.parts import ROOT
from checker.errors import LabError
from checker.grading.choice import choose_isolation
from checker.grading.station import Station, make_station
from checker.isolation.desk import Desk, as_nobody, desk_command
from checker.isolation.seccomp import MACHINES, NEVER
from checker.terraform_install import ensure_terraform

HERE = Path(__file__).parent
ATTACKER_SLOT = 77


def attacks(way: str) -> list[dict[str, Any]]:
    """The attacks of one way, as their files say."""
    found = []
    for file in sorted((HERE / "collection").glob("*.toml")):
        attack = {"name": file.stem, "files": {}, "lacks": [], "has": [], **tomllib.loads(file.read_text())}
        if attack["way"] == way:
            found.append(attack)
    return found


@dataclass
class Machine:
    """The instructor's machine as attacks meet it."""

    folder: Path
    station: Station
    marker: str = field(default_factory=lambda: f"attack-{uuid.uuid4().hex[:12]}")
    secret: str = field(default_factory=lambda: f"SECRET-{uuid.uuid4().hex}")
    visitors: list[str] = field(default_factory=list)
    bait: dict[Path, bytes] = field(default_factory=dict)
    host_port: int = 0

    def lay_bait(self) -> None:
        texts = {
            "home/secret.txt": self.secret,
            "submissions/bob/terraform/iot.tf": f"# {self.secret}\n",
            "grades/results/ada/0001.json": json.dumps({"secret": self.secret}),
        }
        for name, text in texts.items():
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            self.bait[file] = text.encode()

    def fill(self, value: Any) -> Any:
        """The value with the names of places that only this machine knows."""
        if isinstance(value, dict):
            return {key: self.fill(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.fill(inner) for inner in value]
        names = {
            "home": self.folder / "home", "other": self.folder / "submissions" / "bob", "grades": self.folder / "grades",
            "kit": ROOT, "python": sys.prefix, "marker": self.marker, "host_port": self.host_port,
        }  # fmt: skip
        if isinstance(value, str):
            for name, text in names.items():
                value = value.replace("{" + name + "}", str(text))
        return value

    def try_all(self, chosen: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """Runs attacks at one desk, one after the other; what each said and how it ended."""
        desk = Desk(plugins=self.station.plugins, tools=(*self.station.tools, HERE))
        archive = BytesIO()
        tarfile.open(fileobj=archive, mode="w").close()
        read, write = os.pipe()
        os.write(write, archive.getvalue())
        os.close(write)
        command = desk_command(desk, self.station.bwrap, [sys.executable, str(HERE / "bench.py"), str(read)])
        if os.geteuid() == 0:
            sources = [*desk.sources(), *(source for _, source in desk.plugins)]
            command = as_nobody(command, self.station.bwrap, ATTACKER_SLOT, sources)
        request = {
            "place": "/lab", "parts": [1], "hidden": {}, "program_s": 60, "bwrap": self.station.bwrap, "secret": self.secret,
            "tools": [str(tool) for tool in self.station.tools], "terraform_config": self.station.terraform_config(),
            "prepared": asdict(self.station.prepared) if self.station.prepared else None, "attacks": self.fill(chosen),
        }  # fmt: skip
        clean = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "LAB_TERRAFORM": str(self.station.terraform),
        }
        done = subprocess.run(
            command, input=json.dumps(request).encode(), capture_output=True, pass_fds=[read], cwd="/", timeout=280,
            env=clean | {"HOME": "/lab/home"},
        )  # fmt: skip
        os.close(read)
        tried = {
            event["name"]: event for event in map(json.loads, done.stdout.splitlines()) if event["event"] == "tried"
        }
        assert len(tried) == len(chosen), done.stderr.decode(errors="replace")[-3000:]
        return tried

    def survivors(self) -> list[str]:
        """Command lines of processes that an attack left behind."""
        found = []
        for place in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = place.read_bytes()
            except OSError:
                continue
            if self.marker.encode() in line and f"/{os.getpid()}/" not in str(place):
                found.append(line.decode(errors="replace"))
        return found


@pytest.fixture(scope="session")
def station() -> Station:
    try:
        bwrap = choose_isolation("bwrap").bwrap
    except LabError as missing:
        pytest.skip(str(missing))
    terraform = ensure_terraform()
    return make_station(bwrap, terraform, print)


@pytest.fixture(scope="session")
def machine(station: Station, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """The machine, with a service that notes whoever calls it on any address, and an abstract Unix socket."""
    found = Machine(tmp_path_factory.mktemp("instructor"), station)
    found.lay_bait()
    os.environ["INSTRUCTORS_TOKEN"] = found.secret
    put_into_keyring(found.marker, found.secret)
    tcp, unix = socket.create_server(("0.0.0.0", 0)), socket.socket(socket.AF_UNIX)
    unix.bind("\0" + found.marker)
    unix.listen()
    found.host_port = tcp.getsockname()[1]
    for listener in (tcp, unix):
        threading.Thread(target=_note_visitors, args=(listener, found.visitors), daemon=True).start()
    yield found
    del os.environ["INSTRUCTORS_TOKEN"]
    for listener in (tcp, unix):
        listener.close()


def put_into_keyring(name: str, secret: str) -> None:
    """A key in this session, as Kerberos and disk encryption keep theirs; nothing where the kernel has no keyrings."""
    if platform.machine() in MACHINES:
        number = NEVER["add_key"][MACHINES[platform.machine()][0]]
        ctypes.CDLL(None).syscall(number, b"user", name.encode(), secret.encode(), len(secret), -3)


def _note_visitors(listener: socket.socket, visitors: list[str]) -> None:
    while True:
        try:
            visitor, address = listener.accept()
        except OSError:
            return
        visitors.append(str(address))
        visitor.close()
