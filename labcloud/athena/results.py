"""What a statement gives: columns, and the object that is written to S3."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A column of a result."""

    name: str
    type: str


@dataclass(frozen=True)
class Result:
    """`body`: a query's rows as CSV with the names, another statement's lines."""

    columns: tuple[Column, ...]
    body: bytes
    scanned_bytes: int = 0
