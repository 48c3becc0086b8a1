"""Starts and ends what is measured: the local cloud, ministack, moto's server, mosquitto. Each listens on 127.0.0.1."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
PEERS = ROOT / "build" / "benchmark-peers"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
REGION = "eu-west-1"
PATIENCE_S = 30.0


class Unavailable(Exception):
    """A peer that is not there; the text says why."""


@dataclass
class System:
    """A running system."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    mqtt_port: int = 0
    ca_file: Path | None = None
    started_at: float = field(default_factory=time.perf_counter)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu_s(self) -> float:
        """Processor seconds of the process and its children so far."""
        return sum(sum(one.cpu_times()[:2]) for one in self._all())

    def megabytes(self) -> float:
        """Resident memory of the process and its children."""
        return sum(one.memory_info().rss for one in self._all()) / 1e6

    def _all(self) -> list[psutil.Process]:
        process = psutil.Process(self.process.pid)
        return [process, *process.children(recursive=True)]


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def labcloud(folder: Path, *, state: bool = True, name: str = "labcloud") -> Iterator[System]:
    """The local cloud as `lab up` starts it, with its state kept."""
    port, mqtt_port = free_port(), free_port()
    command = [sys.executable, "-m", "labcloud", "--port", str(port), "--mqtt-port", str(mqtt_port)]
    if state:
        command += ["--state-dir", str(folder / "state")]
    system = System(name, _spawn(command, folder), port, mqtt_port, folder / "state" / "ca" / "ca.pem")
    with _ending(system):
        _await(system, lambda: _answers(f"{system.url}/_lab/health"))
        yield system


@contextmanager
def ministack(folder: Path) -> Iterator[System]:
    """ministack in its own virtual environment, IoT with mTLS and policies. Raises Unavailable."""
    python = peers()
    port, mqtt_port = free_port(), free_port()
    settings = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_PORT": str(mqtt_port),
        "MINISTACK_REGION": REGION,
        "LOG_LEVEL": "WARNING",
        "SFTP_ENABLED": "0",
        "TMPDIR": str(folder),
    }
    command = [str(python), "-m", "ministack"]
    system = System("ministack", _spawn(command, folder, settings), port, mqtt_port)
    with _ending(system):
        _await(system, lambda: _answers(f"{system.url}/_ministack/health"))
        yield system


@contextmanager
def moto_server(folder: Path) -> Iterator[System]:
    """moto's own server, from the kit's environment."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    system = System("moto server", _spawn(command, folder), port)
    with _ending(system):
        _await(system, lambda: _answers(f"{system.url}/moto-api/"))
        yield system


@contextmanager
def mosquitto(folder: Path, *, tls: tuple[Path, Path, Path] | None = None) -> Iterator[System]:
    """Debian's broker; `tls` (CA, certificate, key) makes it ask for client certificates. Raises Unavailable."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        raise Unavailable("mosquitto is not installed")
    port = free_port()
    lines = [f"listener {port} 127.0.0.1", "allow_anonymous true", "set_tcp_nodelay true"]
    lines += ["max_inflight_messages 100", "max_queued_messages 0"]
    if tls:
        ca, certificate, key = tls
        lines += [f"cafile {ca}", f"certfile {certificate}", f"keyfile {key}", "require_certificate true"]
    lines += [f"user {os.environ.get('USER', 'root')}"]
    (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
    process = _spawn([program, "-c", str(folder / "mosquitto.conf")], folder)
    system = System("mosquitto, mTLS" if tls else "mosquitto", process, port, port, tls[0] if tls else None)
    with _ending(system):
        _await(system, lambda: _listens(port))
        yield system


def peers() -> Path:
    """The Python of the peers' virtual environment, made at first use. Raises Unavailable."""
    python, done = PEERS / "bin" / "python", PEERS / "requirements.txt"
    if done.exists() and done.read_text() == REQUIREMENTS.read_text():
        return python
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(PEERS)], check=True, capture_output=True)
        install = [str(python), "-m", "pip", "install", "-q", "-r", str(REQUIREMENTS)]
        subprocess.run(install, check=True, capture_output=True)
    except subprocess.CalledProcessError as error:
        raise Unavailable(f"the peers could not be installed: {error.stderr.decode()[-300:]}") from error
    done.write_text(REQUIREMENTS.read_text())
    return python


def _spawn(command: list[str], folder: Path, settings: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env={**environment, **(settings or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


@contextmanager
def _ending(system: System) -> Iterator[None]:
    try:
        yield
    finally:
        system.process.terminate()
        try:
            system.process.wait(10)
        except subprocess.TimeoutExpired:
            system.process.kill()
            system.process.wait()


def _await(system: System, ready: Callable[[], bool]) -> None:
    deadline = time.perf_counter() + PATIENCE_S
    while not ready():
        if system.process.poll() is not None or time.perf_counter() > deadline:
            raise Unavailable(f"{system.name} did not start")
        time.sleep(0.005)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            response.read()
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def run_json(command: list[str], **settings: str) -> dict[str, float]:
    """Runs a program that prints one JSON object. Raises Unavailable with what it said when it fails."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    done = subprocess.run(command, cwd=ROOT, env={**environment, **settings}, capture_output=True, timeout=120)
    if done.returncode:
        raise Unavailable(done.stderr.decode()[-400:].strip())
    found: dict[str, float] = json.loads(done.stdout)
    return found


def load(module: str, **arguments: object) -> dict[str, float]:
    """Runs a load generator of benchmarks/load."""
    return run_json([sys.executable, "-m", f"benchmarks.load.{module}", json.dumps(arguments)])
