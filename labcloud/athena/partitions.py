"""The partitions that a query reads: registered or projected ones. Pure.

Source: Athena User Guide, "Partition projection", "Supported types for partition projection".
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from labcloud.athena.errors import QueryFailed
from labcloud.athena.formats import TableForm

MOST_PROJECTED = 100_000
MOST_STEPS = 1_000_000
"""Of a range of dates: of an interval of seconds and a format of years most steps give what the one before gave."""
MOST_DIGITS = 64
LONGEST_LOCATIONS = 64 * 1024 * 1024
"""Characters of all locations together."""
_UNITS = {
    "SECONDS": timedelta(seconds=1),
    "MINUTES": timedelta(minutes=1),
    "HOURS": timedelta(hours=1),
    "DAYS": timedelta(days=1),
    "WEEKS": timedelta(weeks=1),
}
_JAVA = (("yyyy", "%Y"), ("MM", "%m"), ("dd", "%d"), ("HH", "%H"), ("mm", "%M"), ("ss", "%S"))


@dataclass(frozen=True)
class Partition:
    """Values in the order of the partition keys, and where the objects are."""

    values: tuple[str, ...]
    location: str


def registered(form: TableForm, partitions: Iterable[Mapping[str, Any]]) -> list[Partition]:
    """From Glue's partitions."""
    found = []
    for partition in partitions:
        location = (partition.get("StorageDescriptor") or {}).get("Location")
        values = tuple(str(value) for value in partition.get("Values") or ())
        if location is None:
            keys = (name for name, _ in form.partition_keys)
            path = "/".join(f"{key}={value}" for key, value in zip(keys, values, strict=True))
            location = f"{form.location.rstrip('/')}/{path}/"
        found.append(Partition(values, location))
    return found


def projected(form: TableForm, wanted: Mapping[str, list[str]], now_s: float) -> list[Partition]:
    """All projected partitions; `wanted` are the values that WHERE demands of a key by equality."""
    ranges, total = [], 1
    for name, _ in form.partition_keys:
        ranges.append(list(itertools.islice(_values(form, name, wanted.get(name), now_s), MOST_PROJECTED + 1)))
        total *= max(1, len(ranges[-1]))
    if total > MOST_PROJECTED:
        raise QueryFailed(
            f"EXCEEDED_LOCAL_LIMIT: the projection makes more than {MOST_PROJECTED} partitions; restrict them in WHERE."
        )
    longest = len(form.location) + len(form.parameters.get("storage.location.template", ""))
    longest += sum(
        max(map(len, values), default=0) + len(name)
        for values, (name, _) in zip(ranges, form.partition_keys, strict=True)
    )
    if longest * total > LONGEST_LOCATIONS:
        raise QueryFailed("EXCEEDED_LOCAL_LIMIT: the projection's locations are too long; restrict them in WHERE.")
    return [Partition(values, _location(form, values)) for values in itertools.product(*ranges)]


def _location(form: TableForm, values: tuple[str, ...]) -> str:
    names = [name for name, _ in form.partition_keys]
    template = form.parameters.get("storage.location.template")
    if template is None:
        path = "/".join(f"{name}={value}" for name, value in zip(names, values, strict=True))
        return f"{form.location.rstrip('/')}/{path}/"
    for name, value in zip(names, values, strict=True):
        template = template.replace(f"${{{name}}}", value)
    return template


def _values(form: TableForm, name: str, wanted: list[str] | None, now_s: float) -> Iterator[str]:
    settings = {
        key.removeprefix(f"projection.{name}."): value
        for key, value in form.parameters.items()
        if key.startswith(f"projection.{name}.")
    }
    kind = settings.get("type")
    if kind == "injected":
        if wanted is None:
            raise QueryFailed(
                f"CONSTRAINT_VIOLATION: For the injected projected partition column {name}, the WHERE clause must "
                "contain only static equality conditions, and at least one such condition must be present."
            )
        yield from wanted
    elif kind == "enum":
        yield from (value.strip() for value in settings.get("values", "").split(","))
    elif kind == "integer":
        yield from _integers(name, settings)
    elif kind == "date":
        yield from _dates(name, settings, now_s)
    else:
        raise QueryFailed(
            f"INVALID_TABLE_PROPERTY: projection.{name}.type is enum, integer, date or injected, not {kind}"
        )


def _integers(name: str, settings: Mapping[str, str]) -> Iterator[str]:
    try:
        low, high = (int(part) for part in settings["range"].split(","))
        step, digits = int(settings.get("interval", 1)), int(settings.get("digits", 0))
        if step < 1 or not 0 <= digits <= MOST_DIGITS:
            raise ValueError(f"interval is at least 1, digits are at most {MOST_DIGITS}")
    except (KeyError, ValueError) as error:
        raise QueryFailed(f"INVALID_TABLE_PROPERTY: projection.{name}.range is two whole numbers: {error}") from error
    yield from (str(number).zfill(digits) for number in range(low, high + 1, step))


def _dates(name: str, settings: Mapping[str, str], now_s: float) -> Iterator[str]:
    try:
        form = java_format(settings["format"])
        low, high = (_moment(part.strip(), form, now_s) for part in settings["range"].split(","))
        unit = _UNITS[settings.get("interval.unit", _unit_of(settings["format"])).upper()]
        step = unit * int(settings.get("interval", 1))
        if step <= timedelta(0):
            raise ValueError("interval is at least 1")
    except (KeyError, ValueError, OverflowError) as error:
        raise QueryFailed(f"INVALID_TABLE_PROPERTY: projection.{name}: {error}") from error
    if (high - low) / step > MOST_STEPS:
        raise QueryFailed(f"EXCEEDED_LOCAL_LIMIT: projection.{name}.range has more than {MOST_STEPS} intervals.")
    moment, seen = low, ""
    while moment <= high:
        text = moment.strftime(form)
        if text != seen:
            yield text
        moment, seen = moment + step, text


def _moment(text: str, form: str, now_s: float) -> datetime:
    found = re.fullmatch(r"NOW(?:\s*([+-])\s*(\d+)\s*([A-Z]+))?", text, re.IGNORECASE)
    if found is None:
        return datetime.strptime(text, form)
    moment = datetime.fromtimestamp(now_s, UTC).replace(tzinfo=None)
    if found[1]:
        unit = found[3].upper()
        length = (
            timedelta(days=365 if unit.startswith("YEAR") else 30)
            if unit.rstrip("S") in ("YEAR", "MONTH")
            else _UNITS[unit if unit.endswith("S") else f"{unit}S"]
        )
        moment += length * int(found[2]) * (1 if found[1] == "+" else -1)
    return moment


def _unit_of(form: str) -> str:
    for letters, unit in (("ss", "SECONDS"), ("mm", "MINUTES"), ("HH", "HOURS"), ("dd", "DAYS")):
        if letters in form:
            return unit
    return "DAYS"


def java_format(form: str) -> str:
    """Java's date pattern as strftime's; quoted text stays."""
    parts = re.split(r"'([^']*)'", form)
    for number in range(0, len(parts), 2):
        for java, python in _JAVA:
            parts[number] = parts[number].replace(java, python)
        if left := re.search(r"(?<!%)[A-Za-z]", re.sub(r"%[A-Za-z]", "", parts[number])):
            raise ValueError(f"{left[0]!r} of the date format {form!r} is not served")
    return "".join(parts)
