"""Finds the submissions in what an instructor was given: a folder of folders, archives and repositories, or Moodle's zip."""

from __future__ import annotations

import csv
import difflib
import errno
import io
import os
import re
import stat
import tarfile
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

from checker.errors import LabError, UsageProblem
from checker.grading.archives import LEFT_BEHIND, MOST_BYTES, MOST_FILES, Refused, shown

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
OTHER_ARCHIVES = (".rar", ".7z", ".zst", ".lz", ".lzma", ".gz", ".bz2", ".xz", ".z")
"""What people pack submissions into and what is not taken: each is refused by name, not passed over."""
MOODLE = re.compile(
    r"^(?P<begin>(?P<name>.+?)_(?P<number>\d+)_assignsubmission_(?P<kind>file|onlinetext)_?)(?P<rest>.*)$"
)
"""How Moodle names what a participant handed in: a folder, or, if the download has no folders, the begin of each file."""
STAMPED = re.compile(
    r"^(?P<id>.+)@(?P<hour>\d{4}-\d\d-\d\dT\d\d)[-:](?P<minute>\d\d)(?:[-:](?P<second>\d\d))?"
    r"(?P<zone>Z|[+-]\d\d[-:]?\d\d)?$"
)
"""A time behind the learner's id, also in the form that Windows allows in names: 2026-05-01T22-10-00+02-00."""
LIST_NAME = "submissions.csv"
LIST_COLUMNS = ("source", "learner", "name", "email", "submitted_at")


@dataclass(frozen=True)
class Source:
    """Where one submission lies. `id` is the learner's; several sources of one learner are attempts."""

    id: str
    path: Path
    prefix: str = ""
    """The folder in an archive that holds several submissions."""
    name: str = ""
    email: str = ""
    submitted_at: str = ""
    spelt: str = ""
    """The learner's id as it was written, if nobody has said who it is."""

    @property
    def label(self) -> str:
        """The source in the instructor's words."""
        return f"{self.path.name}: {self.prefix.rstrip('/')}" if self.prefix else self.path.name


def find_sources(place: Path, names_in_zip: list[str] | None = None) -> list[Source]:
    """The submissions below `place`, by learner and time. `names_in_zip`: the top folders, if it is an archive."""
    if not place.exists():
        raise UsageProblem(f"{place} does not exist", next_step="name the folder of the submissions, or Moodle's zip")
    if place.is_file():
        return _sorted(_of_archive(place, names_in_zip or []))
    if any(place.glob("terraform/*.tf")):
        raise UsageProblem(
            f"{place} is one submission, not a folder that holds submissions",
            next_step=f"lab grade {place.parent} --only {place.name}",
        )
    listed = _read_list(place)
    found = [_apply(listed, source) for source in _of_folder(place)]
    if not found:
        passed = f", only {', '.join(over)}" if (over := passed_over(place)) else ""
        raise UsageProblem(
            f"{place} holds no submission{passed}", next_step="a folder, zip, tar or repository for each learner"
        )
    if unknown := sorted(listed.keys() - {source.path.name for source in found}):
        raise UsageProblem(f"{place / LIST_NAME} names what is not there: {', '.join(unknown)}", next_step="correct it")
    return _sorted(found)


def _of_folder(place: Path) -> Iterator[Source]:
    entries = [entry for entry in sorted(place.iterdir()) if _is_taken(entry)]
    matches = [(entry, MOODLE.match(entry.name)) for entry in entries]
    with_files = {match["number"] for _, match in matches if match and match["kind"] == "file"}
    for entry, match in matches:
        if match and match["kind"] != "file" and match["number"] in with_files:
            continue  # what was typed beside the file
        yield _named(entry, entry.name if entry.is_dir() else re.sub(r"(?i)(\.tar)?\.\w+$", "", entry.name))


def _is_taken(entry: Path) -> bool:
    """Folders and archives; grades of ours that lie beside submissions are none."""
    if entry.name.startswith(".") or entry.is_symlink():
        return False
    if entry.is_dir():
        return not ((entry / "lock").is_file() and (entry / "results").is_dir())
    return entry.name.lower().endswith(ARCHIVES + OTHER_ARCHIVES)


def passed_over(place: Path) -> list[str]:
    """What lies among the submissions and is taken for none, in words."""
    if not place.is_dir():
        return []
    left = [entry for entry in sorted(place.iterdir()) if not _is_taken(entry) and entry.name != LIST_NAME]
    return [_why_passed_over(entry) for entry in left if not entry.name.startswith(".")]


def _why_passed_over(entry: Path) -> str:
    kind = "a link" if entry.is_symlink() else "a folder of grades" if entry.is_dir() else "no folder, zip or tar"
    return f"{shown(entry.name)} ({kind})"


def _of_archive(place: Path, names: list[str]) -> Iterator[Source]:
    """Moodle's zip has a folder, or files with the learner's name, for each learner; any other archive is one submission.

    What a learner typed into Moodle counts only where no file was handed in.
    """
    parts = [(name, MOODLE.match(name.rstrip("/"))) for name in names]
    if not parts or not all(match for _, match in parts):
        yield _named(place, re.sub(r"(?i)(\.tar)?\.\w+$", "", place.name))
        return
    begins = {}
    for name, match in parts:
        assert match is not None
        begins[name if name.endswith("/") else match["begin"]] = match
    with_files = {match["number"] for match in begins.values() if match["kind"] == "file"}
    for begin, match in begins.items():
        if match["kind"] == "file" or match["number"] not in with_files:
            yield Source(safe_id(match["number"]), place, begin, name=match["name"])


def _named(path: Path, text: str) -> Source:
    if match := MOODLE.match(text):
        return Source(safe_id(match["number"]), path, name=match["name"])
    if match := STAMPED.match(text):
        zone = re.sub(r"^(.\d\d)[-:]?(\d\d)$", r"\1:\2", match["zone"] or "")
        when = f"{match['hour']}:{match['minute']}:{match['second'] or '00'}{zone}"
        text, moment = match["id"], _moment(when, path.name)
    else:
        moment = ""
    learner = safe_id(text)
    return Source(learner, path, name=text if text != learner else "", submitted_at=moment, spelt=text)


def safe_id(text: str) -> str:
    """An id that is a plain file name: letters, digits, . _ - and nothing that hides or leads away."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9._+-]+", "_", plain).strip("._")[:80]
    return plain or "learner-" + format(abs(hash_of(text)), "x")[:8]


def hash_of(text: str) -> int:
    import zlib

    return zlib.crc32(text.encode("utf-8", "surrogatepass"))


def _moment(text: str, where: str) -> str:
    """A time in ISO 8601; a time without a zone is this machine's."""
    try:
        return datetime.fromisoformat(text).astimezone().isoformat()
    except ValueError as error:
        raise UsageProblem(
            f"{where}: {text!r} is no time", next_step="write it like 2026-05-01T23:59:00+02:00"
        ) from error


def _read_list(place: Path) -> dict[str, dict[str, str]]:
    """The instructor's own list of sources, if there is one. Raises UsageProblem: a line that is lost is a wrong grade."""
    file = place / LIST_NAME
    if not file.is_file():
        return {}
    try:
        rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"), newline=""), strict=True))
    except UnicodeDecodeError as error:
        raise UsageProblem(f"{file} is not UTF-8: {error}", next_step="save it as CSV UTF-8") from error
    except csv.Error as error:
        raise UsageProblem(f"{file} is no CSV file: {error}", next_step="commas divide the columns") from error
    unknown = {column for row in rows for column in row if column is not None} - set(LIST_COLUMNS)
    if unknown or any(not row.get("source") for row in rows):
        raise UsageProblem(
            f"{file} must have the columns {', '.join(LIST_COLUMNS)} (source in every row), "
            f"not: {', '.join(sorted(unknown)) or 'a row without source'}",
            next_step="correct its first line; commas divide the columns",
        )
    if long := [row["source"] for row in rows if None in row]:
        raise UsageProblem(
            f"{file} has more cells than columns at {', '.join(long)}",
            next_step='a cell that holds a comma stands in quotes: "Lovelace, Ada"',
        )
    if twice := sorted(source for source, count in Counter(row["source"] for row in rows).items() if count > 1):
        raise UsageProblem(f"{file} names {', '.join(twice)} more than once", next_step="keep one line of each")
    return {row["source"]: row for row in rows}


def render_list(rows: Sequence[Mapping[str, str]]) -> str:
    """The text of a submissions.csv."""
    out = io.StringIO()
    writer = csv.DictWriter(out, LIST_COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _apply(listed: dict[str, dict[str, str]], source: Source) -> Source:
    row = {key: value or "" for key, value in listed.get(source.path.name, {}).items()}
    when = _moment(row["submitted_at"], LIST_NAME) if row.get("submitted_at") else source.submitted_at
    learner = safe_id(row["learner"]) if row.get("learner") else source.id
    return replace(
        source, id=learner, name=row.get("name") or source.name, email=row.get("email") or source.email,
        submitted_at=when, spelt="" if row.get("learner") else source.spelt,
    )  # fmt: skip


def _sorted(sources: Iterator[Source] | list[Source]) -> list[Source]:
    """Sources by learner and time. Two names that become one id are told: one learner must not replace another."""
    sources = list(sources)
    spelt: dict[str, set[str]] = {}
    for source in sources:
        spelt.setdefault(source.id.casefold(), set()).add(source.spelt or source.id)
    for names in spelt.values():
        if len(names) > 1:
            raise UsageProblem(
                f"These cannot be told apart: {', '.join(sorted(map(ascii, names)))}",
                next_step=f"rename one, or say in {LIST_NAME} whose they are",
            )
    for learner, own in groupby(sorted(sources, key=lambda source: source.id), key=lambda source: source.id):
        attempts = list(own)
        if len(attempts) > 1 and not all(attempt.submitted_at for attempt in attempts):
            raise UsageProblem(
                f"{learner} handed in more than once, and not all times are known: "
                + ", ".join(sorted(attempt.label for attempt in attempts)),
                next_step=f"keep the one that counts, or say in {LIST_NAME} when each was handed in",
            )
        moments = {datetime.fromisoformat(attempt.submitted_at) for attempt in attempts if attempt.submitted_at}
        if len(attempts) > 1 and len(moments) < len(attempts):
            raise UsageProblem(
                f"{learner} handed in more than once at the same time: "
                + ", ".join(sorted(attempt.label for attempt in attempts)),
                next_step=f"keep the one that counts, or correct the times in {LIST_NAME}",
            )
    return sorted(sources, key=lambda source: (source.id, source.submitted_at, source.label))


def only_these(sources: list[Source], learners: Sequence[str]) -> list[Source]:
    """The submissions of these learners; raises UsageProblem for one who handed in nothing."""
    known = sorted({source.id for source in sources})
    for learner in learners:
        if learner not in known:
            near = difflib.get_close_matches(learner, known, n=1)
            named = [source.id for source in sources if source.name == learner]
            raise UsageProblem(
                f"Nobody with the id {learner!r} handed in",
                next_step=f"did you mean {(named or near)[0]!r}?"
                if named or near
                else f"ids are {', '.join(known[:10])}",
            )
    return [source for source in sources if source.id in learners]


def open_source(source: Source) -> BinaryIO:
    """The submission as one stream for the unpacking process: an archive as it is, a folder as a plain tar.

    Raises LabError if it cannot be read: that is nobody's hand-in, and no learner's fault.
    """
    try:
        return open(source.path, "rb") if source.path.is_file() else _packed(source.path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise LabError(
            f"{error.filename or source.label} cannot be read: {error.strerror or error}",
            next_step="look at its permissions, then call lab grade again with --retry-broken",
        ) from error


def _packed(folder: Path) -> BinaryIO:
    import tempfile

    stream = tempfile.TemporaryFile()  # noqa: SIM115 (the caller closes it)
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        _add_folder(archive, folder)
    stream.seek(0)
    return stream  # type: ignore[return-value]


def _add_folder(archive: tarfile.TarFile, folder: Path) -> None:
    """Regular files only; no link is followed, no device opened, nothing that cannot be read is passed over."""
    count = size = 0
    for root, folders, names, descriptor in os.fwalk(folder, follow_symlinks=False, onerror=_raise):
        folders[:] = sorted(name for name in folders if name not in LEFT_BEHIND)
        for name in sorted(names):
            opened = _open_plain(name, descriptor)
            if opened is None:
                continue
            with os.fdopen(opened, "rb") as stream:
                state = os.fstat(opened)
                count, size = count + 1, size + state.st_size
                if count > MOST_FILES or size > MOST_BYTES:
                    raise Refused(f"it holds more than {MOST_FILES} files or {MOST_BYTES // 1024 // 1024} MB")
                relative = os.path.relpath(os.path.join(root, name), folder)
                entry = tarfile.TarInfo(relative.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
                entry.size, entry.mode = state.st_size, state.st_mode & 0o777
                archive.addfile(entry, stream)
                if _version(os.fstat(opened)) != _version(state):
                    raise OSError(errno.EBUSY, "it changed while it was read", relative)


def _version(state: os.stat_result) -> tuple[int, int]:
    return state.st_size, state.st_mtime_ns


def _raise(error: OSError) -> None:
    raise error


def _open_plain(name: str, folder: int) -> int | None:
    try:
        opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # a link, a socket: left out
            return None
        raise
    if stat.S_ISREG(os.fstat(opened).st_mode):
        return opened
    os.close(opened)
    return None


def is_archive(place: Path) -> bool:
    return place.is_file() and (zipfile.is_zipfile(place) or tarfile.is_tarfile(place))
