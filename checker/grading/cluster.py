"""Judges on the machines of a Dask cluster: `lab grade --scheduler ADDRESS`; each worker is a `lab grade worker ADDRESS`.

Unpacking and results stay here; what travels is the normalised tar of a submission and what its judge said. A submission
whose worker dies goes to another one; its result is written here, once. The package `distributed` is the extra `cluster`.
"""

from __future__ import annotations

import os
import re
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from checker.curriculum.parts import ROOT
from checker.errors import LabError, UsageProblem
from checker.grading.assignment import Assignment, HereJudges
from checker.grading.attendant import Attendant, Ending
from checker.grading.choice import choose_isolation
from checker.grading.station import Station, make_station
from checker.terraform_install import ensure_terraform

CONNECT_WITHIN_S = 20
MOST_SLOTS = 1000


class ClusterJudges:
    """Judges on a cluster. Close it at the end."""

    def __init__(self, address: str, isolation: str) -> None:
        require_scheduler(address)
        from distributed import Client

        self._isolation = isolation
        try:
            self._client = Client(address, timeout=CONNECT_WITHIN_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise UsageProblem(
                f"No scheduler answers at {address}: {error}", next_step="start one: lab grade scheduler --host HOST"
            ) from error
        self._open: set[Any] = set()

    @property
    def places(self) -> int:
        """How many submissions the cluster judges at a time; raises UsageProblem without workers."""
        found = sum(self._client.nthreads().values())
        if not found:
            raise UsageProblem("The scheduler has no workers", next_step="on each machine: lab grade worker ADDRESS")
        return int(found)

    def judge(self, slot: int, assignment: Assignment, archive: Path) -> Ending:
        future = self._client.submit(
            judge_on_worker, assignment, archive.read_bytes(), self._isolation, pure=False, retries=1
        )
        self._open.add(future)
        try:
            return future.result()  # type: ignore[no-any-return]
        except LabError:
            raise
        except Exception as error:  # a worker that died again and again, a kit that differs: broken, not lost
            return Ending(1, b"", f"the cluster gave it up: {error}", "", 0.0, 0.0, 0)
        finally:
            self._open.discard(future)

    def end_all(self) -> None:
        self._client.cancel(list(self._open), force=True)

    def close(self) -> None:
        self._client.close()


def require_scheduler(address: str) -> None:
    """Raises UsageProblem at once, where Dask would try for a minute and end with a trace."""
    found = re.fullmatch(r"(?:[a-z]+://)?\[?(?P<host>[^/\]]+)\]?:(?P<port>\d{1,5})", address)
    if not found:
        raise UsageProblem(f"{address} is no address of a scheduler", next_step="write it like tcp://10.0.0.1:8786")
    try:
        socket.create_connection((found["host"], int(found["port"])), timeout=CONNECT_WITHIN_S).close()
    except (OSError, OverflowError) as error:
        raise UsageProblem(
            f"No scheduler answers at {address}: {error}", next_step="start one: lab grade scheduler --host HOST"
        ) from error


def judge_on_worker(assignment: Assignment, archive: bytes, isolation: str) -> Ending:
    """Runs on a worker: judges one submission with the kit and the isolation of that machine."""
    station = _station(isolation)
    if (own := _own_kit()) != assignment.kit:
        raise LabError(f"this worker's kit is {own[:12]}, the grader's is {assignment.kit[:12]}", next_step="update it")
    with machine_slot() as slot, tempfile.NamedTemporaryFile(prefix="lab-submission-") as file:
        file.write(archive)
        file.flush()
        return HereJudges(station, Attendant(station)).judge(slot, assignment, Path(file.name))


@lru_cache(maxsize=2)
def _station(isolation: str) -> Station:
    return make_station(choose_isolation(isolation, containers=False).bwrap, ensure_terraform(), lambda _: None)


@lru_cache(maxsize=1)
def _own_kit() -> str:
    from checker.grading.kit import kit_hash

    return kit_hash(ROOT)


@contextmanager
def machine_slot() -> Iterator[int]:
    """A number that no other grading process of this user on this machine has now: each slot is a user of its own."""
    import fcntl

    folder = Path(tempfile.gettempdir()) / f"lab-slots-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise LabError(f"{folder} belongs to somebody else", next_step="remove it")
    for slot in range(100, MOST_SLOTS):
        with open(folder / str(slot), "w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            yield slot
            return
    raise LabError(f"{MOST_SLOTS} submissions are being judged on this machine", next_step="wait, then go on")
