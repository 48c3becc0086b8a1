"""Runs a learner's notebook where it reaches neither the course nor the gradebook nor a network, and takes its outputs out.

What comes back is a stranger's word: only texts and pictures are kept, and no score is ever made from them.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from checker.errors import LabError
from checker.exports.markup import visible
from checker.isolation.box import INSIDE as BOX_INSIDE
from checker.isolation.box import Box, box_arguments, python_folders
from checker.isolation.desk import as_nobody
from checker.isolation.program import readable_once
from checker.isolation.seccomp import box_filter
from checker.isolation.watch import memory_mb, tree_of

INSIDE = Path(__file__).with_name("inside.py")
MB = 1024 * 1024
LIMITS = {"CORE": 0, "NPROC": 256, "FSIZE": 64 * MB, "NOFILE": 512, "DATA": 2048 * MB}
TREE_MB, ANSWER_MB = 1536, 16
TEXT_AT_MOST, PICTURE_AT_MOST, OUTPUTS_AT_MOST = 20_000, 2 * MB, 50
ANSI = re.compile(r"\x1b\[[0-9;]*m")
SLOT = 900


@dataclass(frozen=True)
class Ran:
    """The outputs of each cell, and why the notebook did not run to its end, if so."""

    outputs: tuple[list[dict[str, Any]], ...]
    ended: str = ""


def run_notebook(
    notebook: Mapping[str, Any], files: Mapping[str, str], *, isolation: str, within_s: float, cell_s: int = 30
) -> Ran:
    """Runs the notebook with `files` beside it (LAB_RESULT names the first)."""
    with tempfile.TemporaryDirectory(prefix="lab-notebook-") as scratch:
        boxed = isolation != "none"
        place = "/tmp" if boxed else scratch
        request = {
            "notebook": notebook,
            "files": dict(files),
            "place": place,
            "cell_s": cell_s,
            "limits": LIMITS if boxed else {"CORE": 0},
        }
        command, data = [sys.executable, "-I", str(INSIDE)], json.dumps(request).encode()
        with readable_once(box_filter() if boxed else b"") as seccomp:
            command = boxed_command(command, seccomp) if boxed else command
            answer, ended = _run(command, data, _environment(place, files), scratch, within_s, seccomp)
    return _read(answer, len(notebook["cells"]), ended)


def boxed_command(command: Sequence[str], seccomp: int | None = None) -> list[str]:
    """The command in a box of its own: the system and this Python read-only, a scratch folder in memory, no network."""
    bwrap, place = _bubblewrap(), Path("/tmp")
    box = Box(readable=(*python_folders(), INSIDE))
    words = [*box_arguments(box, bwrap, place, seccomp), *command]
    return as_nobody(words, bwrap, SLOT, [*box.readable, BOX_INSIDE]) if os.geteuid() == 0 else words


@lru_cache(maxsize=1)
def _bubblewrap() -> str:
    """Asked once for all notebooks of a run."""
    from checker.isolation.keyring import leave_keyring
    from checker.isolation.probe import require_isolation

    leave_keyring()
    return require_isolation()


def _environment(place: str, files: Mapping[str, str]) -> dict[str, str]:
    """Nothing of the instructor's environment."""
    env = {"PATH": os.defpath, "HOME": place, "TMPDIR": place, "LANG": "C.UTF-8", "JUPYTER_PLATFORM_DIRS": "1"}
    env |= {"IPYTHONDIR": f"{place}/.ipython", "JUPYTER_RUNTIME_DIR": f"{place}/.runtime", "OMP_NUM_THREADS": "2"}
    first = next(iter(files), None)
    return env | ({"LAB_RESULT": f"{place}/{first}"} if first else {})


def _run(
    command: Sequence[str], data: bytes, env: dict[str, str], cwd: str, within_s: float, seccomp: int | None
) -> tuple[bytes, str]:
    """The answer of a process that is ended at the first limit it reaches, and which limit that was."""
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, cwd=cwd,
        start_new_session=True, pass_fds=[] if seccomp is None else [seccomp],
    )  # fmt: skip
    pipes = _Pipes(process, data)
    deadline, ended = time.monotonic() + within_s, ""
    while not ended and pipes.are_open():
        if time.monotonic() > deadline:
            ended = f"the notebook ran longer than {within_s:g} s"
        elif memory_mb(tree_of(process.pid)) > TREE_MB:
            ended = f"its processes used more than {TREE_MB} MB of memory"
        elif pipes.too_much:
            ended = f"it wrote more than {ANSWER_MB} MB"
    _kill(process)
    pipes.join()
    if process.returncode and not ended and not pipes.answer:
        said = pipes.errors.decode(errors="replace").strip().splitlines()[-5:]
        raise LabError("A notebook could not be run: " + visible("\n".join(said)), next_step="lab doctor")
    return bytes(pipes.answer), ended


class _Pipes:
    """Writes the request and reads the answer of a process, up to a limit, in threads."""

    def __init__(self, process: subprocess.Popen[bytes], data: bytes) -> None:
        self.answer, self.errors, self.too_much = bytearray(), bytearray(), False
        self._process = process
        self._threads = [
            threading.Thread(target=self._send, args=(data,), daemon=True),
            threading.Thread(target=self._read, args=(process.stdout, self.answer), daemon=True),
            threading.Thread(target=self._read, args=(process.stderr, self.errors), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def are_open(self) -> bool:
        """Waits a moment for the process; says whether it still runs."""
        try:
            self._process.wait(0.2)
        except subprocess.TimeoutExpired:
            return True
        return False

    def join(self) -> None:
        for thread in self._threads:
            thread.join(5)

    def _send(self, data: bytes) -> None:
        assert self._process.stdin is not None
        try:
            with self._process.stdin as stdin:
                stdin.write(data)
        except OSError:
            return  # it ended before it read everything: its answer says why

    def _read(self, pipe: Any, into: bytearray) -> None:
        with pipe:
            while data := os.read(pipe.fileno(), 65536):
                into += data[: max(0, ANSWER_MB * MB - len(into))]
                self.too_much = self.too_much or len(into) >= ANSWER_MB * MB


def _kill(process: subprocess.Popen[bytes]) -> None:
    import signal

    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()
    process.wait()


def _read(answer: bytes, cells: int, ended: str) -> Ran:
    """What is believed of an answer: the shape of it is checked, the rest is dropped."""
    try:
        said = json.loads(answer) if answer else {}
        outputs = said["outputs"] if isinstance(said, dict) and isinstance(said.get("outputs"), list) else []
        ended = ended or visible(str(said.get("ended", "")))[:200]
    except (ValueError, RecursionError):
        outputs, ended = [], ended or "it did not answer"
    kept = [_harmless(each) for each in outputs[:cells]]
    return Ran((*kept, *([] for _ in range(cells - len(kept)))), ended)


def _harmless(outputs: Any) -> list[dict[str, Any]]:
    found = (
        [kept for each in outputs[:OUTPUTS_AT_MOST] if (kept := harmless_output(each))]
        if isinstance(outputs, list)
        else []
    )
    return found


def harmless_output(output: Any) -> dict[str, Any] | None:
    """Text and pictures of an output, nothing that a browser would run."""
    if not isinstance(output, dict):
        return None
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return {"output_type": "stream", "name": name, "text": _text(output.get("text"))}
    if kind == "error":
        lines = output.get("traceback")
        traceback = [_text(line) for line in lines[:200]] if isinstance(lines, list) else []
        return {
            "output_type": "error",
            "ename": _text(output.get("ename")),
            "evalue": _text(output.get("evalue")),
            "traceback": traceback,
        }
    if kind in ("display_data", "execute_result") and isinstance(output.get("data"), dict):
        data = {"text/plain": _text(output["data"].get("text/plain"))}
        if picture := _picture(output["data"].get("image/png")):
            data["image/png"] = picture
        return {"output_type": "display_data", "data": data, "metadata": {}}
    return None


def _text(value: Any) -> str:
    text = "".join(map(str, value)) if isinstance(value, list) else str(value or "")
    plain = visible(ANSI.sub("", text))
    return plain if len(plain) <= TEXT_AT_MOST else f"{plain[:TEXT_AT_MOST]}\n... ({len(plain)} characters)"


def _picture(value: Any) -> str | None:
    """A PNG that is one."""
    if not isinstance(value, str) or len(value) > PICTURE_AT_MOST:
        return None
    try:
        data = base64.b64decode(value, validate=False)
    except (binascii.Error, ValueError):
        return None
    return base64.b64encode(data).decode() if data.startswith(b"\x89PNG\r\n\x1a\n") else None
