"""What a statement gives: columns and rows of texts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A column of a result."""

    name: str
    type: str


@dataclass(frozen=True)
class Result:
    """Texts, row by row."""

    columns: tuple[Column, ...]
    rows: list[list[str | None]]
    scanned_bytes: int = 0
