"""An appeal bundle: everything needed to see one grading and to repeat it, in one zip."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping

from checker.exports.learner_page import render_learner_page
from checker.exports.markdown import plain, render_markdown
from checker.exports.model import ClassGrades, Grading, number
from checker.exports.read import read_grading, versions_in

ALWAYS = (1980, 1, 1, 0, 0, 0)


def bundle_of(grades: ClassGrades, grading: Grading, command: str) -> bytes:
    """The zip: pages, result files of all versions, logs, hashes, and how to repeat it. The same grades, the same bytes."""
    files: dict[str, bytes] = {
        "result.html": render_learner_page(grading, grades.title).encode(),
        "result.md": render_markdown(grading, grades.title).encode(),
    }
    place = grading.file.parent if grading.file else None
    for version in versions_in(place) if place else ():
        files[f"results/{version.name}"] = version.read_bytes()
    files |= logs_of(grades, grading)
    files["REPEAT.md"] = _how_to_repeat(grades, grading, command).encode()
    files["SHA256SUMS"] = "".join(
        f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items())
    ).encode()
    return make_zip(files)


def logs_of(grades: ClassGrades, grading: Grading) -> dict[str, bytes]:
    """The submission as it was graded and the grader's log of it; links are not followed."""
    assert grading.file is not None
    learner = grading.file.parent.name
    found = {}
    for file in [
        grades.folder / "logs" / f"{learner}.log",
        *sorted((grades.folder / "submissions" / learner).glob("*.tar")),
    ]:
        if file.is_file() and not file.is_symlink():
            found[f"{file.relative_to(grades.folder).parts[0]}/{file.name}"] = file.read_bytes()
    return found


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


def _how_to_repeat(grades: ClassGrades, grading: Grading, command: str) -> str:
    facts = {key: value for key, value in grading.report.provenance.items() if isinstance(value, str | int | float)}
    versions = []
    for file in versions_in(grading.file.parent) if grading.file else ():
        old = read_grading(file)
        versions.append(f"- version {old.version}: {number(old.score)} of {number(old.max_score)} points")
    lines = [
        f"# {plain(grades.title)}: {plain(grading.shown_name)}",
        "",
        f"{number(grading.score)} of {number(grading.max_score)} points, version {grading.version}.",
        "",
        "`result.html` and `result.md` show the grading, `results/` holds every version of it as it was written,",
        "`logs/` what the grader saw, `submissions/` the files that were graded. `sha256sum -c SHA256SUMS` proves that nothing in here was changed since.",
        "",
        "## Repeat it",
        "",
        "With the same version of the kit and of its checks (below), on the same submission:",
        "",
        f"    {command}",
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
