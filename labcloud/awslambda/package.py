"""Function packages and layers: refused as AWS refuses them, and unpacked without trusting them.

AWS Lambda developer guide, "Lambda quotas" and "Working with .zip file archives". Links that stay inside are kept.
"""

from __future__ import annotations

import contextlib
import io
import lzma
import os
import shutil
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from labcloud.awslambda.entries import BROKEN, Entry, lay_out
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


def check_package(package: bytes, *, already_unzipped: int = 0, direct_upload: bool = False) -> int:
    """Returns the unzipped size, or raises InvalidParameterValue: what CreateFunction and UpdateFunctionCode refuse.

    `already_unzipped`: the bytes of the function's layers, which count towards the same limit. Everything is read once:
    what cannot be unzipped is told to who uploads it, not to who invokes the function.
    """
    if direct_upload and len(package) > MAX_ZIPPED_BYTES:
        raise InvalidParameterValue(f"Zipped size must be smaller than {MAX_ZIPPED_BYTES} bytes")
    try:
        with open(os.devnull, "wb") as nothing, _open(package) as archive:
            total = _declared_size(archive)
            check_sizes(total, already_unzipped)
            for entry in lay_out([archive]).files:
                _copy(entry, nothing)
    except DAMAGED as problem:
        raise InvalidParameterValue(BROKEN) from problem
    return total


def check_sizes(code: int, layers: int) -> None:
    """The unzipped bytes of a function's code and of its layers. Raises InvalidParameterValue."""
    if code + layers > MAX_UNZIPPED_BYTES and layers:
        raise InvalidParameterValue(
            f"Function code combined with layers exceeds the maximum allowed size of {MAX_UNZIPPED_BYTES} bytes. "
            f"The actual size is {code + layers} bytes."
        )


def unzipped_size(package: bytes) -> int:
    """The bytes that a package declares. Raises InvalidParameterValue for what is no zip or too large."""
    with _open(package) as archive:
        return _declared_size(archive)


def unpack(package: bytes, directory: Path) -> None:
    """Unpacks one package: see `unpack_together`."""
    unpack_together([package], directory)


def unpack_together(packages: Sequence[bytes], directory: Path) -> None:
    """Unpacks them over each other into `directory` (made if missing), read-only. Raises InvalidParameterValue.

    The declared sizes are not believed: no entry gives more bytes than it declares, and one that differs is refused.
    """
    with contextlib.ExitStack() as opened:
        try:
            archives = [opened.enter_context(_open(package)) for package in packages]
            for archive in archives:
                _declared_size(archive)
            layout = lay_out(archives)
            directory.mkdir(parents=True, exist_ok=True)
            for folder in layout.folders:
                os.mkdir(os.path.join(directory, *folder))
            for entry in layout.files:
                _write(entry, os.path.join(directory, *entry.path))
            for link in layout.links:
                os.symlink(str(link.target), os.path.join(directory, *link.path))
        except DAMAGED as problem:
            raise InvalidParameterValue(f"{BROKEN} ({problem})") from problem


def make_read_only(directory: Path) -> None:
    """Takes away everybody's right to add and remove files, as /var/task has none; files have none to write already."""
    for folder, _, _ in os.walk(directory, topdown=False):
        os.chmod(folder, 0o555)


def remove_tree(directory: Path) -> None:
    """Removes a folder whose subfolders may be read-only; somebody else may be removing it at the same time."""
    for folder, _, _ in os.walk(directory):
        with contextlib.suppress(FileNotFoundError):
            os.chmod(folder, 0o700)
    shutil.rmtree(directory, ignore_errors=True)


def _open(package: bytes) -> zipfile.ZipFile:
    if len(package) > MAX_UNZIPPED_BYTES:
        raise InvalidParameterValue(_too_large())
    try:
        return zipfile.ZipFile(io.BytesIO(package))
    except DAMAGED as problem:
        raise InvalidParameterValue(BROKEN) from problem


def _declared_size(archive: zipfile.ZipFile) -> int:
    entries = archive.infolist()
    if not entries:
        raise InvalidParameterValue("Uploaded file must be a non-empty zip")
    if len(entries) > MAX_ENTRIES:
        raise InvalidParameterValue(f"The package has {len(entries)} entries; at most {MAX_ENTRIES} are unpacked")
    total = sum(entry.file_size for entry in entries)
    if total >= MAX_UNZIPPED_BYTES:
        raise InvalidParameterValue(_too_large())
    return total


def _write(entry: Entry, target: str) -> None:
    """A file that nobody can write to any more; nothing is written through a link or over a file."""
    with open(target, "xb") as sink:
        _copy(entry, sink)
        os.fchmod(sink.fileno(), 0o555 if (entry.info.external_attr >> 16) & 0o111 else 0o444)


def _copy(entry: Entry, sink: IO[bytes]) -> None:
    """Reads a file to its end, where its checksum is looked at."""
    with entry.archive.open(entry.info) as source:
        shutil.copyfileobj(source, sink, _CHUNK)


def _too_large() -> str:
    return f"Unzipped size must be smaller than {MAX_UNZIPPED_BYTES} bytes"
