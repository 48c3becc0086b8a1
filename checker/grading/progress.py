"""Tells how a grading goes on: a line for each submission with counts and the time left."""

from __future__ import annotations

import time

import click

from checker.grading.result import why_of
from checker.grading.run import Done

RENEWED = "taken over: an earlier grading of the same files counts again, with what is known now"


class Progress:
    """`clock` gives seconds that only grow."""

    def __init__(self, total: int) -> None:
        self._total, self._count, self._fresh, self._renewed = total, 0, 0, 0
        self._begun = time.monotonic()

    def done(self, done: Done) -> None:
        """Says what became of one submission."""
        self._count += 1
        self._fresh += done.fresh
        self._renewed += done.renewed
        what = describe(done) if done.fresh else RENEWED if done.renewed else "unchanged"
        click.echo(f"{self._count}/{self._total}  {done.source.id}  {what}{self._left()}", err=True)

    def _left(self) -> str:
        if not self._fresh or self._count == self._total:
            return ""
        seconds = (time.monotonic() - self._begun) / self._count * (self._total - self._count)
        return f"  ({in_words(seconds)} left)"

    def end(self) -> None:
        seconds = time.monotonic() - self._begun
        unchanged = self._count - self._fresh - self._renewed
        renewed = f"{self._renewed} taken over, " if self._renewed else ""
        click.echo(f"{self._fresh} graded, {renewed}{unchanged} unchanged, in {in_words(seconds)}", err=True)


def describe(done: Done) -> str:
    """`72/100 points in 21 s`, or why not."""
    result = done.result
    points = f"{result['points']}/{result['max_points']} points"
    bonus = f" and {result['bonus']} bonus" if result["bonus"] else ""
    problem = f": {result['status']}, {why}" if (why := why_of(result)) else ""
    return f"{points}{bonus} in {done.seconds:.0f} s{problem}"


def in_words(seconds: float) -> str:
    """`40 s`, `3 min`, `2 h 10 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
