"""Lets nbgrader autograde what was collected, one notebook after the other, and says in a line what became of each.

`python -m checker.nbgrader.autograde COURSE GRADES [PART] [STUDENT]`, in the environment that holds nbgrader. Its own log,
with the traceback of what it could not read, goes into COURSE/logs.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbgrader.apps import NbGraderAPI
from traitlets.config.loader import PyFileConfigLoader

from checker.curriculum.parts import read_parts
from checker.errors import LabError
from checker.exports.read import read_grading
from checker.nbgrader.course import course_name
from checker.nbgrader.scores import open_gradebook


def autograde(course: Path, grades: Path, part: str = "", student: str = "") -> Iterator[tuple[bool, str]]:
    """Whether it went well, and the line, for each collected notebook."""
    config = PyFileConfigLoader("nbgrader_config.py", path=str(course)).load_config()
    api = NbGraderAPI(config=config, log_level=logging.INFO)
    for wanted in (each.id for each in read_parts() if part in ("", each.id)):
        handed_in = sorted(course.glob(f"submitted/*/{wanted}/*.ipynb"))
        learners = [file.parts[-3] for file in handed_in if student in ("", file.parts[-3])]
        if learners and not (course / "release" / wanted).is_dir():
            yield False, f"{wanted}  was not generated: lab nbgrader run {course} -- generate_assignment {wanted}"
            continue
        for learner in dict.fromkeys(learners):
            result = api.autograde(wanted, learner)
            log = _keep_log(course, wanted, learner, result)
            if result["success"]:
                yield True, f"{wanted}  {learner}  {_became(course, grades, wanted, learner)}"
            else:
                yield False, f"{wanted}  {learner}  NOT GRADED: {_reason(result)}  ({log})"


def _keep_log(course: Path, part: str, learner: str, result: dict[str, Any]) -> Path:
    file = course / "logs" / f"autograde-{part}-{learner}.log"
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"{result.get('log', '')}\n{result.get('error', '')}", encoding="utf-8", errors="replace")
    return file


def _reason(result: dict[str, Any]) -> str:
    """What ended the tracebacks that nbgrader logged, in one line; without one, what it says itself."""
    for text in (result.get("log", ""), result.get("error", "")):
        found = re.findall(r"^\s*[\w.]+(?:Error|Exception): (.+)$", text, re.MULTILINE)
        if found:
            return str(found[-1])[:200]
    return "nbgrader says no reason"


def _became(course: Path, grades: Path, part: str, learner: str) -> str:
    with open_gradebook(course, course_name(course)) as book:
        submission = book.find_submission(part, learner)
        waiting = sum(grade.needs_manual_grade for notebook in submission.notebooks for grade in notebook.grades)
        told = points_in_words(submission.score, submission.max_score, submission.late_submission_penalty)
    told += f", {waiting} cell{'s wait' if waiting > 1 else ' waits'} for you" if waiting else ""
    return told if read_grading(grades, learner) else f"{told}; lab grade has no result of {learner}"


def points_in_words(score: float, most: float, penalty: float) -> str:
    """As nbgrader's export counts them."""
    taken = f", {penalty:g} are taken as late penalty" if penalty else ""
    return f"{max(0.0, score - penalty):g} of {most:g} points{taken}"


def main() -> int:
    """0: all is graded; 1: some notebooks could not be."""
    course, grades, *rest = sys.argv[1:]
    failed = 0
    try:
        for success, line in autograde(Path(course), Path(grades), *rest):
            print(line, flush=True)
            failed += not success
    except LabError as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
