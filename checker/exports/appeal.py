"""An appeal bundle: everything needed to see one grading and to repeat it, in one zip. For the instructor's eyes."""

from __future__ import annotations

import hashlib
import io
import json
import shlex
import zipfile
from collections.abc import Mapping
from pathlib import Path

from checker.exports.learner_page import render_learner_page
from checker.exports.markdown import plain, render_markdown
from checker.exports.model import ClassGrades, Grading, number
from checker.grading.store import Grades

ALWAYS = (1980, 1, 1, 0, 0, 0)


def bundle_of(grades: ClassGrades, grading: Grading) -> bytes:
    """The zip: pages, result files of all versions, logs, hashes, and how to repeat it. The same grades, the same bytes."""
    files = {
        "result.html": render_learner_page(grading, grades.title).encode(),
        "result.md": render_markdown(grading, grades.title).encode(),
    }
    store = Grades(grades.folder)
    for version in store.versions(grading.id):
        files[f"results/{version:04d}.json"] = store.result_file(grading.id, version).read_bytes()
    kept = [store.log_file(grading.id), *sorted((grades.folder / "submissions" / grading.id).glob("*.tar"))]
    for file in [*kept, grades.folder / "course.toml"]:
        if file.is_file() and not file.is_symlink():
            files[_inside(file, grades.folder)] = file.read_bytes()
    files["REPEAT.md"] = _how_to_repeat(grades, grading, store).encode()
    sums = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items())]
    return make_zip({**files, "SHA256SUMS": "".join(sums).encode()})


def _inside(file: Path, folder: Path) -> str:
    """`submissions/HASH.tar`: the learner's folder is left out."""
    parts = file.relative_to(folder).parts
    return "/".join((parts[0], parts[-1]) if len(parts) > 1 else parts)


def make_zip(files: Mapping[str, bytes], executable: frozenset[str] = frozenset()) -> bytes:
    """A zip whose bytes depend only on what is in it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(name, ALWAYS)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if name in executable else 0o100644) << 16
            archive.writestr(entry, data)
    return out.getvalue()


def _how_to_repeat(grades: ClassGrades, grading: Grading, store: Grades) -> str:
    facts = {key: value for key, value in grading.report.provenance.items() if isinstance(value, str | int | float)}
    learner, sha256 = shlex.quote(grading.id), str(facts.get("submission", ""))
    versions = [
        f"- version {old['version']}, submission {str(old['submission']['sha256'])[:16]}: "
        f"{number(old['points'])} of {number(old['max_points'])} points and {number(old['bonus'])} bonus points"
        for old in store.results(grading.id)
    ]
    lines = [
        f"# {plain(grades.title)}: {plain(grading.shown_name)}",
        "",
        f"{number(grading.score)} of {number(grading.max_score)} points, version {grading.version}.",
        "",
        *(f"- {plain(rule)}" for rule in grading.rules),
        "",
        "`result.html` and `result.md` show the grading, `results/` holds every version of it as it was written, `logs/`",
        "what the grader said, `submissions/` the files that were graded. Hidden checks are shown in full.",
        "`sha256sum -c SHA256SUMS` proves that nothing in here was changed since.",
        "",
        "## Repeat it",
        "",
        "In this folder, with the version of the kit and of its checks that stands below:",
        "",
        f"    mkdir again && cp submissions/{sha256}.tar again/{learner}.tar",
        f"    lab grade again --only {learner} --out again-grades",
        "",
        "The submission's hash in the new result must be the one below: then the same files were graded.",
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
