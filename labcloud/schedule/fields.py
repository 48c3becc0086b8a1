"""The six fields of a cron expression as sets of numbers: values, names, lists, ranges, steps.

Source: EventBridge user guide, "Setting a schedule pattern for scheduled rules". Where that page is silent the Quartz
dialect counts, which AWS's resembles: a range may wrap around (`22-2`), a step is at most the field's largest value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from labcloud.schedule.errors import ScheduleError

MONTHS = {
    name: at
    for at, name in enumerate(
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"], start=1
    )
}
DAYS = {name: at for at, name in enumerate(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"], start=1)}


@dataclass(frozen=True)
class Field:
    """What one field may hold."""

    name: str
    low: int
    high: int
    names: Mapping[str, int] = field(default_factory=dict)

    def refuse(self, text: str, why: str) -> ScheduleError:
        return ScheduleError(f"The {self.name} field is {text!r}: {why}.")

    def parse(self, text: str) -> frozenset[int]:
        """Reads a list of values, ranges and steps."""
        values: set[int] = set()
        for part in text.split(","):
            values |= self._part(text, part)
        return frozenset(values)

    def value(self, text: str, part: str) -> int:
        """Reads one number or name of the field."""
        number = self.names.get(part.upper())
        if number is None and part.isascii() and part.isdigit():
            number = int(part)
        if number is None or not self.low <= number <= self.high:
            names = f" or {min(self.names, key=self._order)}-{max(self.names, key=self._order)}" if self.names else ""
            raise self.refuse(text, f"{part!r} is not {self.low}-{self.high}{names}")
        return number

    def _order(self, name: str) -> int:
        return self.names[name]

    def _part(self, text: str, part: str) -> set[int]:
        if not part:
            raise self.refuse(text, "a value is missing at a comma")
        base, slash, written_step = part.partition("/")
        step = self._step(text, written_step) if slash else 1
        if base == "*" or (slash and not base):
            return set(range(self.low, self.high + 1, step))
        first, dash, last = base.partition("-")
        start = self.value(text, first)
        if dash:
            return self._range(start, self.value(text, last), step)
        return set(range(start, self.high + 1, step)) if slash else {start}

    def _step(self, text: str, written: str) -> int:
        if not (written.isascii() and written.isdigit() and int(written) > 0):
            raise self.refuse(text, f"the step {written!r} is not a whole number from 1")
        if int(written) > self.high:
            raise self.refuse(text, f"the step {written} is larger than {self.high}")
        return int(written)

    def _range(self, start: int, end: int, step: int) -> set[int]:
        size = self.high - self.low + 1
        if end < start:
            end += size
        return {self.low + (number - self.low) % size for number in range(start, end + 1, step)}


MINUTES = Field("minutes", 0, 59)
HOURS = Field("hours", 0, 23)
DAY_OF_MONTH = Field("day-of-month", 1, 31)
MONTH = Field("month", 1, 12, MONTHS)
DAY_OF_WEEK = Field("day-of-week", 1, 7, DAYS)
YEAR = Field("year", 1970, 2199)
