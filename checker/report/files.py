"""Results for programs: the JSON object of the command contract, and JUnit for GitLab's merge request widget."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from checker.checks.result import CheckResult, PartResult, Report
from checker.errors import UsageProblem
from checker.language import tr
from checker.report.terminal import LABELS


def render_json(report: Report) -> str:
    """The object of `lab check --json` as text."""
    return json.dumps(report.as_dict(), indent=1, ensure_ascii=False) + "\n"


def render_junit(report: Report) -> str:
    """JUnit XML: a suite per part, a case per check; https://docs.gitlab.com/ci/testing/unit_test_reports/"""
    root = ET.Element("testsuites", name="lab check")
    for part in report.parts:
        root.append(_suite(part))
    if reason := _nothing_was_checked(report):
        root.append(_failed_suite(reason))
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _nothing_was_checked(report: Report) -> str:
    """Why every check was skipped, if so: whoever reads JUnit counts failures only, and would call that a success."""
    checks = [check for part in report.parts for check in part.checks]
    return checks[0].because if checks and all(check.status == "skipped" for check in checks) else ""


def _failed_suite(reason: str) -> ET.Element:
    suite = ET.Element(
        "testsuite", name=tr("Before the parts"), tests="1", failures="1", skipped="0", errors="0", time="0.000"
    )
    case = ET.SubElement(suite, "testcase", classname="before", name=tr("The files can be checked."), time="0.000")
    ET.SubElement(case, "failure", message=_clean(tr(reason))).text = _clean(tr(reason))
    return suite


def _suite(part: PartResult) -> ET.Element:
    def number_of(status: str) -> str:
        return str(sum(check.status == status for check in part.checks))

    suite = ET.Element(
        "testsuite",
        name=f"Part {part.number}: {part.name}",
        tests=str(len(part.checks)),
        failures=number_of("failed"),
        skipped=number_of("skipped"),
        errors=number_of("broken"),
        time=f"{sum(check.seconds for check in part.checks):.3f}",
    )
    for check in part.checks:
        suite.append(_case(part, check))
    return suite


def _case(part: PartResult, check: CheckResult) -> ET.Element:
    case = ET.Element(
        "testcase", classname=f"part {part.number}", name=f"{check.id} {tr(check.title)}", time=f"{check.seconds:.3f}"
    )
    kind = {"failed": "failure", "skipped": "skipped", "broken": "error"}.get(check.status)
    if kind:
        element = ET.SubElement(case, kind, message=_clean(tr(check.got or check.because)))
        element.text = _clean("\n".join(f"{tr(k):<9} {tr(v)}" for k in LABELS if (v := getattr(check, k))))
    return case


def _clean(text: str) -> str:
    """Leaves out what XML 1.0 cannot hold."""
    return re.sub(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]", "?", text)


def write_report(text: str, file: Path) -> None:
    """Writes a result file; a folder that is missing is made."""
    with _writing(file) as opened:
        opened.write(text)


def require_writable(file: Path) -> None:
    """Raises UsageProblem now, and not after the checks, if a result file cannot be written. What is there stays."""
    is_new = not file.exists()
    with _writing(file, "a"):
        pass
    if is_new:
        file.unlink()


@contextmanager
def _writing(file: Path, mode: str = "w") -> Iterator[TextIO]:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with open(file, mode, encoding="utf-8") as opened:
            yield opened
    except OSError as error:
        raise UsageProblem(f"{file} cannot be written: {error.strerror}", next_step="choose another file") from error
