"""The class on one page: how scores are spread, which checks fail and why, who is stuck where."""

from __future__ import annotations

from collections.abc import Sequence

from checker.checks.result import CheckResult
from checker.exports.markup import Html, element, page, table
from checker.exports.model import ClassGrades, Grading, file_name_of, number
from checker.exports.page_style import STYLE
from checker.exports.pictures import bar, histogram
from checker.exports.statistics import CheckStatistics, check_statistics, groups_of_stuck, share_of, spread_of, stuck_at
from checker.grading.result import why_of

TENTHS = (*(f"{tenth * 10}–{tenth * 10 + 9} %" for tenth in range(10)), "from 100 %")


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
        _checks(check_statistics([each for each in gradings if each.status != "refused"])),
        element("h2", "Who is stuck where"),
        _stuck(gradings),
        element("h2", "Everybody"),
        _everybody(gradings),
    )


def _head(grades: ClassGrades) -> Html:
    spread, read = spread_of(grades.gradings), sum(each.status != "refused" for each in grades.gradings)
    title = f"{spread.count} graded" if read == spread.count else f"{read} of {spread.count} graded"
    told = (
        f"mean {spread.mean:.0f} %, median {spread.median:.0f} %, "
        f"the middle half between {spread.lower:.0f} % and {spread.upper:.0f} %"
    )
    who = element("div", element("p", grades.title, class_="soft"), element("h1", title))
    return element("div", who, element("p", told if spread.count else "nobody is graded yet"), class_="head")


def _again(gradings: Sequence[Grading]) -> list[Html]:
    notices = []
    if broken := [grading for grading in gradings if grading.to_be_graded_again]:
        notices.append(_notice("To be graded again, something of ours broke:", broken))
    if ungraded := [grading for grading in gradings if grading.problem and not grading.to_be_graded_again]:
        notices.append(_notice("Could not be graded, or not to the end:", ungraded))
    return notices


def _notice(text: str, gradings: Sequence[Grading]) -> Html:
    """Whom it is about, a line each, with the reason where there is one."""
    who = [element("li", _link(each), f": {why}" if (why := why_of(each.raw)) else "") for each in gradings]
    return element("div", element("b", text), element("ul", who, class_="plain"), class_="notice")


def _checks(entries: Sequence[CheckStatistics]) -> Html:
    heads = ("check", "not passed", "", "failed", "skipped", "broken", "what was to be fixed")
    rows = [
        element(
            "tr",
            element("td", element("b", entry.id), " ", entry.title, class_="what"),
            element("td", f"{entry.failure_rate:.0%}" if entry.graded else "unknown", class_="number"),
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
    return table(heads, rows, "Checks", numbers=("not passed", "failed", "skipped", "broken"))


def _stuck(gradings: Sequence[Grading]) -> Html:
    rows = [
        element(
            "tr",
            element("td", _where(check), class_="what"),
            element("td", str(len(group)), class_="number"),
            element(
                "td",
                element("ul", [element("li", _link(each), _why(each)) for each in group], class_="plain"),
                class_="who",
            ),
        )
        for check, group in groups_of_stuck(gradings)
    ]
    return (
        table(("at", "learners", "who"), rows, "Who is stuck where", numbers=("learners",))
        if rows
        else element("p", "Nobody: every check passes.")
    )


def _where(check: CheckResult) -> list[Html | str]:
    """A failed check with its title; of a skipped one it is not known whether it would pass."""
    number_and_title = [element("b", check.id), " ", check.title]
    return number_and_title if check.status == "failed" else ["not checked from ", *number_and_title]


def _why(grading: Grading) -> str:
    """Why a learner's next check was skipped; differs from learner to learner."""
    check = stuck_at(grading)
    return f": {check.because}" if check and check.status == "skipped" else ""


def _everybody(gradings: Sequence[Grading]) -> Html:
    rows = [
        element(
            "tr",
            element(
                "td", _link(each), element("span", f" {each.id}", class_="soft") if each.name else None, class_="who"
            ),
            element("td", bar(share_of(each)), class_="bar"),
            element("td", f"{number(each.score)} of {number(each.max_score)}", class_="number"),
            element("td", _state(each), class_="what"),
        )
        for each in gradings
    ]
    return table(("learner", "", "score", "first check not passed"), rows, "Everybody", numbers=("score",))


def _state(grading: Grading) -> str:
    check = stuck_at(grading)
    if grading.status in ("refused", "broken") or check is None:
        return "" if grading.status == "graded" else grading.status
    return f"{check.id} {check.title}" if check.status == "failed" else f"not checked{_why(grading)}"


def _link(grading: Grading) -> Html:
    return element("a", grading.shown_name, href=f"{file_name_of(grading.id)}.html")
