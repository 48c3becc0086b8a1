"""Function packages and layers: refused as AWS refuses them, and unpacked without trusting them.

AWS Lambda developer guide, "Lambda quotas" and "Working with .zip file archives". Links that stay inside are kept.
"""

from __future__ import annotations

import contextlib
import io
import lzma
import os
import shutil
import stat
import struct
import zipfile
import zlib
from pathlib import Path

from labcloud.awslambda.errors import InvalidParameterValue

MAX_UNZIPPED_BYTES = 262_144_000
MAX_ZIPPED_BYTES = 52_428_800
MAX_ENTRIES = 65_535
_CHUNK = 1024 * 1024
DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError, OverflowError),
    *(RuntimeError, NotImplementedError),
)
"""What Python's zipfile raises for bytes that are no zip any more."""
_BROKEN = "Could not unzip uploaded file. Please check your file, then try to upload again."


def check_package(package: bytes, *, already_unzipped: int = 0, direct_upload: bool = False) -> int:
    """Returns the unzipped size, or raises InvalidParameterValue: what CreateFunction and UpdateFunctionCode refuse.

    `already_unzipped`: the bytes of the function's layers, which count towards the same limit.
    """
    if direct_upload and len(package) > MAX_ZIPPED_BYTES:
        raise InvalidParameterValue(f"Zipped size must be smaller than {MAX_ZIPPED_BYTES} bytes")
    archive = _open(package)
    entries = archive.infolist()
    if not entries:
        raise InvalidParameterValue("Uploaded file must be a non-empty zip")
    if len(entries) > MAX_ENTRIES:
        raise InvalidParameterValue(f"The package has {len(entries)} entries; at most {MAX_ENTRIES} are unpacked")
    total = already_unzipped + sum(entry.file_size for entry in entries)
    if total >= MAX_UNZIPPED_BYTES:
        raise InvalidParameterValue(_too_large())
    for entry in entries:
        check_entry(entry)
    return total - already_unzipped


def check_entry(entry: zipfile.ZipInfo) -> None:
    """Raises InvalidParameterValue for an entry that would land outside, is encrypted, or is no file, folder or link."""
    name = entry.filename.replace("\\", "/")
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or "\0" in name or (parts[0][1:2] == ":"):
        raise InvalidParameterValue(f"The package has an entry outside of its folder: {entry.filename!r}")
    if entry.flag_bits & 0x1:
        raise InvalidParameterValue(f"The package has an encrypted entry: {entry.filename!r}")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
        raise InvalidParameterValue(f"The package has an entry that is no file: {entry.filename!r}")


def unpack(package: bytes, directory: Path) -> None:
    """Unpacks into `directory` (made if missing), read-only. Raises InvalidParameterValue as `check_package` does.

    The declared sizes are not believed: the real bytes are counted while they are written.
    """
    check_package(package)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with _open(package) as archive:
            _unpack_links(archive, _unpack_files(archive, directory), directory)
    except InvalidParameterValue:
        raise
    except DAMAGED as problem:
        raise InvalidParameterValue(f"{_BROKEN} ({problem})") from problem


def _unpack_files(archive: zipfile.ZipFile, directory: Path) -> list[zipfile.ZipInfo]:
    """Writes files and folders; returns the links, which are made when nothing can be written through them."""
    budget, links = MAX_UNZIPPED_BYTES, []
    for entry in archive.infolist():
        target = directory / entry.filename.replace("\\", "/")
        if entry.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        elif stat.S_ISLNK(entry.external_attr >> 16):
            links.append(entry)
        else:
            budget -= _write(archive, entry, target, budget)
    return links


def _unpack_links(archive: zipfile.ZipFile, links: list[zipfile.ZipInfo], directory: Path) -> None:
    """A link may bend the meaning of another, so the final look at all of them decides."""
    root = directory.resolve()
    for entry in links:
        target = directory / entry.filename
        target.parent.mkdir(parents=True, exist_ok=True)
        points_to = archive.read(entry).decode() if entry.file_size < 4096 else "/"
        if points_to.startswith("/") or not target.parent.resolve().is_relative_to(root):
            raise InvalidParameterValue(_link_outside(entry))
        target.unlink(missing_ok=True)
        target.symlink_to(points_to)
    for entry in links:
        if not (directory / entry.filename).resolve().is_relative_to(root):
            raise InvalidParameterValue(_link_outside(entry))


def make_read_only(directory: Path) -> None:
    """Takes away everybody's right to write, as /var/task has none."""
    for folder, _, files in os.walk(directory, topdown=False):
        for name in files:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                os.chmod(path, os.stat(path).st_mode & 0o555)
        os.chmod(folder, 0o555)


def remove_tree(directory: Path) -> None:
    """Removes a folder whose subfolders may be read-only; somebody else may be removing it at the same time."""
    for folder, _, _ in os.walk(directory):
        with contextlib.suppress(FileNotFoundError):
            os.chmod(folder, 0o700)
    shutil.rmtree(directory, ignore_errors=True)


def _open(package: bytes) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(package))
    except DAMAGED as problem:
        raise InvalidParameterValue(_BROKEN) from problem


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, budget: int) -> int:
    written = 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(entry) as source, target.open("wb") as sink:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written >= budget:
                raise InvalidParameterValue(_too_large())
            sink.write(chunk)
    executable = (entry.external_attr >> 16) & 0o111
    target.chmod(0o755 if executable else 0o644)
    return written


def _link_outside(entry: zipfile.ZipInfo) -> str:
    return f"The package has a link outside of its folder: {entry.filename!r}"


def _too_large() -> str:
    return f"Unzipped size must be smaller than {MAX_UNZIPPED_BYTES} bytes"
