"""`lab grade`: the whole course of solved submissions, in isolation: processor time, submissions an hour, memory, a cluster."""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.folders import folder
from benchmarks.measurement import US, Figure, Goal, Scale
from benchmarks.systems import ROOT
from checker.bootstrap import ensure_environment
from checker.cloud_process import start_cloud, stop_cloud
from checker.curriculum.parts import read_parts
from checker.curriculum.workspace import lay_over, new_workspace
from checker.deployment import Deployment
from checker.isolation.box import Box, python_folders
from checker.isolation.probe import require_isolation
from checker.isolation.program import BoxedRunner
from checker.isolation.relay import Relay
from checker.target import find_target

TITLE = "Grading a class"
CORES = os.cpu_count() or 1
CPU, WITHOUT_6 = "processor time of a whole course", "processor time of a course without part 6"
BARE, BOXES = "bare Terraform", "time that boxes take, beside a course's processor time"
AN_HOUR, MEMORY = f"whole courses an hour on {CORES} cores", "memory of a job"
SPEED_UP, COST = "two workers beside one", "cost of distribution, a submission"
GOALS = [
    Goal(AN_HOUR, "at least 1,000 on 2 cores", value=500 * CORES),
    Goal(MEMORY, "under 1.2 GiB", value=1229),
    Goal(BOXES, "under 5 % of a course's processor time", value=5.0),
]
ALL, BUT_6 = "1,2,3,4,5,6,7", "1,2,3,4,5,7"


def run(scale: Scale) -> list[Figure]:
    if not importlib.util.find_spec("distributed"):
        ensure_environment(["cluster"])  # now, not after all the rest
        importlib.invalidate_caches()
    with folder() as place:
        count = scale.count(2 * scale.repeats)
        whole = _graded(_class(place / "whole", count), place / "grades", ALL, "--jobs", str(2 * CORES))
        without = _graded(_class(place / "without", count, without_part_6=True), place / "grades-6", BUT_6)
        used = [result["used"] for result in whole.results]
        course_s = statistics.median(each["cpu_s"] for each in used)
        boxes = statistics.median(len(result["provenance"]["programs"]) + 1 for result in whole.results)
        relay_s = statistics.median(result["provenance"]["stages"]["relay"] for result in whole.results)
        around_s = boxes * _box_s(place, scale.count(40)) + relay_s
        return [
            Figure(CPU, US, course_s, "s", "less"),
            Figure(
                CPU, BARE, statistics.median(_bare_s(place / f"bare{n}") for n in range(scale.repeats)), "s", "less"
            ),
            Figure(BOXES, US, 100 * around_s / course_s, "%", "less"),
            Figure(WITHOUT_6, US, statistics.median(r["used"]["cpu_s"] for r in without.results), "s", "less"),
            Figure(AN_HOUR, US, 3600 * len(used) / whole.seconds, "", "more"),
            Figure(MEMORY, US, max(each["memory_mb"] for each in used), "MB", "less"),
            *_on_a_cluster(place, scale.count(6 * scale.repeats)),
        ]


class _Graded:
    """The results of one run of `lab grade`, and how long it took by the clock."""

    def __init__(self, grades: Path, seconds: float) -> None:
        self.seconds = seconds
        files = sorted(grades.glob("results/*/*.json"))
        self.results: list[dict[str, Any]] = [json.loads(file.read_text(encoding="utf-8")) for file in files]

    @property
    def outside_of_judging_s(self) -> float:
        """What a submission takes beside its judge: unpacking, sending, writing."""
        return statistics.median(r["provenance"]["seconds"] - r["used"]["seconds"] for r in self.results)


def _class(place: Path, count: int, *, without_part_6: bool = False) -> Path:
    for number in range(count):
        workspace = new_workspace(place / f"learner{number}", with_git=False)
        lay_over(workspace, [part for part in read_parts() if not (without_part_6 and part.number == 6)])
    return place


def _graded(submissions: Path, grades: Path, parts: str, *options: str) -> _Graded:
    command = [sys.executable, "-m", "checker", "grade", str(submissions), "--out", str(grades), "--parts", parts]
    begun = time.monotonic()
    done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"lab grade ended with exit code {done.returncode}:\n{done.stderr[-2000:]}")
    return _Graded(grades, time.monotonic() - begun)


def _bare_s(place: Path) -> float:
    """Processor time of Terraform and its provider for init, apply and destroy of the same files; the cloud's is not in it."""
    workspace = new_workspace(place, with_git=False)
    lay_over(workspace, read_parts())
    start_cloud(workspace, attached=True)
    try:
        deployment = Deployment(workspace, find_target("local", workspace.folder))
        deployment.apply(read_parts())
        deployment.destroy()
        begun = _children_s()
        deployment.terraform.apply()
        deployment.terraform.destroy()
        return _children_s() - begun
    finally:
        stop_cloud(workspace)


def _box_s(place: Path, count: int) -> float:
    """How much longer a program takes in a box; that is not less than its processor time, of which the kernel keeps no sum."""
    program = ["/bin/true"]
    boxed = BoxedRunner(Box(readable=python_folders(), writable=(place,)), require_isolation(), {}, Relay())
    ways = (
        lambda: boxed(program, cwd=place, env={"PATH": os.defpath}, within_s=60.0),
        lambda: subprocess.run(program, cwd=place),
    )
    in_a_box, bare = (statistics.median(_seconds(way) for _ in range(count)) for way in ways)
    return in_a_box - bare


def _seconds(action: Callable[[], object]) -> float:
    begun = time.monotonic()
    action()
    return time.monotonic() - begun


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _on_a_cluster(place: Path, count: int) -> Iterator[Figure]:
    """Part 1 on one worker and on two, each with its preparations done; beside the same without a cluster."""
    submissions, seconds = _class(place / "first", count), {}
    here = _graded(submissions, place / "here", "1", "--jobs", "1")
    for workers in (1, 2):
        with _cluster(place / f"cluster-{workers}", workers) as address:
            options = ("--scheduler", address, "--jobs", str(workers))
            _graded(submissions, place / "warm", "1", *options)
            shutil.rmtree(place / "warm")
            there = _graded(submissions, place / f"on-{workers}", "1", *options)
            seconds[workers] = there.seconds
            if workers == 1:
                yield Figure(COST, US, there.outside_of_judging_s - here.outside_of_judging_s, "s", "less")
    yield Figure(SPEED_UP, US, seconds[1] / seconds[2], "times", "more")


@contextmanager
def _cluster(place: Path, workers: int) -> Iterator[str]:
    """A scheduler and workers with one thread each on the loopback; yields the scheduler's address."""
    place.mkdir()
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": place}
    environment = os.environ | {"PYTHONPATH": str(ROOT), "DASK_TEMPORARY_DIRECTORY": str(place)}
    dask, where = [sys.executable, "-m", "dask"], place / "where.json"
    scheduler = [
        *dask,
        "scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--no-dashboard",
        "--scheduler-file",
        str(where),
    ]
    processes = [subprocess.Popen(scheduler, env=environment, **quiet)]
    try:
        while not where.is_file():
            if processes[0].poll() is not None:
                raise RuntimeError("dask scheduler does not start: is the extra cluster installed?")
            time.sleep(0.1)
        address = str(json.loads(where.read_text())["address"])
        worker = [*dask, "worker", address, "--nworkers", "1", "--nthreads", "1", "--no-nanny", "--no-dashboard"]
        processes += [
            subprocess.Popen([*worker, "--host", "127.0.0.1"], env=environment, **quiet) for _ in range(workers)
        ]
        _wait_for(address, workers)
        yield address
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()


def _wait_for(address: str, workers: int) -> None:
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(workers, timeout=120)
