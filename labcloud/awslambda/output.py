"""What a worker writes to its pipe, cut into log events and marks. Pure, no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_EVENT_BYTES = 256 * 1024
_MARK = re.compile(rb"\0mark:([^\0\n]*)\0$")


@dataclass(frozen=True)
class Line:
    """One log event; a record of several lines stays one event."""

    text: str


@dataclass(frozen=True)
class Mark:
    """Everything that the worker wrote before it posted `name` (a request id, or "init") has been read."""

    name: str


class OutputSplitter:
    """Fed with bytes as they come; a line longer than 256 KB is cut, so that memory stays bounded."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Line | Mark]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            yield from self._complete(line)
        while len(self._rest) >= MAX_EVENT_BYTES:
            piece, self._rest = self._rest[:MAX_EVENT_BYTES], self._rest[MAX_EVENT_BYTES:]
            yield _line(piece)

    def finish(self) -> Iterator[Line | Mark]:
        """What stands in the pipe without a line break when the process ends."""
        rest, self._rest = self._rest, b""
        if rest:
            yield from self._complete(rest)

    def _complete(self, line: bytes) -> Iterator[Line | Mark]:
        mark = _MARK.search(line)
        if mark is None:
            yield from (
                _line(line[start : start + MAX_EVENT_BYTES]) for start in range(0, len(line) or 1, MAX_EVENT_BYTES)
            )
            return
        if mark.start():
            yield _line(line[: mark.start()])
        yield Mark(mark[1].decode("utf-8", "replace"))


def _line(data: bytes) -> Line:
    return Line(data.decode("utf-8", "replace").replace("\0", "\n") + "\n")
