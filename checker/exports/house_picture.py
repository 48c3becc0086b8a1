"""What the house did, as a picture for each zone: its sensors' lines, and shaded behind them when its air conditioner ran."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from checker.exports.markup import Html, element, wide
from checker.exports.model import House

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 880, 200, 56, 10, 150, 26
POINTS_AT_MOST = 400
ZONES_AT_MOST, SENSORS_AT_MOST = 8, 6
INVALID_CELSIUS = 40.0
"""From here on a reading is an artefact: a circle beside the line."""
DASHES = ("none", "7 4", "2 3", "10 3 2 3", "4 2", "1 4")
"""Lines of one zone lie close together: they differ in colour and in how they are drawn."""
STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)

Reading = tuple[float, str, str, float]


@dataclass(frozen=True)
class Scale:
    """Where a second and a temperature lie in a picture; the same for all zones, so that they can be compared."""

    begin: float
    end: float
    low: float
    high: float

    def x(self, second: float) -> float:
        inside = min(max(second, self.begin), self.end) - self.begin
        return LEFT + (WIDTH - LEFT - RIGHT) * inside / max(self.end - self.begin, 1e-9)

    def y(self, celsius: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (self.high - celsius) / (self.high - self.low)


def house_pictures(house: House) -> list[Html]:
    """A figure for each zone that sent readings, with the same in words below it."""
    readings = [reading for reading in house.readings if math.isfinite(reading[0]) and math.isfinite(reading[3])]
    if not readings:
        return []
    seconds, celsius = [r[0] for r in readings], [r[3] for r in readings]
    low = math.floor(min(celsius))
    scale = Scale(min(seconds), max(seconds), low, max(math.ceil(max(celsius)), low + 1))
    zones = sorted({zone for _, zone, _, _ in readings})[:ZONES_AT_MOST]
    return [
        _zone(zone, [r for r in readings if r[1] == zone], times_on(house, zone, scale.end), scale) for zone in zones
    ]


def times_on(house: House, zone: str, end: float) -> list[tuple[float, float]]:
    """From when to when a zone's air conditioner was on."""
    spans, since = [], None
    for second, of_zone, on in [*sorted(house.commands), (end, zone, False)]:
        if of_zone == zone and on and since is None:
            since = second
        elif of_zone == zone and not on and since is not None:
            spans.append((since, max(second, since)))
            since = None
    return spans


def _zone(zone: str, readings: Sequence[Reading], spans: Sequence[tuple[float, float]], scale: Scale) -> Html:
    shapes = [_shade(scale.x(since), scale.x(until)) for since, until in spans]
    shapes += [_grid(value, scale.y(value)) for value in ticks(scale.low, scale.high, 5)]
    shapes += [_tick(_minutes(second), scale.x(second)) for second in ticks(scale.begin, scale.end, 8, unit=60)]
    sensors = sorted({sensor for _, _, sensor, _ in readings})[:SENSORS_AT_MOST]
    for position, sensor in enumerate(sensors):
        own = sorted(reading for reading in readings if reading[2] == sensor)
        shapes += _sensor(position, [r for r in own if r[3] < INVALID_CELSIUS], scale, f"sensor {sensor}")
        shapes += [_circle(scale.x(r[0]), scale.y(r[3]), position) for r in own if r[3] >= INVALID_CELSIUS][
            :POINTS_AT_MOST
        ]
    invalid = sum(reading[3] >= INVALID_CELSIUS for reading in readings)
    rows = len(sensors)
    if invalid:
        shapes += [_circle(_legend_x() + 11, _legend_y(rows) - 4), _legend("invalid reading", rows)]
        rows += 1
    if spans:
        shapes += [_sample(rows), _legend("air conditioner on", rows)]
    picture = element(
        "svg", shapes, view_box=f"0 0 {WIDTH} {HEIGHT}", width=WIDTH, height=HEIGHT, role="img",
        aria_label=f"Temperatures of zone {zone} over time",
    )  # fmt: skip
    words = element("figcaption", in_words(zone, readings, spans))
    return element("figure", wide(picture, f"Zone {zone}"), words)


def in_words(zone: str, readings: Sequence[Reading], spans: Sequence[tuple[float, float]]) -> str:
    """What the picture of a zone shows."""
    valid = [reading[3] for reading in readings if reading[3] < INVALID_CELSIUS]
    between = f"{min(valid):.0f} to {max(valid):.0f} °C" if valid else "no valid reading"
    ran = " and ".join(f"from {_minutes(since)} to {_minutes(until)}" for since, until in spans[:6])
    conditioner = f"air conditioner on {ran}" if spans else "air conditioner never on"
    more = f" and {len(spans) - 6} times more" if len(spans) > 6 else ""
    invalid = len(readings) - len(valid)
    artefacts = (
        f"; {invalid} invalid reading{'s' * (invalid != 1)}, {INVALID_CELSIUS:.0f} °C and more" if invalid else ""
    )
    return f"Zone {zone}: {between}; {conditioner}{more}{artefacts}."


def ticks(low: float, high: float, most: int, unit: float = 1) -> list[float]:
    """At most so many round values between two, in multiples of the unit."""
    step = next((step * unit for step in STEPS if (high - low) / (step * unit) <= most), (high - low) or unit)
    first = math.ceil(low / step) * step
    return [first + n * step for n in range(most + 1) if first + n * step <= high]


def _minutes(second: float) -> str:
    return f"{second / 60:.0f} min" if second >= 60 else f"{second:.0f} s"


def _grid(value: float, height: float) -> Html:
    return element(
        "g",
        element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=f"{height:.1f}", y2=f"{height:.1f}", style="stroke: var(--line)"),
        element("text", f"{value:g} °C", x=LEFT - 6, y=f"{height + 4:.1f}", text_anchor="end"),
    )


def _tick(label: str, x: float) -> Html:
    return element("text", label, x=f"{x:.1f}", y=HEIGHT - 8, text_anchor="middle")


def _shade(left: float, right: float) -> Html:
    height = HEIGHT - TOP - BOTTOM
    return element("rect", x=f"{left:.1f}", y=TOP, width=f"{max(right - left, 1):.1f}", height=height, class_="shade")


def _sensor(position: int, readings: Sequence[Reading], scale: Scale, label: str) -> list[Html]:
    every = math.ceil(len(readings) / POINTS_AT_MOST) or 1
    drawn = " ".join(f"{scale.x(r[0]):.1f},{scale.y(r[3]):.1f}" for r in [*readings[::every], *readings[-1:]])
    style = f"{_stroke(position)}; stroke-width: 1.6; stroke-dasharray: {DASHES[position]}"
    y = _legend_y(position) - 4
    return [
        element("polyline", points=drawn, style=style),
        element("line", x1=_legend_x(), x2=_legend_x() + 22, y1=y, y2=y, style=style),
        _legend(label[:20], position),
    ]


def _stroke(position: int | None) -> str:
    return "fill: none; stroke: " + ("currentColor" if position is None else f"var(--line-{position})")


def _circle(x: float, y: float, position: int | None = None) -> Html:
    return element("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=3, style=f"{_stroke(position)}; stroke-width: 1.4")


def _sample(row: int) -> Html:
    return element("rect", x=_legend_x(), y=_legend_y(row) - 10, width=22, height=12, class_="shade")


def _legend(text: str, row: int) -> Html:
    return element("text", text, x=_legend_x() + 28, y=_legend_y(row))


def _legend_x() -> int:
    return WIDTH - RIGHT + 8


def _legend_y(row: int) -> int:
    return TOP + 12 + 18 * row
