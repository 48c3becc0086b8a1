"""A class of synthetic submissions whose scores are known beforehand: solutions, variants, mistakes and attacks, mixed.

`python -m tests.grading.synthetic_class COUNT FOLDER` makes FOLDER/submissions and FOLDER/expected.json; after
`lab grade FOLDER/submissions --out GRADES`, the same command with `--grades GRADES` says which expectations were not met.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from checker.checks.check import load_checks
from checker.curriculum.cases import Case, mistakes_of, variants_of
from checker.curriculum.parts import Part, read_parts
from checker.curriculum.workspace import Workspace, lay_over, new_workspace
from checker.grading.store import Grades
from tests.grading.conftest import git

ATTACKS = Path(__file__).parents[1] / "attacks" / "collection"
PATIENT = {"endless_time", "lambda_sleeps", "thread_bomb", "fork_bomb", "memory_of_many_processes"}
"""Attacks that last until their limit: a class would take long for nothing that tests/attacks does not show."""
CODE_IS_DEPLOYED = "4.2"
"""What comes after it needs the workspace's code in the cloud; where a class is graded, nothing was deployed before.
In the same way a deployment that Terraform refuses fails or skips, depending on how far it came."""
KEY = "-----BEGIN RSA PRIVATE KEY-----\nof nobody\n-----END RSA PRIVATE KEY-----\n"
PACKINGS = ("repository", "zip", "folder", "gztar")
MIX = ("solution", "mistake", "variant", "mistake", "attack", "mistake", "variant", "mistake", "solution", "mistake")


@dataclass
class Submission:
    """One learner: what is handed in, and the statuses that each named check must have (a choice of them)."""

    id: str
    parts: Sequence[Part]
    """The solved parts."""
    case: Case | None = None
    files: dict[str, str] = field(default_factory=dict)
    expected: dict[str, list[str]] = field(default_factory=dict)


def make_class(count: int, folder: Path) -> dict[str, dict[str, list[str]]]:
    """Writes the submissions; returns the expected statuses by learner and check."""
    (folder / "submissions").mkdir(parents=True)
    submissions = list(islice(mixed(), count))
    with ThreadPoolExecutor(2) as pool:
        list(
            pool.map(
                lambda pair: _write(folder / "submissions", *pair), zip(submissions, cycle(PACKINGS), strict=False)
            )
        )
    expected = {submission.id: submission.expected for submission in submissions}
    (folder / "expected.json").write_text(json.dumps(expected, indent=1))
    return expected


def mixed() -> Iterator[Submission]:
    """Submissions without end, the kinds mixed, each kind through all that there is of it before it begins again."""
    parts = read_parts()
    kinds = {
        "solution": cycle([_solution(parts)]),
        "variant": cycle([_case(parts, case) for case in _by_turns([variants_of(part) for part in parts])]),
        "mistake": cycle([_case(parts, case) for case in _by_turns([mistakes_of(part) for part in parts])]),
        "attack": cycle(_attacks(parts)),
    }
    for number, kind in enumerate(cycle(MIX)):
        made = next(kinds[kind])
        yield replace(made, id=f"{number:03d}-{made.id}", files=dict(made.files))


def _by_turns(groups: Sequence[Sequence[Case]]) -> list[Case]:
    """One of each group, then the next of each."""
    longest = max(map(len, groups))
    return [group[n] for n in range(longest) for group in groups if n < len(group)]


def _solution(parts: Sequence[Part]) -> Submission:
    return Submission("solution", parts, expected=_all_pass(parts))


def _case(parts: Sequence[Part], case: Case) -> Submission:
    """A right or wrong answer to a part, handed in by somebody who came so far; only that part's checks are foretold."""
    solved = [part for part in parts if part.number <= case.part.number]
    expected = _all_pass([case.part])
    wrong, needs = set(case.failing), {each.id: each.needs for each in load_checks(case.part.folder)}
    for check, its_needs in needs.items():
        if check in wrong:
            expected[check] = ["failed", "skipped"] if case.told else ["failed"]
        elif case.told or CODE_IS_DEPLOYED in wrong:
            expected[check] = ["passed", "skipped"]
        elif wrong & set(its_needs):
            expected[check] = ["skipped"]
            wrong.add(check)
    return Submission(f"{case.kind}-{case.part.number}-{case.folder.name}", solved, case, expected=expected)


def _attacks(parts: Sequence[Part]) -> list[Submission]:
    """A terraform attack has solved nothing and earns nothing; a script attacks where the teardown of a solution stood."""
    found = []
    for file in sorted(ATTACKS.glob("*.toml")):
        attack: dict[str, Any] = tomllib.loads(file.read_text())
        if file.stem in PATIENT or attack["way"] not in ("program", "terraform"):
            continue
        text = json.dumps(attack.get("files", {})).replace("{marker}", "synthetic-attack")
        files: dict[str, str] = json.loads(text)
        if attack["way"] == "terraform":
            none = {check: ["failed", "skipped"] for check in _all_pass(parts)}
            found.append(Submission(f"attack-{file.stem}", [], files=files, expected=none))
        else:
            files["bin/teardown.sh"] = "#!/bin/bash\n" + attack["run"].replace("{marker}", "synthetic-attack") + "\n"
            before = _all_pass([part for part in parts if part.number < 7])
            expected = {**before, "7.1": ["failed"], "7.2": ["failed", "skipped"]}
            found.append(Submission(f"attack-{file.stem}", parts, files=files, expected=expected))
    return found


def _all_pass(parts: Sequence[Part]) -> dict[str, list[str]]:
    return {each.id: ["passed"] for part in parts for each in load_checks(part.folder)}


def _write(folder: Path, submission: Submission, packing: str) -> None:
    with tempfile.TemporaryDirectory(prefix="lab-class-") as temporary:
        workspace = new_workspace(Path(temporary) / submission.id)
        lay_over(workspace, submission.parts)
        _change(workspace, submission)
        if packing == "repository" or (submission.case and submission.case.git):
            shutil.move(workspace.folder, folder / submission.id)
            return
        shutil.rmtree(workspace.folder / ".git")
        if packing == "folder":
            shutil.move(workspace.folder, folder / submission.id)
        else:
            shutil.make_archive(str(folder / submission.id), packing, temporary, submission.id)


def _change(workspace: Workspace, submission: Submission) -> None:
    for name, content in submission.files.items():
        place = workspace.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)
        place.chmod(0o755)
    workspace.certs.mkdir(exist_ok=True)
    (workspace.certs / "private_key.pem").write_text(KEY)  # a deployment would have written one
    _commit(workspace)
    if submission.case is not None:
        submission.case.lay_over(workspace)
    _commit(workspace)


def _commit(workspace: Workspace) -> None:
    git(workspace.folder, "add", "-A")
    git(workspace.folder, "commit", "-q", "--allow-empty", "-m", "work")


def unmet(grades: Grades, expected: dict[str, dict[str, list[str]]]) -> tuple[list[str], int]:
    """What differs from the expectations, in words, and how many submissions were looked at."""
    found, looked_at = [], 0
    for learner, checks in expected.items():
        results = grades.results(learner)
        if not results:
            continue
        looked_at += 1
        if results[-1]["status"] == "broken" and "attack" not in learner:
            found.append(f"{learner}: broken, which only the kit's own failures are")
        given = {check["id"]: check for part in results[-1]["parts"] for check in part["checks"]}
        for check, allowed in checks.items():
            if (status := given[check]["status"]) not in allowed:
                told = f"{given[check]['got']} {given[check]['because']}"[:300]
                found.append(f"{learner}: {check} is {status}, expected {' or '.join(allowed)}: {told}")
    return found, looked_at


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--grades", type=Path, help="compare these grades with what was expected")
    options = parser.parse_args()
    if options.grades is None:
        expected = make_class(options.count, options.folder)
        kinds = Counter(learner.split("-")[1] for learner in expected)
        print(f"{len(expected)} submissions in {options.folder / 'submissions'}: {dict(kinds)}")
        return 0
    found, looked_at = unmet(Grades(options.grades), json.loads((options.folder / "expected.json").read_text()))
    print("\n".join(found) or "every expectation is met", f"({looked_at} submissions graded)", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
