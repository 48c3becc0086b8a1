"""A learner's result as Markdown: for merge requests, e-mail and feedback files."""

from __future__ import annotations

import re

from checker.checks.result import CheckResult
from checker.exports.markup import visible
from checker.exports.model import Grading, number
from checker.report.terminal import LABELS, SYMBOLS

SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&@$]|:(?=\S)|(?<=\bwww)\.)")
"""What means something in the middle of a line of GitHub's or GitLab's Markdown: marks, links (bare ones too), emoji."""


def render_markdown(grading: Grading, course: str) -> str:
    """The whole result; what learners or their files said stands in fences that it cannot close."""
    total = f"**{number(grading.score)} of {number(grading.max_score)} points**"
    lines = [f"# {plain(course)}: {plain(grading.shown_name)}", "", total, ""]
    if grading.problem:
        lines += fence(grading.problem)
    if grading.to_be_graded_again:
        lines += ["Something of ours broke; no points are lost, it will be graded again.", ""]
    if grading.comment:
        lines += ["Comment:", *fence(grading.comment)]
    if grading.rules:
        lines += ["How the score came about:", "", *(f"- {plain(rule)}" for rule in grading.rules), ""]
    for notice in grading.report.notices:
        lines += fence(notice)
    for part in grading.report.parts:
        lines += [f"## Part {part.number}: {plain(part.name)} ({part.points + part.bonus} of {part.available})", ""]
        for check in part.checks:
            lines += _check(check)
    return "\n".join(lines).rstrip() + "\n"


def _check(check: CheckResult) -> list[str]:
    earned = "?" if check.status == "broken" else number(check.points)
    head = f"{SYMBOLS[check.status]} {check.status} **{check.id}** {plain(check.title)} ({earned}/{check.max_points})"
    told = [f"{label:<9} {text}" for label in LABELS if (text := getattr(check, label))]
    return [f"- {head}", "", *fence("\n".join(told), indent="  ")] if told else [f"- {head}", ""]


def plain(text: str) -> str:
    """A line of text that is nothing but text in Markdown."""
    return SPECIAL.sub(r"\\\1", " ".join(visible(text).split()))


def fence(text: str, indent: str = "") -> list[str]:
    """A code block whose fence is longer than every run of backticks in it."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    marks = "`" * max(3, longest + 1)
    return [f"{indent}{marks}text", *(indent + line for line in visible(text).splitlines()), f"{indent}{marks}", ""]
