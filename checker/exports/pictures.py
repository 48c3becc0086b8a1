"""Small pictures as inline SVG: what the house did, how scores are spread, a bar. They use the page's colours."""

from __future__ import annotations

import math
from collections.abc import Sequence

from checker.exports.markup import Html, element
from checker.exports.model import House

LINES = ("#2f6fab", "#c2571a", "#2e8b57", "#8e4fa8", "#a08000", "#b0305c", "#3a9a9a", "#6b6b6b")
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 880, 260, 56, 14, 120, 30
POINTS_AT_MOST = 400


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
    series: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for second, zone, sensor, celsius in sorted(points, key=lambda p: p[0]):
        series.setdefault((zone, sensor), []).append((x(second), y(celsius)))
    for position, ((zone, sensor), line) in enumerate(sorted(series.items())[: len(LINES)]):
        shapes += _line(line, LINES[position], f"zone {zone}, sensor {sensor}", TOP + 10 + 16 * position)
    zones = sorted({zone for _, zone, _ in house.commands})[:6]
    for row, zone in enumerate(zones):
        shapes += _spans(house, zone, x, HEIGHT + 2 + 16 * row, end)
    shapes += [
        element("text", "0 s", x=LEFT, y=HEIGHT - 12),
        element("text", f"{end - begin:.0f} s", x=WIDTH - RIGHT, y=HEIGHT - 12, text_anchor="end"),
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
    every = math.ceil(len(line) / POINTS_AT_MOST)
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in [*line[::every], line[-1]])
    return [
        element("polyline", points=drawn, style=f"fill: none; stroke: {colour}; stroke-width: 1.6"),
        element("rect", x=WIDTH - RIGHT + 8, y=height - 9, width=10, height=10, style=f"fill: {colour}"),
        element("text", label[:24], x=WIDTH - RIGHT + 22, y=height),
    ]


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
