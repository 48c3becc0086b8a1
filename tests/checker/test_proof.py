"""Mistakes and variants: reading them, laying them over a workspace, comparing what the checks say with what they must."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
import pytest

from checker.checks.result import CheckResult, PartResult
from checker.cli.lint import Share, ShareType
from checker.curriculum.cases import Case, read_case
from checker.curriculum.parts import find_part, read_parts
from checker.curriculum.proof import (
    Outcome,
    Proof,
    batches,
    describe,
    differences_of,
    find_cases,
    needs_own_deployment,
    write_expectation,
)
from checker.curriculum.templates import difference, make_template, matches
from checker.curriculum.workspace import Workspace
from checker.errors import LabError

UUID = "0b8f3a52-9d0e-4a62-8f1c-3f5c1f0a7e11"
PART = find_part(2)
MakeCase = Callable[..., Case]


@pytest.fixture
def make_case(tmp_path: Path) -> MakeCase:
    """Makes a case of part 2 from the text of its expect.toml."""

    def make(text: str, kind: str = "mistake", **files: str) -> Case:
        folder = tmp_path / "a_case"
        folder.mkdir(exist_ok=True)
        (folder / "expect.toml").write_text(f'title = "a case"\n{text}')
        for name, content in files.items():
            (folder / name.replace("__", "/")).parent.mkdir(parents=True, exist_ok=True)
            (folder / name.replace("__", "/")).write_text(content)
        return read_case(folder, PART, kind)

    return make


def result(check_id: str, status: str = "passed", **texts: str) -> CheckResult:
    return CheckResult(check_id, "a title", status, 1, **texts)


def part_result(*checks: CheckResult) -> PartResult:
    return PartResult(2, "part", False, checks)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("no item", "no item"),
        ("item {uuid}", f"item {UUID}"),
        ("at {time}", "at 2026-11-21 08:00:00.123000000"),
        ("{'id': '{uuid}'}", f"{{'id': '{UUID}'}}"),
        ("on localhost:{port}", "on localhost:38217"),
    ],
)
def test_a_template_matches_what_varies_at_its_places(template, text):
    assert matches(template, text)
    assert make_template(text) == template


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("no item", "no items"),
        ("item {uuid}", "item 12"),
        ("item {anything}", "item x"),
        (".", "x"),
        ("a\nb", "a b"),
    ],
)
def test_a_template_matches_nothing_else(template, text):
    assert not matches(template, text)


def test_a_difference_shows_the_lines_that_differ_with_their_places_named():
    lines = difference("one\nitem {uuid}\nthree", f"one\nitem {UUID}\nfour", "2.2 got")

    assert lines[:2] == ["--- 2.2 got, as expect.toml has it", "+++ 2.2 got, as it came"]
    assert "-three" in lines and "+four" in lines
    assert "-item {uuid}" not in lines


def test_an_edit_replaces_a_text_that_stands_once(make_case, workspace: Workspace):
    case = make_case(
        '[[edit]]\nfile = "terraform/variables.tf"\nfind = \'default     = ""\'\nreplace = \'default = "x"\'\n'
    )

    case.lay_over(workspace)

    assert 'default = "x"' in (workspace.terraform / "variables.tf").read_text()
    assert case.touched() == {"terraform/variables.tf"}


@pytest.mark.parametrize(("find", "count"), [("no such text", 0), ("string", 2)])
def test_an_edit_whose_text_does_not_stand_once_is_refused(make_case, workspace: Workspace, find, count):
    (workspace.folder / "notes.txt").write_text("string string")
    case = make_case(f'[[edit]]\nfile = "notes.txt"\nfind = "{find}"\nreplace = ""\n')

    with pytest.raises(LabError, match=f"notes.txt holds this {count} times, not once"):
        case.lay_over(workspace)


def test_files_are_laid_over_removed_and_changed(make_case, workspace: Workspace):
    case = make_case(
        '[[file]]\npath = "terraform/lambda.tf"\nremove = true\n'
        '[[file]]\npath = "bin/teardown.sh"\nexecutable = false\ncrlf = true\n'
        '[[file]]\npath = "copy.tf"\ncopy_of = "terraform/iam.tf"\n',
        terraform__main="# all in one\n",
    )

    case.lay_over(workspace)

    assert not (workspace.terraform / "lambda.tf").exists()
    assert (workspace.terraform / "main").read_text() == "# all in one\n"
    assert (workspace.folder / "bin/teardown.sh").read_bytes().startswith(b"#!/usr/bin/env bash\r\n")
    assert not (workspace.folder / "bin/teardown.sh").stat().st_mode & 0o111
    assert (workspace.folder / "copy.tf").read_bytes() == (workspace.terraform / "iam.tf").read_bytes()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nonsense = 1", "nonsense: unknown key"),
        ('[[edit]]\nfile = "a"\nfind = "b"', "edit: has the keys"),
        ('[[file]]\npath = "a"', "file: has the keys"),
        ('[[check]]\nid = "7.9"', "check:"),
        ('[[check]]\nid = "2.1"\nwhy = "x"', "check:"),
    ],
)
def test_what_is_wrong_with_an_expectation_is_named(make_case, text, problem):
    with pytest.raises(LabError, match="expect.toml is not right") as caught:
        make_case(text)
    assert problem in caught.value.message


def test_a_variant_must_not_expect_a_failure(make_case):
    with pytest.raises(LabError, match="a variant gets full marks"):
        make_case('[[check]]\nid = "2.1"', kind="variant")


def test_a_mistake_that_fails_exactly_its_check_with_its_texts_is_caught(make_case):
    case = make_case('[[check]]\nid = "2.1"\ngot = "item {uuid}"\nfix = "look"\n')
    failed = result("2.1", "failed", got=f"item {UUID}", fix="look")
    skipped = result("2.2", "skipped", because="2.1 did not pass (a title)", fix="2.1 first")
    follows = result("2.3", "skipped", because="2.2 did not pass (a title)", fix="2.2 first")

    assert differences_of(case, part_result(failed, skipped, follows, result("2.4")), "") == []


@pytest.mark.parametrize(
    ("checks", "told", "difference_text"),
    [
        ([result("2.1")], "", "2.1 must fail, but passed"),
        ([result("2.1", "failed", got="another text")], "", "+another text"),
        ([result("2.1", "failed", got="text"), result("2.2", "failed", got="x")], "", "2.2 failed, but must not"),
        ([result("2.1", "failed", got="text"), result("2.2", "broken", because="x")], "", "2.2 is broken"),
        ([result("2.1", "failed", got="text"), result("2.2", "skipped", because="x")], "", "2.2 is skipped"),
        ([result("2.1", "failed", got="text")], "terraform apply failed", "+terraform apply failed"),
    ],
)
def test_whatever_else_the_checks_say_is_a_difference(make_case, checks, told, difference_text):
    case = make_case('[[check]]\nid = "2.1"\ngot = "text"\n')

    assert difference_text in "\n".join(differences_of(case, part_result(*checks), told))


def test_a_mistake_that_fails_nothing_is_a_difference(make_case):
    assert differences_of(make_case(""), part_result(result("2.1")), "")


def test_what_is_accepted_is_what_is_expected_then(make_case):
    case = make_case('[[edit]]\nfile = "a"\nfind = "b"\nreplace = "c"\n')
    texts = {
        "got": f"'{UUID}'",
        "because": 'two\n  lines with "quotes" and \\',
        "fix": "it's here",
        "expected": "''' x",
    }
    found = part_result(result("2.1", "failed", **texts))

    for _ in range(2):
        write_expectation(case, found, "terraform said\nno")
        again = read_case(case.folder, PART, "mistake")

    assert again.edits == case.edits
    assert again.told == "terraform said\nno"
    assert again.failing["2.1"] == texts | {"got": "'{uuid}'"}
    assert differences_of(again, found, "terraform said\nno") == []


def test_cases_that_leave_terraform_alone_share_a_deployment():
    cases = find_cases(read_parts())
    shared = [batch for batch in batches(cases, 2) if len(batch) > 1]

    assert sum(map(len, batches(cases, 2))) == len(cases)
    assert shared
    assert not any(needs_own_deployment(case) for batch in shared for case in batch)
    assert all(len({case.part.id for case in batch}) == 1 for batch in shared)


def test_each_part_has_at_least_twelve_mistakes_and_six_variants():
    for part in read_parts():
        cases = find_cases([part])
        assert sum(case.kind == "mistake" for case in cases) >= 12, part.id
        assert sum(case.kind == "variant" for case in cases) >= 6, part.id


def test_each_step_with_something_to_write_is_failed_by_a_mistake():
    unproved = {step.id for part in read_parts() for step in part.steps if step.edits} - {
        check for case in find_cases(read_parts(), variants=False) for check in case.failing
    }

    assert unproved == set()


def test_the_score_counts_mistakes_and_variants(make_case):
    caught, missed = Outcome(make_case(""), (), 1.0), Outcome(make_case(""), ("2.1 must fail",), 1.0)
    accepted = Outcome(make_case("", kind="variant"), (), 1.0)
    proof = Proof((caught, missed, accepted))

    assert proof.score == "mistakes caught 1 of 2, variants accepted 1 of 1"
    assert proof.problems == ["mistake 02_invalid_data/a_case (a case):\n    2.1 must fail"]


def test_a_share_takes_every_nth_case_and_all_shares_together_take_each_once():
    names = [case.name for case in find_cases(read_parts())]

    shares = [[case.name for case in Share(number, 4).of_cases(find_cases(read_parts()))] for number in (1, 2, 3, 4)]

    assert sorted(name for share in shares for name in share) == sorted(names)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize("wrong", ["0/4", "5/4", "2", "a/b"])
def test_a_share_that_is_none_is_a_usage_error(wrong):
    with pytest.raises(click.BadParameter, match="is no share; 2/4 is the second of four"):
        ShareType().convert(wrong, None, None)


def test_the_solution_itself_is_a_case_that_changes_nothing():
    (case,) = find_cases([PART], mistakes=False, variants=False, solutions=True)

    assert (case.name, case.touched(), needs_own_deployment(case)) == ("02_invalid_data/solution", set(), False)


def test_what_is_compared_between_runs_is_every_word_and_point(make_case):
    first = part_result(result("2.1"), result("2.2", "failed", expected="1 item", got=f"item {UUID}"))
    same = part_result(result("2.1"), result("2.2", "failed", expected="1 item", got=f"item {UUID.replace('0', '1')}"))
    other = part_result(result("2.1"), result("2.2", "failed", expected="1 item", got="no item"))

    assert difference(make_template(describe(first)), describe(same), "run 2") == []
    assert "+  got: no item" in difference(make_template(describe(first)), describe(other), "run 2")
