"""An appeal bundle: everything needed to see one grading and to repeat it, in one zip. For the instructor's eyes.

Unpacked it is a folder of grades with one learner, what was handed in, and the kit: grading again adds a version there, and
`lab grade diff` says whether anything differs.
"""

from __future__ import annotations

import hashlib
import io
import json
import shlex
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from checker.curriculum.parts import ROOT
from checker.exports.course_files import course_files
from checker.exports.learner_page import render_learner_page
from checker.exports.markdown import plain, render_markdown
from checker.exports.model import ClassGrades, Grading, number
from checker.exports.packing import kit_files, make_zip
from checker.grading.adjustments import FILE as ADJUSTMENTS
from checker.grading.adjustments import read_adjustments, render_adjustment
from checker.grading.intake import LIST_NAME, render_list
from checker.grading.kit import kit_hash
from checker.grading.store import Grades

EXECUTABLE = frozenset({"kit/lab"})
NOT_KEPT = (
    "Nothing is kept of a submission that could not be read. Put what was handed in into a folder `handed-in`, under the name\n"
    "`{id}` (a folder) or `{id}.zip`, `{id}.tar.gz` and the like: then this says whether it is refused again, and why."
)


def bundle_of(grades: ClassGrades, grading: Grading) -> bytes:
    """The zip: pages, all versions, logs, rules, what was handed in, the kit, hashes. The same grades, the same bytes."""
    store, handed_in = Grades(grades.folder), _handed_in(grades.folder, grading)
    files = {
        "result.html": render_learner_page(grading, grades.title).encode(),
        "result.md": render_markdown(grading, grades.title).encode(),
        **_grades_of(grades, grading, store),
        **handed_in,
    }
    same_kit = grading.report.provenance.get("kit_sha256") == kit_hash(ROOT)
    files |= kit_files() if same_kit else {}
    files["REPEAT.md"] = _how_to_repeat(grades, grading, store, same_kit, bool(handed_in)).encode()
    sums = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items())]
    return make_zip({**files, "SHA256SUMS": "".join(sums).encode()}, EXECUTABLE)


def _grades_of(grades: ClassGrades, grading: Grading, store: Grades) -> dict[str, bytes]:
    """A folder of grades with this learner only."""
    kept = [store.result_file(grading.id, version) for version in store.versions(grading.id)]
    kept += [store.log_file(grading.id), *sorted((grades.folder / "submissions" / grading.id).glob("*.tar"))]
    files = {
        f"grades/{file.relative_to(grades.folder).as_posix()}": file.read_bytes()
        for file in kept
        if file.is_file() and not file.is_symlink()
    }
    if grades.course_file:
        files |= {f"grades/{name}": data for name, data in course_files(grades.course_file).items()}
    if own := read_adjustments(grades.folder).get(grading.id):
        files[f"grades/{ADJUSTMENTS}"] = render_adjustment(grading.id, own).encode()
    return files


def _handed_in(folder: Path, grading: Grading) -> dict[str, bytes]:
    """What is graded again: the files of the version that counts, with the hints that were noted, and who and when."""
    submission: Mapping[str, Any] = grading.raw.get("submission") or {}
    tar = folder / "submissions" / grading.id / f"{submission.get('sha256', '')}.tar"
    if not tar.is_file() or tar.is_symlink():
        return {}
    row = {
        "source": f"{grading.id}.tar",
        "learner": grading.id,
        "name": grading.name,
        "email": grading.email,
        "submitted_at": str(submission.get("submitted_at") or ""),
    }
    content = _with_hints(tar.read_bytes(), submission.get("hints") or {})
    return {f"handed-in/{grading.id}.tar": content, f"handed-in/{LIST_NAME}": render_list([row]).encode()}


def _with_hints(tar: bytes, hints: Mapping[str, int]) -> bytes:
    """The tar with the learner's note of hints, which is not kept with the files and may have cost points."""
    if not hints:
        return tar
    stream, note = io.BytesIO(tar), json.dumps(dict(hints)).encode()
    with tarfile.open(fileobj=stream, mode="a", format=tarfile.PAX_FORMAT) as archive:
        entry = tarfile.TarInfo(".lab/hints.json")
        entry.size = len(note)
        archive.addfile(entry, io.BytesIO(note))
    return stream.getvalue()


def _how_to_repeat(grades: ClassGrades, grading: Grading, store: Grades, same_kit: bool, is_kept: bool) -> str:
    facts = {key: value for key, value in grading.report.provenance.items() if isinstance(value, str | int | float)}
    parts = ",".join(str(part["part"]) for part in grading.raw.get("parts") or ())
    hidden = "--course grades/course.toml" if grades.course_file else ""
    command = (
        f"lab grade handed-in --out grades --only {shlex.quote(grading.id)} --parts {parts} --again {hidden}".strip()
    )
    lab = "kit/" if same_kit else ""
    versions = [
        f"- version {old['version']}, submission {str(old['submission']['sha256'])[:16]}: "
        f"{number(old['points'])} of {number(old['max_points'])} points and {number(old['bonus'])} bonus points"
        for old in store.results(grading.id)
    ]
    kit = (
        "`kit/` is the kit that graded, without solutions; it needs Linux, Python 3.11 and bubblewrap. In this folder:"
        if same_kit
        else f"The kit has changed since. Take the one whose hash is {str(facts.get('kit_sha256'))[:16]}…, then in this folder:"
    )
    lines = [
        f"# {plain(grades.title)}: {plain(grading.shown_name)}",
        "",
        f"{number(grading.score)} of {number(grading.max_score)} points, version {grading.version}.",
        "",
        *(f"- {plain(rule)}" for rule in grading.rules),
        "",
        "`result.html` and `result.md` show the grading, hidden checks in full. `grades/` holds every version of the result as it",
        "was written, the grader's log, the rules and your adjustments of this learner"
        + ("; `handed-in/` the files that were graded." if is_kept else "."),
        "`sha256sum -c SHA256SUMS` proves that nothing in here was changed since.",
        "",
        "## Repeat it",
        "",
        *([] if is_kept else [NOT_KEPT.format(id=grading.id), ""]),
        kit,
        "",
        f"    {lab}{command}",
        f"    {lab}lab grade diff grades {grading.version} {max(store.versions(grading.id)) + 1}",
        "",
        "The first command adds a version to `grades/`, the second says whether it differs from the one that counts, and by which",
        "check. `same files` there means that the hash of what was handed in is the same.",
        "",
        "## Graded with",
        "",
        "```json",
        json.dumps(facts, indent=1, ensure_ascii=True).replace("```", ""),
        "```",
        "",
        "## All versions",
        "",
        *versions,
    ]
    return "\n".join(lines) + "\n"
