"""The ranked list of similar submissions, and a page for each pair with both sides beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from checker.exports.markup import Html, element, page, table
from checker.exports.model import file_name_of
from checker.exports.page_style import STYLE
from checker.exports.pictures import bar
from checker.exports.similarity.compare import Files, Pair

WIDE = STYLE + "\nbody { max-width: 110rem; }\n.pair pre span, .pair pre mark { display: block; min-height: 1.5em;"
WIDE += " padding-left: 7ch; text-indent: -7ch; }\n"
WHAT_IT_MEANS = (
    "A share says how much of the smaller submission, after renaming, order, comments and the course's own files are "
    "set aside, stands in the other too. It is a reason to look, not a verdict: short solutions of the same step are "
    "alike without being copied."
)


def pair_file(pair: Pair) -> str:
    return f"{file_name_of(pair.left)}--{file_name_of(pair.right)}.html"


def render_ranking(pairs: Sequence[Pair], names: Mapping[str, str], shown: int) -> str:
    """The list of pairs; the first `shown` have a page."""
    rows = []
    for position, pair in enumerate(pairs):
        title = f"{names[pair.left]} and {names[pair.right]}"
        who = element("a", title, href=pair_file(pair)) if position < shown else title
        rows.append(
            element(
                "tr",
                element("td", str(position + 1), class_="number"),
                element("td", who, class_="who"),
                element("td", f"{pair.share:.0%}", class_="number"),
                element("td", bar(pair.share, 90), class_="bar"),
                element("td", str(pair.shared), class_="number"),
            )
        )
    numbers = ("rank", "share", "shared fingerprints")
    ranking = table(("rank", "submissions", "share", "", "shared fingerprints"), rows, "Pairs", numbers)
    found = ranking if rows else element("p", "No two submissions are similar.")
    return page("Similar submissions", STYLE, element("h1", "Similar submissions"), element("p", WHAT_IT_MEANS), found)


def render_pair(pair: Pair, names: Mapping[str, str], left: Files, right: Files) -> str:
    """Both sides; what they share is marked, with a bar before it for those who do not see the colour."""
    head = element("h1", f"{names[pair.left]} and {names[pair.right]}: {pair.share:.0%}")
    back = element("p", element("a", "all similar submissions", href="index.html"))
    sides = [
        element("div", _side(names[pair.left], left, pair.left_lines)),
        element("div", _side(names[pair.right], right, pair.right_lines)),
    ]
    return page("Two submissions", WIDE, head, back, element("p", WHAT_IT_MEANS), element("div", sides, class_="pair"))


def _side(name: str, files: Files, lines: Mapping[str, frozenset[int]]) -> list[Html]:
    parts = [element("h2", name)]
    for path in sorted(lines, key=lambda path: -len(lines[path])):
        numbered = enumerate(files[path].split("\n"), 1)
        shown = [
            element("mark", f"{at:4} ▌ {line}") if at in lines[path] else element("span", f"{at:4}   {line}")
            for at, line in numbered
        ]
        parts += [element("h3", path), element("pre", shown)]
    return parts
