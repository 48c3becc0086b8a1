"""The ways a check can end other than passing. Each carries what the learner reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


class NotAsExpected(Exception):
    """The behaviour is not there: the check failed."""

    def __init__(self, *, expected: str, got: str, because: str = "", fix: str = "") -> None:
        super().__init__(f"expected {expected}, got {got}")
        self.expected, self.got, self.because, self.fix = expected, got, because, fix


class NotReady(Exception):
    """What the check builds on is missing: the check is skipped and earns nothing."""

    def __init__(self, because: str, *, fix: str = "") -> None:
        super().__init__(because)
        self.because, self.fix = because, fix


class NotAvailable(Exception):
    """The target lacks what the check needs, through nobody's fault: the check is skipped."""

    def __init__(self, because: str) -> None:
        super().__init__(because)
        self.because = because


def expect(
    condition: object,
    *,
    expected: object,
    got: object,
    because: object = "",
    fix: object = "",
) -> None:
    """Ends the check as failed unless `condition` holds. Texts may be callables: they are asked only on failure."""
    if not condition:
        raise NotAsExpected(expected=_text(expected), got=_text(got), because=_text(because), fix=_text(fix))


def as_json(value: object) -> str:
    """A value of a message, an item or a row as JSON: what learners send and see, not what Python makes of it."""
    return json.dumps(value, ensure_ascii=False, default=str)


def _text(value: object) -> str:
    return str(value()) if callable(value) else str(value)


class Later:
    """A text that is made only when somebody reads it, so that an explanation costs nothing while all is well."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    def __str__(self) -> str:
        return str(self._make())
