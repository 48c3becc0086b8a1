"""Writes scores into a gradebook: `python -m checker.nbgrader COURSE GRADES`, in the environment that holds nbgrader."""

from __future__ import annotations

import sys
from pathlib import Path

from checker.errors import LabError
from checker.nbgrader.course import course_name
from checker.nbgrader.scores import write_scores


def main() -> int:
    """Prints what was written; expected errors become one message."""
    course, grades = map(Path, sys.argv[1:3])
    try:
        written = write_scores(course, grades, course_name(course))
    except LabError as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code
    waiting = f", {written.waiting} wait for you: something of the kit broke" if written.waiting else ""
    print(f"{written.learners} learners, {written.scores} scores, {written.changed} changed{waiting}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
