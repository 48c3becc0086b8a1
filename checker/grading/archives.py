"""Reads archives of strangers into memory: regular files only, within limits, whatever the archive claims of itself."""

from __future__ import annotations

import io
import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

MOST_BYTES = 128 * 1024 * 1024
MOST_FILES = 20_000
MOST_RATIO = 100
RATIO_COUNTS_FROM = 16 * 1024 * 1024
LONGEST_NAME = 240
CHUNK = 1024 * 1024
TAR_SIGNS = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")
LEFT_BEHIND = {".terraform", ".venv", "venv", "node_modules", "__pycache__", ".pytest_cache", "__MACOSX", ".DS_Store"}
"""What tools make and nobody hands in on purpose."""


class Refused(Exception):
    """The submission is not taken; the text says why, in words for its learner."""


@dataclass(frozen=True)
class File:
    content: bytes
    executable: bool = False


@dataclass
class Tree:
    """Files by path. `left_out` lists what was not taken, with the reason."""

    files: dict[str, File] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    size: int = 0
    packed_size: int = 0

    def add(self, name: str, stream: BinaryIO, executable: bool) -> None:
        """Reads one file, as long as the limits allow."""
        if (path := self.usable(name)) is None:
            return
        pieces = []
        while piece := stream.read(CHUNK):
            self.size += len(piece)
            self._check_size()
            pieces.append(piece)
        self.files[path] = File(b"".join(pieces), executable)
        if len(self.files) > MOST_FILES:
            raise Refused(f"it holds more than {MOST_FILES} files")

    def usable(self, name: str) -> str | None:
        """The plain relative path of a name; None for what is left behind. Raises Refused for a name that leads away."""
        parts = [part for part in _plain(name).split("/") if part not in ("", ".")]
        if name.startswith(("/", "\\")) or ".." in parts or (parts and parts[0][1:2] == ":"):
            raise Refused(f"the name {shown(name)} leads out of the submission")
        if not parts or LEFT_BEHIND & set(parts):
            return None
        if any(len(part.encode("utf-8", "surrogateescape")) > LONGEST_NAME for part in parts) or len(parts) > 40:
            self.leave_out(name, "its name is too long")
            return None
        path = "/".join(parts)
        if any(ord(character) < 32 or 0xD800 <= ord(character) < 0xE000 or character == "\x7f" for character in path):
            self.leave_out(name, "its name holds control characters")
            return None
        return path

    def leave_out(self, name: str, why: str) -> None:
        if len(self.left_out) < 50:
            self.left_out.append(f"{shown(name)}: {why}")

    def _check_size(self) -> None:
        if self.size > MOST_BYTES:
            raise Refused(f"it is larger than {MOST_BYTES // 1024 // 1024} MB unpacked")
        if self.size > RATIO_COUNTS_FROM and self.packed_size and self.size > MOST_RATIO * self.packed_size:
            raise Refused(f"it unpacks to more than {MOST_RATIO} times its size")


def shown(name: str) -> str:
    """A name that does no harm on a terminal."""
    text = name.encode("unicode_escape").decode()
    return text if len(text) <= 120 else text[:117] + "..."


def read_archive(stream: BinaryIO, prefix: str = "") -> Tree:
    """The files of a zip or tar, told by its first bytes; with a prefix only those whose names begin so. Raises Refused."""
    tree = Tree(packed_size=stream.seek(0, io.SEEK_END))
    with _opened(stream) as archive:
        if isinstance(archive, zipfile.ZipFile):
            _read_zip(archive, tree, prefix)
        else:
            _read_tar(archive, tree, prefix)
    return tree


def top_names(stream: BinaryIO) -> list[str]:
    """The folders (`ada/`) and files at the top of an archive; nothing is unpacked, so nothing in it can be too large."""
    with _opened(stream) as archive:
        names = archive.namelist() if isinstance(archive, zipfile.ZipFile) else [e.name for e in _members(archive)]
    return sorted({first + slash for first, slash, _ in (_plain(name).partition("/") for name in names) if first})


@contextmanager
def _opened(stream: BinaryIO) -> Iterator[zipfile.ZipFile | tarfile.TarFile]:
    """The archive, told by its first bytes; whatever is wrong with it, then or later, is Refused."""
    stream.seek(0)
    begin = stream.read(265)
    stream.seek(0)
    try:
        if begin.startswith(b"PK"):
            with zipfile.ZipFile(stream) as archive:
                yield archive
        elif begin.startswith(TAR_SIGNS) or begin[257:262] == b"ustar" or not begin.strip(b"\0"):
            with tarfile.open(fileobj=stream, mode="r|*") as archive:
                yield archive
        else:
            raise Refused("it is neither a zip nor a tar file")
    except (zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, OSError, ValueError) as error:
        raise Refused(f"it cannot be unpacked: {error}") from error
    except (RuntimeError, NotImplementedError) as error:
        raise Refused(f"it cannot be unpacked: {error}; a password or a method that unzip does not know?") from error


def _plain(name: str) -> str:
    """A name with the slashes of Unix."""
    return name.replace("\\", "/")


def _read_zip(archive: zipfile.ZipFile, tree: Tree, prefix: str) -> None:
    for entry in (each for each in archive.infolist() if _plain(each.filename).startswith(prefix)):
        mode = entry.external_attr >> 16
        if entry.is_dir():
            tree.usable(entry.filename)
        elif mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
            tree.leave_out(entry.filename, "it is a link or a device")
            tree.usable(entry.filename)
        else:
            with archive.open(entry) as content:
                tree.add(entry.filename, content, _is_executable(entry, mode, archive))


def _is_executable(entry: zipfile.ZipInfo, mode: int, archive: zipfile.ZipFile) -> bool:
    """The run bit; Windows' zips have none, there a first line `#!` counts."""
    if mode:
        return bool(mode & 0o111)
    with archive.open(entry) as content:
        return content.read(2) == b"#!"


def _read_tar(archive: tarfile.TarFile, tree: Tree, prefix: str) -> None:
    for entry in (each for each in _members(archive) if _plain(each.name).startswith(prefix)):
        if entry.isdir():
            tree.usable(entry.name)
        elif entry.isreg():
            content = archive.extractfile(entry)
            assert content is not None
            tree.add(entry.name, content, bool(entry.mode & 0o111))  # type: ignore[arg-type]
        else:
            tree.leave_out(entry.name, "it is a link or a device")
            tree.usable(entry.name)


def lay_out(stream: BinaryIO, folder: Path) -> None:
    """Writes the files of a tar that unpack.py made. Not with the library's filters: Python 3.11.0 to 3.11.3 have none."""
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for entry in archive:
            if not entry.isreg() or (path := Tree().usable(entry.name)) is None:
                continue
            place, content = folder / path, archive.extractfile(entry)
            assert content is not None
            place.parent.mkdir(parents=True, exist_ok=True)
            with open(place, "wb") as file:
                shutil.copyfileobj(content, file)
            place.chmod(0o755 if entry.mode & 0o111 else 0o644)


def _members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    for number, entry in enumerate(archive):
        if number > 2 * MOST_FILES:
            raise Refused(f"it holds more than {MOST_FILES} files")
        archive.members = []  # the library keeps every entry otherwise
        yield entry
