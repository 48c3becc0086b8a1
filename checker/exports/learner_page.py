"""A learner's page: what was checked, what was seen, what to fix, and how the score came about."""

from __future__ import annotations

from collections.abc import Iterable

from checker.checks.result import CheckResult, PartResult
from checker.exports.house_picture import house_pictures
from checker.exports.markup import Html, element, page, table
from checker.exports.model import Grading, number
from checker.exports.page_style import STYLE
from checker.exports.pictures import bar
from checker.report.terminal import LABELS, SYMBOLS

FACTS = {
    "submission": "handed in (SHA-256)",
    "source": "handed in as",
    "submitted_at": "handed in at",
    "version": "version of the result",
    "kit_sha256": "kit (SHA-256)",
    "checks": "checks (hash)",
    "hidden_checks": "hidden checks (hash)",
    "workspace": "workspace (hash)",
    "seconds": "took (s)",
    "within_s": "had at most (s)",
    "renewed_at": "taken over, with what is known since, at",
}
"""What of a result's provenance is called otherwise on the page."""


def render_learner_page(grading: Grading, course: str) -> str:
    """The whole page of one grading."""
    return page(
        f"{grading.shown_name}: {course}",
        STYLE,
        _head(grading, course),
        _notices(grading),
        _parts_table(grading),
        _house(grading),
        [_part(part) for part in grading.report.parts],
        _provenance(grading),
    )


def _head(grading: Grading, course: str) -> Html:
    score = element(
        "div",
        number(grading.score),
        element("small", f" of {number(grading.max_score)} points"),
        class_="score",
    )
    who = element("div", element("p", course, class_="soft"), element("h1", grading.shown_name))
    return element("div", who, score, class_="head")


def _notices(grading: Grading) -> Iterable[Html]:
    if grading.problem:
        yield element("p", f"About this submission: {grading.problem}", class_="notice")
    if grading.to_be_graded_again:
        yield element(
            "p",
            "Something of ours broke while this was graded. No points are lost: it will be graded again.",
            class_="notice",
        )
    if grading.comment:
        yield element("p", element("b", "Comment: "), grading.comment, class_="notice")
    for notice in grading.report.notices:
        yield element("p", notice, class_="notice small")
    if grading.rules:
        yield element("h2", "How the score came about")
        yield element("ul", [element("li", rule) for rule in grading.rules])


def _parts_table(grading: Grading) -> Html:
    rows = []
    for part in grading.report.parts:
        earned, most = grading.score_of(part), grading.most_of(part)
        kind = " (bonus)" if part.bonus_part else ""
        rows.append(
            element(
                "tr",
                element("td", element("a", f"Part {part.number}: {part.name}", href=f"#part-{part.number}"), kind),
                element("td", bar(earned / most if most else 0), class_="bar"),
                element("td", f"{number(earned)} of {number(most)}", class_="number"),
            )
        )
    return table(("part", "", "points"), rows, "Parts", numbers=("points",))


def _house(grading: Grading) -> Iterable[Html]:
    pictures = house_pictures(grading.house)
    if pictures:
        yield element("h2", "What the house did")
        yield element(
            "p",
            "The course's simulated house, run against what was handed in. No point depends on it.",
            class_="soft small",
        )
        yield from pictures


def _part(part: PartResult) -> list[Html]:
    earned = part.bonus if part.bonus_part else part.points
    title = f"Part {part.number}: {part.name}"
    heading = element("h2", title, " ", element("span", f"{earned} of {part.available}", class_="soft small"))
    return [element("section", heading, [_check(check) for check in part.checks], id=f"part-{part.number}")]


def _check(check: CheckResult) -> Html:
    earned = "?" if check.status == "broken" else number(check.points)
    line = element(
        "div",
        element("span", f"{SYMBOLS[check.status]} {check.status}", class_=f"word {check.status}"),
        element("span", element("b", check.id), " ", check.title, class_="title"),
        element("span", f"{earned}/{number(check.max_points)}", class_="soft"),
        class_="line",
    )
    told = [(label, getattr(check, label)) for label in LABELS if getattr(check, label)]
    details = element("dl", [[element("dt", label), element("dd", text)] for label, text in told]) if told else None
    return element("div", line, details, class_="check")


def _provenance(grading: Grading) -> list[Html]:
    known = {"learner": grading.id, "version": grading.version, **grading.report.provenance}
    rows = [
        element(
            "tr",
            element("th", FACTS.get(key, key.replace("_", " ")), scope="row"),
            element("td", element("code", str(value))),
        )
        for key, value in known.items()
        if isinstance(value, str | int | float) and value != ""
    ]
    return [element("h2", "Checked with"), element("table", element("tbody", rows), class_="small")]
