"""What the archives of a function's code, or of all its layers together, make of a folder; looked at before a byte is written.

Nothing of this touches the disk, so an archive cannot bend the meaning of another one's links while it is unpacked. The
sentences are ours, except for Lambda's about what it cannot unzip.
"""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from labcloud.awslambda.errors import InvalidParameterValue

BROKEN = "Could not unzip uploaded file. Please check your file, then try to upload again."
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What zip tools write unless they are asked for something else; LZMA's dictionary may ask for 4 GB of memory."""
DEEPEST, LONGEST_NAME, LONGEST_LINK = 100, 255, 1023
"""Folders in each other; bytes of one name (Linux), and of a link's target."""
MOST_HOPS, MOST_STEPS = 40, 2_000_000
"""Links that Linux follows in one path; folders that all links of an archive may lead through."""
Path = tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """One entry at its place. `target` is the text of a link, else None."""

    path: Path
    info: zipfile.ZipInfo
    archive: zipfile.ZipFile
    target: str | None = None


@dataclass(frozen=True)
class Layout:
    """The folder that comes of it: of entries with the same name the last one counts."""

    folders: Sequence[Path]
    """Each after the one that it is in."""
    files: Sequence[Entry]
    links: Sequence[Entry]


@dataclass
class _Steps:
    """How much work the links may still make."""

    left: int = field(default=MOST_STEPS)


def lay_out(archives: Iterable[zipfile.ZipFile]) -> Layout:
    """Raises InvalidParameterValue for what would land outside, is no file, folder or link, or stands in its own way."""
    found: dict[Path, Entry] = {}
    folders: set[Path] = set()
    for archive in archives:
        _check_overlaps(archive)
        for info in archive.infolist():
            entry = read_entry(archive, info)
            if info.is_dir():
                folders.add(entry.path)
            else:
                found[entry.path] = entry
    for path in (*found, *folders):
        folders.update(path[:depth] for depth in range(1, len(path)))
    folders.discard(())
    if twice := next((path for path in folders if path in found), None):
        raise InvalidParameterValue(f"The package has {_shown(twice)} as a folder and as something else")
    links = {path: entry.target for path, entry in found.items() if entry.target is not None}
    steps = _Steps()
    for path in links:
        if _leads_outside(path, links, steps):
            raise InvalidParameterValue(f"The package has a link outside of its folder: {_shown(path)}")
    entries = list(found.values())
    return Layout(
        sorted(folders),
        [entry for entry in entries if entry.target is None],
        [entry for entry in entries if entry.target is not None],
    )


def read_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Entry:
    """Raises InvalidParameterValue for a name that no file can have here, and for what is no file, folder or link."""
    name = info.filename.replace("\\", "/")
    path = tuple(part for part in name.split("/") if part not in ("", "."))
    if name.startswith("/") or ".." in path or "\0" in name or name[1:2] == ":":
        raise InvalidParameterValue(f"The package has an entry outside of its folder: {info.filename!r}")
    if info.flag_bits & 0x1:
        raise InvalidParameterValue(f"The package has an encrypted entry: {info.filename!r}")
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
        raise InvalidParameterValue(f"The package has an entry that is no file: {info.filename!r}")
    if len(path) > DEEPEST:
        raise InvalidParameterValue(f"The package has an entry in more than {DEEPEST} folders: {name[:40]!r}…")
    try:
        too_long = any(len(part.encode()) > LONGEST_NAME for part in path)
    except UnicodeEncodeError:
        too_long = True
    if too_long or (not path and not info.is_dir()) or info.compress_type not in METHODS:
        raise InvalidParameterValue(BROKEN)
    is_link = stat.S_ISLNK(mode) and not info.is_dir()
    return Entry(path, info, archive, _target(archive, info) if is_link else None)


def _target(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> str:
    target = archive.read(info).decode() if info.file_size <= LONGEST_LINK else "/"
    if target.startswith("/"):
        raise InvalidParameterValue(f"The package has a link outside of its folder: {info.filename!r}")
    if not target or "\0" in target:
        raise InvalidParameterValue(BROKEN)
    return target


def _check_overlaps(archive: zipfile.ZipFile) -> None:
    """Entries that share their bytes make a small archive endless to read."""
    if sum(info.compress_size for info in archive.infolist()) > archive.start_dir:
        raise InvalidParameterValue(BROKEN)


def _leads_outside(path: Path, links: Mapping[Path, str | None], steps: _Steps) -> bool:
    """Goes a path as Linux does; beyond its number of links nobody gets anywhere."""
    here: list[str] = []
    ahead, hops = list(reversed(path)), 0
    while ahead:
        steps.left -= 1
        if steps.left < 0:
            raise InvalidParameterValue(f"The package's links lead through more than {MOST_STEPS} folders")
        part = ahead.pop()
        if part == "..":
            if not here:
                return True
            here.pop()
            continue
        here.append(part)
        target = links.get(tuple(here))
        if target is not None:
            hops += 1
            if hops > MOST_HOPS:
                return False
            here.pop()
            ahead.extend(reversed([each for each in target.split("/") if each not in ("", ".")]))
    return False


def _shown(path: Path) -> str:
    return repr("/".join(path))
