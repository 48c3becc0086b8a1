"""`python -m labcloud`: one local cloud in the foreground until SIGINT, SIGTERM or the end of its parent."""

from __future__ import annotations

import argparse
import gc
import importlib
import ipaddress
import json
import logging
import os
import secrets
import signal
import sys
import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from labcloud.cloud import Cloud
    from labcloud.shell.process import Launcher

MORE = "Also: `python -m labcloud sql-cases FILE` runs IoT SQL cases, `python -m labcloud coverage [--json]` lists what is served."
YOUNG_OBJECTS = 20_000
"""So many new objects make Python look for garbage: of a stream of messages hardly anything but items stays."""
SWITCH_S = 0.001
"""Python's 5 ms make the broker wait for the rules' thread at each write to the state file: half the messages a second."""
LOOPBACK_RISK = (
    "{host} is not a loopback address: everybody who reaches this machine could use the cloud without a password and "
    "run programs through its Lambda functions. If you want that, add --expose-to-network."
)


def main() -> None:
    """Parses the arguments; starts the cloud and waits, or answers a question about it."""
    if sys.argv[1:2] == ["sql-cases"]:
        _run_sql_cases(sys.argv[2:])
    if sys.argv[1:2] == ["coverage"]:
        _print_coverage(sys.argv[2:])
    options = _parse()
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    for noisy in ("moto", "botocore", "werkzeug"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if options.die_with_stdin:
        threading.Thread(target=_watch_stdin, args=(stop,), daemon=True).start()
    _serve(options, stop)


def _run_sql_cases(arguments: list[str]) -> NoReturn:
    from labcloud.iotsql.cases import main as run_cases

    sys.exit(run_cases(arguments))


def _print_coverage(arguments: list[str]) -> NoReturn:
    from labcloud.cloud import Cloud
    from labcloud.coverage import render_json, render_text, served_services, tested_resources

    cloud = Cloud()
    services = list(served_services(cloud.front))
    cloud.abandon()
    resources = tested_resources(Path(__file__).resolve().parent.parent)
    print((render_json if "--json" in arguments else render_text)(services, resources))
    sys.exit(0)


def _serve(options: argparse.Namespace, stop: threading.Event) -> None:
    gc.disable()  # a tenth of the start would go into looking for garbage among modules
    from labcloud.motobase import lean

    lean.load_core()
    from labcloud.cloud import Cloud, Settings
    from labcloud.persistence.statefile import StateError

    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)
    gc.enable()
    sys.setswitchinterval(SWITCH_S)
    settings = Settings(options.host, options.port, options.mqtt_port, options.state_dir)
    settings = replace(settings, launcher=options.launcher, post_anywhere=options.post_anywhere)
    settings = replace(settings, one_life=options.one_life)
    settings = replace(settings, control_token=secrets.token_hex(16) if options.guard_control else "")
    try:
        cloud = Cloud(settings)
    except StateError as error:
        sys.exit(str(error))
    try:
        cloud.start()
    except StateError as error:
        cloud.abandon()
        sys.exit(str(error))
    except OSError as error:
        cloud.abandon()
        sys.exit(f"The local cloud cannot listen on {options.host}: {error}. Choose another --port or --mqtt-port.")
    description = _describe(cloud, options.state_dir, options.region)
    print(json.dumps(description), flush=True)
    stop.wait()
    if options.state_dir:
        (options.state_dir / "cloud.json").unlink(missing_ok=True)
    cloud.stop()


def _describe(cloud: Cloud, state_dir: Path | None, region: str) -> dict[str, object]:
    """Who this cloud is and where it listens; also in `cloud.json` of the state folder while it runs."""
    description = {
        **cloud.health(),
        "region": region,
        "cloud_id": _cloud_id(state_dir),
        "pid": os.getpid(),
        "control_url": f"{cloud.endpoint_url}/_lab/",
        "control_token": cloud.settings.control_token,
    }
    if state_dir:
        ca_file = state_dir / "ca" / "ca.pem"
        description["ca_file"] = str(ca_file.resolve())
        target = state_dir / "cloud.json"
        temporary = target.with_suffix(".new")
        temporary.write_text(json.dumps(description, indent=2))
        temporary.replace(target)
    return description


def _cloud_id(state_dir: Path | None) -> str:
    """Tells clouds apart: the same as long as the state is the same."""
    if state_dir is None:
        return str(uuid.uuid4())
    kept = state_dir / "cloud_id"
    if not kept.exists():
        kept.write_text(str(uuid.uuid4()))
    return kept.read_text()


def _watch_stdin(stop: threading.Event) -> None:
    while os.read(0, 4096):  # not sys.stdin: its lock would outlive this thread at the interpreter's end
        pass
    stop.set()


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m labcloud", description="AWS for IoT on this machine.", epilog=MORE)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=0, help="port of the AWS API (default: a free one)")
    parser.add_argument("--mqtt-port", type=int, default=0, help="port of MQTT over TLS (default: a free one)")
    parser.add_argument("--region", default="eu-west-1", help="region that cloud.json names as the default")
    parser.add_argument("--state-dir", type=Path, help="folder that keeps state and cloud.json (default: none)")
    parser.add_argument(
        "--one-life", action="store_true", help="keep only certificates and cloud.json in the state folder"
    )
    parser.add_argument("--die-with-stdin", action="store_true", help="end when standard input is closed")
    parser.add_argument("--launcher", type=_named, metavar="MODULE:NAME", help="what starts the processes of functions")
    parser.add_argument("--guard-control", action="store_true", help="/_lab/ wants the token that cloud.json holds")
    parser.add_argument("--post-anywhere", action="store_true", help="rules and topics may post to other hosts too")
    parser.add_argument("--expose-to-network", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--verbose", action="store_true", help="log every request")
    options = parser.parse_args()
    if not _is_loopback(options.host) and not options.expose_to_network:
        parser.error(LOOPBACK_RISK.format(host=options.host))
    if options.state_dir:
        options.state_dir.mkdir(parents=True, exist_ok=True)
    return options


def _named(text: str) -> Callable[[Path], Launcher]:
    """A launcher that an installed module offers: it gets the executor's folder."""
    module, _, name = text.partition(":")
    try:
        found: Callable[[Path], Launcher] = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"there is no launcher {text}: {error}") from error
    return found


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


if __name__ == "__main__":
    main()
