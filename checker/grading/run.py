"""Grades many submissions, several at a time: each is unpacked, judged, and its result written before the next begins."""

from __future__ import annotations

import hashlib
import json
import os
import queue
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from checker import __version__
from checker.checks.session import checks_version
from checker.errors import LabError
from checker.grading.archives import Refused
from checker.grading.assignment import Assignment, HereJudges, Judges
from checker.grading.attendant import MOST_ERRORS, TOO_LONG, Attendant, Quota
from checker.grading.earlier import corrected_times, renewed, stands
from checker.grading.final import UNREAD
from checker.grading.house_life import HOUSE_SEED
from checker.grading.intake import Source, open_source
from checker.grading.result import SCHEMA, Course, Told, graded, refused
from checker.grading.station import Station
from checker.grading.store import Grades
from checker.grading.texts import harmless

MOST_OF_A_NOTE = 1000
STAGES = ("cloud", "deployed", "house", "relay")
"""What a judge tells the seconds of."""
UNPACK_QUOTA = Quota(within_s=120.0, tree_mb=1024, most_bytes=160 * 1024 * 1024)


@dataclass(frozen=True)
class Plan:
    """What is graded with what. `hidden` are sources of hidden checks by part number."""

    course: Course
    hidden: dict[str, str]
    kit: str
    """A hash of the kit's code and checks."""
    quota: Quota = field(default_factory=Quota)
    only_changed: bool = False
    retry_broken: bool = False
    again: bool = False
    house_minutes: int = 0
    """How long the house lives for the picture on the learner's page."""

    def key(self, sha256: str) -> str:
        """Two gradings with one key would give the same: the same files, checked by the same checks."""
        parts = [part.number for part, _ in self.course]
        content = json.dumps([sha256, self.kit, sorted(self.hidden.items()), parts])
        return hashlib.sha256(content.encode()).hexdigest()

    def is_done(self, sha256: str, submitted_at: str, results: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
        """The earlier result that makes a grading needless, or None; rather one of the same time than another."""
        same = [r for r in results if r["submission"]["sha256"] == sha256]
        wanted = same if self.only_changed else [r for r in same if r["key"] == self.key(sha256)]
        wanted = [r for r in wanted if r["submission"]["submitted_at"] == submitted_at] or wanted
        return None if self.again or not wanted or self._is_tried_again(wanted[-1]) else wanted[-1]

    def _is_tried_again(self, result: Mapping[str, Any]) -> bool:
        """What broke, if that is wished; what was stopped by a time that was shorter than the one it has now."""
        if result["status"] == "stopped" and result["problem"].startswith(TOO_LONG):
            return float(result["provenance"].get("within_s", Quota.within_s)) < self.quota.within_s
        return self.retry_broken and result["status"] == "broken"


@dataclass(frozen=True)
class Done:
    """What became of one source. `fresh`: it was graded now; `renewed`: only what is said of it changed."""

    source: Source
    result: dict[str, Any]
    fresh: bool
    seconds: float
    renewed: bool = False


class Grader:
    """Grades sources with one plan into one folder of grades."""

    def __init__(self, plan: Plan, grades: Grades, station: Station, judges: Judges | None = None) -> None:
        self._plan, self._grades = plan, grades
        self._slots: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._attendant = Attendant(station)
        self._judges = judges or HereJudges(station, self._attendant)
        self._isolation = station.isolation
        self._abandoned = False
        self._times: dict[str, set[str]] = {}
        """When each learner handed in, as it is known now."""

    def grade(self, sources: Sequence[Source], jobs: int, done: Callable[[Done], None]) -> list[Done]:
        """Everything that has to be done, `jobs` at a time; `done` hears of each as it is written."""
        for slot in range(jobs):
            self._slots.put(slot)
        for source in sources:
            self._times.setdefault(source.id, set()).add(source.submitted_at)
        results = []
        with ThreadPoolExecutor(jobs) as pool:
            work = [pool.submit(self._grade_one, source) for source in sources]
            try:
                for finished in as_completed(work):
                    results.append(finished.result())
                    done(results[-1])
            except BaseException:
                self._abandoned = True
                for each in work:
                    each.cancel()
                self._attendant.end_all()
                self._judges.end_all()
                raise
        return results

    def names_in(self, archive: Path) -> list[str]:
        """The top folders of an archive."""
        ending = self._attendant.attend(
            0, "checker.grading.unpack", ["--list"], open_source(Source("", archive)), b"", UNPACK_QUOTA
        )
        try:
            return [str(name) for name in json.loads(ending.output)]
        except ValueError as error:
            reason = _last_json(ending.errors).get("refused") or ending.stopped or ending.errors[-300:]
            raise LabError(f"{archive} cannot be read: {reason}") from error

    def _grade_one(self, source: Source) -> Done:
        slot, begun = self._slots.get(), time.monotonic()
        try:
            unfinished, found = self._unpack(slot, source)
            results = self._grades.results(source.id)
            facts = self._facts(source, found, results)
            earlier = self._plan.is_done(found["sha256"], source.submitted_at, results)
            if earlier is not None and earlier["problem"] != harmless(found.get("refused", earlier["problem"])):
                earlier = None  # refused again, for another reason
            archive = self._keep(source, found, unfinished)
            if earlier is not None and stands(earlier, results, facts):
                return Done(source, earlier, False, time.monotonic() - begun)
            if earlier is not None:
                result = renewed(earlier, facts)
            else:
                result = {**facts, **self._judgement(slot, source, found, archive, begun)}
            result["version"] = self._grades.add(source.id, result)
            return Done(source, result, earlier is None, time.monotonic() - begun, earlier is not None)
        finally:
            self._slots.put(slot)

    def _keep(self, source: Source, found: Mapping[str, Any], unfinished: Path) -> Path:
        """The place of the submission's files in the grades; nothing is kept of what could not be read."""
        place = self._grades.submission_file(source.id, found["sha256"])
        if "refused" in found or "broken" in found or place.exists():
            unfinished.unlink(missing_ok=True)
            return place
        return self._grades.keep_submission(source.id, found["sha256"], unfinished)

    def _judgement(
        self, slot: int, source: Source, found: dict[str, Any], archive: Path, begun: float
    ) -> dict[str, Any]:
        """What the checks say, with its provenance; raises LabError if the grading was given up meanwhile."""
        if "refused" in found:
            content = refused(self._plan.course, found["refused"])
        elif "broken" in found:
            content = graded(self._plan.course, Told(crashed=found["broken"]))
        else:
            content = self._judge(slot, source, archive)
        if self._abandoned:
            raise LabError(f"{source.id} was not graded to its end", next_step="call lab grade again: it goes on")
        provenance = {**content.pop("judge", {}), **self._provenance(time.monotonic() - begun)}
        return {"key": self._plan.key(found["sha256"]), **content, "provenance": provenance}

    def _unpack(self, slot: int, source: Source) -> tuple[Path, dict[str, Any]]:
        """The normalised tar and what the unpacking process said of it."""
        descriptor, name = tempfile.mkstemp(dir=self._grades.folder / "submissions", prefix=".unfinished-")
        try:
            with os.fdopen(descriptor, "wb") as tar, open_source(source) as stream:
                ending = self._attendant.attend(
                    slot, "checker.grading.unpack", [source.prefix], stream, b"", UNPACK_QUOTA, tar
                )
            found = _last_json(ending.errors)
            if ending.stopped:
                found = {"refused": ending.stopped}
            elif not found:
                found = {
                    "broken": f"unpacking ended with exit code {ending.returncode}: {ending.errors.strip()[-300:]}"
                }
        except Refused as problem:
            found = {"refused": str(problem)}
        except LabError as problem:
            found = {"broken": str(problem)}
        for kind, begin in (("refused", "refused-"), ("broken", UNREAD)):
            if kind in found:
                found["sha256"] = begin + hashlib.sha256((source.prefix or source.path.name).encode()).hexdigest()[:16]
        return Path(name), found

    def _judge(self, slot: int, source: Source, archive: Path) -> dict[str, Any]:
        plan = self._plan
        parts = tuple(part.number for part, _ in plan.course)
        ending = self._judges.judge(
            slot, Assignment(parts, plan.hidden, plan.quota, plan.house_minutes, plan.kit), archive
        )
        told = Told(_events(ending.output), ending.stopped)
        if not told.complete and not told.stopped:
            told.crashed = f"the judge ended with exit code {ending.returncode}: {ending.errors.strip()[-500:]}"
        log = harmless(ending.errors, MOST_ERRORS)
        self._grades.log_file(source.id).write_text(log, encoding="utf-8", errors="replace")
        said = _said_of_itself(told, ending.limits)
        return {**graded(plan.course, told), "used": ending.used(), **said}

    def _provenance(self, seconds: float) -> dict[str, Any]:
        """With what was graded, and when."""
        return {
            "kit": __version__,
            "kit_sha256": self._plan.kit,
            "checks": checks_version(),
            "hidden_checks": hashlib.sha256(json.dumps(sorted(self._plan.hidden.items())).encode()).hexdigest()[:16]
            if self._plan.hidden else "",
            "isolation": self._isolation,
            "house_seed": HOUSE_SEED,
            "within_s": self._plan.quota.within_s,
            "graded_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(seconds, 1),
        }  # fmt: skip

    def _facts(self, source: Source, found: dict[str, Any], results: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Whose submission it is, what it is and when it was handed in."""
        submission = {
            "source": source.label,
            "sha256": found["sha256"],
            "commit": found.get("commit", ""),
            "files": found.get("files", 0),
            "submitted_at": source.submitted_at,
            "instead_of": corrected_times(results, found["sha256"], self._times.get(source.id, {source.submitted_at})),
            "left_out": found.get("left_out", []),
            "notes": [harmless(note, MOST_OF_A_NOTE) for note in found.get("notes", [])],
            "hints": found.get("hints", {}),
        }
        learner = {"id": source.id, "name": source.name, "email": source.email}
        return {"schema": SCHEMA, "learner": learner, "submission": submission}


def _events(output: bytes) -> list[dict[str, Any]]:
    found = []
    for line in output.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            found.append(event)
    return found


def _said_of_itself(told: Told, limits: str) -> dict[str, Any]:
    """How long the judge's stages took, its session's own provenance, and what limited it."""
    stages = {name: event.get("seconds", 0.0) for name in STAGES for event in told.of(name)}
    own = next(({k: v for k, v in event.items() if k != "event"} for event in told.of("provenance")), {})
    programs = [[harmless(e.get("name", ""), 60), e.get("seconds")] for e in told.of("program")][:100]
    return {"judge": {**own, "stages": stages, "programs": programs, "limits": limits}}


def _last_json(text: str) -> dict[str, Any]:
    for line in reversed(text.splitlines()):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        return found if isinstance(found, dict) else {}
    return {}
