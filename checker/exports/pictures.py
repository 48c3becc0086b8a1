"""Small pictures as inline SVG: how scores are spread, a bar. They use the page's colours."""

from __future__ import annotations

from collections.abc import Sequence

from checker.exports.markup import Html, element, wide

WIDTH = 880


def bar(share: float, width: int = 120) -> Html:
    """A bar that is filled by a share between 0 and 1. The number stands beside it: who hears the page needs no bar."""
    filled = max(0.0, min(1.0, share)) * width
    return element(
        "svg",
        element("rect", width=width, height=10, rx=3, style="fill: var(--line)"),
        element("rect", width=f"{filled:.1f}", height=10, rx=3, style="fill: var(--bar)"),
        view_box=f"0 0 {width} 10",
        width=width,
        height=10,
        aria_hidden="true",
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
    told = ", ".join(f"{label}: {count}" for count, label in zip(counts, labels, strict=True) if count) or "nobody"
    picture = element(
        "svg",
        columns,
        view_box=f"0 0 {WIDTH} 196",
        width=WIDTH,
        height=196,
        role="img",
        aria_label=f"Learners by score; {told}",
    )
    return wide(picture, "Scores")
