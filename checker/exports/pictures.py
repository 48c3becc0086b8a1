"""Small pictures as inline SVG: what the house did, how scores are spread, a bar. They use the page's colours."""

from __future__ import annotations

import math
from collections.abc import Sequence

from checker.exports.markup import Html, element
from checker.exports.model import House

LINES = ("#2f6fab", "#c2571a", "#2e8b57", "#8e4fa8", "#a08000", "#b0305c", "#3a9a9a", "#6b6b6b")
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 880, 260, 56, 14, 120, 30
POINTS_AT_MOST = 400
INVALID_CELSIUS = 40.0
"""From here on a reading is an artefact: a dot beside the line."""


def bar(share: float, width: int = 120) -> Html:
    """A bar that is filled by a share between 0 and 1."""
    filled = max(0.0, min(1.0, share)) * width
    return element(
        "svg",
        element("rect", width=width, height=10, rx=3, style="fill: var(--line)"),
        element("rect", width=f"{filled:.1f}", height=10, rx=3, style="fill: var(--bar)"),
        view_box=f"0 0 {width} 10",
        width=width,
        height=10,
        role="img",
        aria_label=f"{share:.0%}",
    )


def histogram(counts: Sequence[int], labels: Sequence[str]) -> Html:
    """Columns with their counts above and their labels below."""
    step, most = WIDTH / len(counts), max(*counts, 1)
    columns = []
    for position, (count, label) in enumerate(zip(counts, labels, strict=True)):
        height = 150 * count / most
        middle = f"{(position + 0.5) * step:.1f}"
        columns += [
            element(
                "rect",
                x=f"{position * step + 4:.1f}",
                y=f"{170 - height:.1f}",
                width=f"{step - 8:.1f}",
                height=f"{height:.1f}",
                rx=3,
                style="fill: var(--bar)",
            ),
            element("text", str(count) if count else "", x=middle, y=f"{164 - height:.1f}", text_anchor="middle"),
            element("text", label, x=middle, y=188, text_anchor="middle"),
        ]
    return element("svg", columns, view_box=f"0 0 {WIDTH} 196", width=WIDTH, height=196, role="img")


def house_picture(house: House) -> Html | None:
    """The temperature of every sensor over time, and below it when each zone's air conditioner was on."""
    points = [reading for reading in house.readings if all(map(math.isfinite, (reading[0], reading[3])))]
    if not points:
        return None
    begin, end = min(p[0] for p in points), max(p[0] for p in points)
    low, high = math.floor(min(p[3] for p in points)), math.ceil(max(p[3] for p in points))
    high = max(high, low + 1)

    def x(second: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (min(max(second, begin), end) - begin) / max(end - begin, 1e-9)

    def y(celsius: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - celsius) / (high - low)

    shapes = [_grid(value, y(value)) for value in sorted({low, (low + high) / 2, high})]
    series: dict[tuple[str, str], tuple[list[tuple[float, float]], list[tuple[float, float]]]] = {}
    for second, zone, sensor, celsius in sorted(points, key=lambda p: p[0]):
        series.setdefault((zone, sensor), ([], []))[celsius >= INVALID_CELSIUS].append((x(second), y(celsius)))
    for position, ((zone, sensor), (line, dots)) in enumerate(sorted(series.items())[: len(LINES)]):
        shapes += _line(line, LINES[position], f"zone {zone}, sensor {sensor}", TOP + 10 + 16 * position)
        shapes += [_dot(*at, LINES[position]) for at in dots[:POINTS_AT_MOST]]
    if any(dots for _, dots in series.values()):
        shapes.append(_explain_dots(TOP + 10 + 16 * min(len(series), len(LINES))))
    zones = sorted({zone for _, zone, _ in house.commands})[:6]
    for row, zone in enumerate(zones):
        shapes += _spans(house, zone, x, HEIGHT + 2 + 16 * row, end)
    shapes += [
        element("text", _clock(begin), x=LEFT, y=HEIGHT - 12),
        element("text", _clock(end), x=WIDTH - RIGHT, y=HEIGHT - 12, text_anchor="end"),
    ]
    full = HEIGHT + 16 * len(zones)
    return element(
        "svg",
        shapes,
        view_box=f"0 0 {WIDTH} {full}",
        width=WIDTH,
        height=full,
        role="img",
        aria_label="Temperatures of the house over time",
    )


def _grid(value: float, height: float) -> Html:
    return element(
        "g",
        element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=f"{height:.1f}", y2=f"{height:.1f}", style="stroke: var(--line)"),
        element("text", f"{value:g} °C", x=LEFT - 5, y=f"{height + 4:.1f}", text_anchor="end"),
    )


def _line(line: Sequence[tuple[float, float]], colour: str, label: str, height: int) -> list[Html]:
    every = math.ceil(len(line) / POINTS_AT_MOST) or 1
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in [*line[::every], *line[-1:]])
    return [
        element("polyline", points=drawn, style=f"fill: none; stroke: {colour}; stroke-width: 1.6"),
        element("rect", x=WIDTH - RIGHT + 8, y=height - 9, width=10, height=10, style=f"fill: {colour}"),
        element("text", label[:24], x=WIDTH - RIGHT + 22, y=height),
    ]


def _dot(x: float, y: float, colour: str) -> Html:
    return element(
        "circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=3, style=f"fill: none; stroke: {colour}; stroke-width: 1.4"
    )


def _explain_dots(height: int) -> Html:
    return element(
        "g",
        element("circle", cx=WIDTH - RIGHT + 13, cy=height - 4, r=3, style="fill: none; stroke: currentColor"),
        element("text", "invalid reading", x=WIDTH - RIGHT + 22, y=height),
    )


def _clock(second: float) -> str:
    return f"{second / 60:.0f} min" if second >= 60 else f"{second:.0f} s"


def _spans(house: House, zone: str, x: object, height: int, end: float) -> list[Html]:
    shapes, since = [], None
    for second, of_zone, on in [*sorted(house.commands), (end, zone, False)]:
        if of_zone != zone:
            continue
        if on and since is None:
            since = second
        elif not on and since is not None:
            left, right = x(since), x(second)  # type: ignore[operator]
            width = f"{max(right - left, 1):.1f}"
            shapes.append(element("rect", x=f"{left:.1f}", y=height, width=width, height=10, style="fill: var(--bar)"))
            since = None
    return [*shapes, element("text", f"AC of zone {zone} on"[:24], x=WIDTH - RIGHT + 8, y=height + 9)]
