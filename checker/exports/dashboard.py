"""The class on one page: how scores are spread, which checks fail and why, who is stuck where."""

from __future__ import annotations

from collections.abc import Sequence

from checker.exports.markup import Html, element, page
from checker.exports.model import ClassGrades, Grading, file_name_of, number
from checker.exports.page_style import STYLE
from checker.exports.pictures import bar, histogram
from checker.exports.statistics import CheckStatistics, check_statistics, groups_of_stuck, share_of, spread_of, stuck_at

TENTHS = (*(f"{tenth * 10}–{tenth * 10 + 9} %" for tenth in range(10)), "100 %")


def render_dashboard(grades: ClassGrades) -> str:
    """The page of the class; it links to the learners' pages beside it."""
    gradings = grades.gradings
    return page(
        f"{grades.title}: the class",
        STYLE,
        _head(grades),
        _again(gradings),
        element("h2", "Scores"),
        histogram(spread_of(gradings).tenths, TENTHS),
        element("h2", "Checks"),
        _checks(check_statistics(gradings)),
        element("h2", "Who is stuck where"),
        _stuck(gradings),
        element("h2", "Everybody"),
        _everybody(gradings),
    )


def _head(grades: ClassGrades) -> Html:
    spread = spread_of(grades.gradings)
    told = (
        f"mean {number(spread.mean)} %, median {number(spread.median)} %, "
        f"the middle half between {number(spread.lower)} % and {number(spread.upper)} %"
    )
    who = element("div", element("p", grades.title, class_="soft"), element("h1", f"{spread.count} graded"))
    return element("div", who, element("p", told if spread.count else "nobody is graded yet"), class_="head")


def _again(gradings: Sequence[Grading]) -> list[Html]:
    notices = []
    if broken := [grading for grading in gradings if grading.to_be_graded_again]:
        names = ", ".join(grading.shown_name for grading in broken)
        notices.append(element("p", f"To be graded again, something of ours broke: {names}", class_="notice"))
    if ungraded := [grading for grading in gradings if grading.problem]:
        names = ", ".join(f"{grading.shown_name} ({grading.problem})" for grading in ungraded)
        notices.append(element("p", f"Could not be graded, or not to the end: {names}", class_="notice"))
    return notices


def _checks(entries: Sequence[CheckStatistics]) -> Html:
    heads = ("check", "not passed", "", "failed", "skipped", "broken", "what was to be fixed")
    rows = [
        element(
            "tr",
            element("td", element("b", entry.id), " ", entry.title, class_="what"),
            element("td", f"{entry.failure_rate:.0%}", class_="number"),
            element("td", bar(entry.failure_rate, 90), class_="bar"),
            [
                element("td", str(entry.counts[status] or ""), class_="number")
                for status in ("failed", "skipped", "broken")
            ],
            element(
                "td",
                [element("div", f"{count} × {reason}") for reason, count in entry.reasons.most_common(2)],
                class_="why",
            ),
        )
        for entry in entries
    ]
    return element("table", element("tr", [element("th", head) for head in heads]), rows, class_="small")


def _stuck(gradings: Sequence[Grading]) -> Html:
    rows = [
        element(
            "tr",
            element("td", element("b", check.id), " ", check.title, class_="what"),
            element("td", str(len(group)), class_="number"),
            element("td", [[_link(grading), " "] for grading in group]),
        )
        for check, group in groups_of_stuck(gradings)
    ]
    return element("table", rows, class_="small") if rows else element("p", "Nobody: every check passes.")


def _everybody(gradings: Sequence[Grading]) -> Html:
    rows = []
    for grading in gradings:
        check = stuck_at(grading)
        rows.append(
            element(
                "tr",
                element("td", _link(grading)),
                element("td", bar(share_of(grading)), class_="bar"),
                element("td", f"{number(grading.score)} of {number(grading.max_score)}", class_="number"),
                element("td", f"{check.id} {check.title}" if check else ""),
            )
        )
    heads = [element("th", head) for head in ("learner", "", "score", "first check not passed")]
    return element("table", element("tr", heads), rows, class_="small")


def _link(grading: Grading) -> Html:
    return element("a", grading.shown_name, href=f"{file_name_of(grading.id)}.html")
