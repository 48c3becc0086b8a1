"""course.toml and adjustments.toml: what they say, and how mistakes in them are told."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from checker.errors import LabError, UsageProblem
from checker.grading.adjustments import Adjustment, Change, read_adjustments, without_effect
from checker.grading.course import CourseRules, PartRules, read_course
from checker.grading.hidden import as_learners_see

RIGHT = """
title = "IoT 2026"
[parts.2]
weight = 2
[parts.6]
graded = false
[late]
deadline = 2026-05-01T00:00:00Z
grace_minutes = 15
interpolation = "linear"
steps = [{ hours = 24, keep = 0.8 }, { hours = 72, keep = 0.0 }]
[late.deadlines]
1 = 2026-04-01T00:00:00Z
[attempts]
counts = "best"
free = 2
each_costs = 0.1
[hints]
costs = [0, 0.5, 1]
[hidden]
folder = "hidden"
visibility = "points"
levels = { "2.secret" = "nothing" }
"""
SECRET = """
from checker.checks import check

@check("2.secret", points=1)
def secret(lab):
    'A secret.'
"""
WRONG = """
titel = "x"
[parts.9]
weight = 1
[parts.2]
weight = "double"
[late]
deadline = 2026-05-01
steps = [{ hours = 24, keep = 1.5 }, { hours = 12, keep = 0.5 }, 3]
interpolation = "curved"
[attempts]
counts = "first"
[hidden]
visibility = "some"
"""


def test_without_a_file_everything_is_as_the_parts_say(tmp_path):
    course = read_course(tmp_path / "course.toml")

    assert [part.number for part, _ in course.listed()] == [1, 2, 3, 4, 5, 6, 7]


def test_a_file_is_read(tmp_path):
    (tmp_path / "course.toml").write_text(RIGHT)
    (tmp_path / "hidden" / "02_invalid_data").mkdir(parents=True)
    (tmp_path / "hidden" / "02_invalid_data" / "checks.py").write_text(SECRET)

    course = read_course(tmp_path / "course.toml")

    assert course.title == "IoT 2026"
    assert course.rules_of(2).weight == 2
    assert [part.number for part, _ in course.listed()] == [1, 2, 3, 4, 5, 7]
    assert course.late.deadline_of(1) == datetime(2026, 4, 1, tzinfo=UTC)
    assert course.late.deadline_of(2) == datetime(2026, 5, 1, tzinfo=UTC)
    assert (course.late.grace, course.late.linear) == (timedelta(minutes=15), True)
    assert (course.attempts.best, course.attempts.free, course.attempts.each_costs) == (True, 2, 0.1)
    assert (course.visibility, course.levels) == ("points", {"2.secret": "nothing"})


def test_all_that_is_wrong_is_told_at_once(tmp_path):
    (tmp_path / "course.toml").write_text(WRONG)

    with pytest.raises(UsageProblem) as problem:
        read_course(tmp_path / "course.toml")

    assert problem.value.message.splitlines()[1:] == [
        "  titel: unknown key; did you mean title?",
        "  parts.9: expected a table of a part, one of 1, 2, 3, 4, 5, 6, 7",
        "  parts.2.weight: is 'double', expected a number from 0 to 1000",
        "  late.steps[1].keep: is 1.5, expected a number from 0 to 1",
        "  late.steps[3]: expected { hours = 24, keep = 0.8 }",
        "  late.steps: the hours must grow from step to step",
        "  late.interpolation: is 'curved', expected one of steps, linear",
        "  late.deadline: is 2026-05-01, expected a time with its zone: 2026-05-01T23:59:00+02:00",
        "  attempts.counts: is 'first', expected one of last, best",
        "  hidden.visibility: is 'some', expected one of everything, title, points, nothing",
    ]


def test_hidden_checks_stand_behind_the_kits_with_their_levels(tmp_path):
    folder = tmp_path / "secret" / "02_invalid_data"
    folder.mkdir(parents=True)
    (folder / "checks.py").write_text(
        'from checker.checks import check\n@check("2.secret", points=5, needs="2.1")\ndef f(lab):\n    """A secret."""\n'
    )
    (tmp_path / "course.toml").write_text('[hidden]\nfolder = "secret"\nlevels = { "2.secret" = "nothing" }\n')

    course = read_course(tmp_path / "course.toml")

    (part, listed) = course.listed("2")[0]
    assert part.number == 2
    assert (listed[-1].check.id, listed[-1].visibility, listed[0].visibility) == ("2.secret", "nothing", "everything")


def test_four_levels_of_what_learners_see():
    check = {"id": "2.s", "title": "T", "status": "failed", "points": 0, "max_points": 5,
             "expected": "E", "got": "G", "because": "B", "fix": "F"}  # fmt: skip

    assert as_learners_see(check, "everything") == check
    assert as_learners_see(check, "title") == check | {"expected": "", "got": "", "because": "", "fix": ""}
    assert as_learners_see(check, "points") == check | {
        "title": "A hidden check.",
        "expected": "",
        "got": "",
        "because": "",
        "fix": "",
    }
    assert as_learners_see(check, "nothing") is None


def test_adjustments_are_read(tmp_path):
    (tmp_path / "adjustments.toml").write_text(
        '[ada]\ncomment = "Well done."\n[[ada.points]]\ncheck = "2.3"\nset = 5\nreason = "oral exam"\n'
    )

    adjustment = read_adjustments(tmp_path)["ada"]

    assert adjustment.comment == "Well done."
    assert adjustment.changes == (Change(check="2.3", set=5, reason="oral exam"),)


def test_wrong_adjustments_are_told_at_once(tmp_path):
    (tmp_path / "adjustments.toml").write_text(
        '[ada]\nnote = "x"\n[[ada.points]]\nadd = 1\nset = 2\n[[ada.points]]\nadd = "one"\n'
    )

    with pytest.raises(UsageProblem) as problem:
        read_adjustments(tmp_path)

    assert "ada.note: unknown key" in problem.value.message
    assert "ada.points[1]: expected either add or set" in problem.value.message
    assert "ada.points[2].add: is 'one'" in problem.value.message


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("parts = 3", r"parts: is 3, expected tables such as \[parts.2\]"),
        ("[attempts]\nfree = 1.5", "attempts.free: is 1.5, expected a whole number"),
        ("[late]\ndeadline = 2026-05-01", "late.deadline: is 2026-05-01, expected a time with its zone"),
        (
            "[late]\ndeadline = 2026-05-01T00:00:00Z\nsteps = [{hours = 1, keep = 0.5}, {hours = 2, keep = 0.8}]",
            "late.steps: what is kept must not grow",
        ),
    ],
    ids=["parts", "half an attempt", "a day", "growing"],
)
def test_what_was_passed_over_or_rounded_is_told(tmp_path, text, complaint):
    (tmp_path / "course.toml").write_text(text)
    with pytest.raises(UsageProblem, match=complaint):
        read_course(tmp_path / "course.toml")


def test_a_level_of_a_check_that_is_not_there_protects_nothing_and_is_told(tmp_path):
    (tmp_path / "course.toml").write_text('[hidden]\nlevels = { "2.x" = "nothing" }\n')
    with pytest.raises(UsageProblem, match="no hidden check: 2.x"):
        read_course(tmp_path / "course.toml").listed("2")


def test_adjustments_without_effect_are_told():
    result = {"parts": [{"part": 1, "checks": [{"id": "1.1"}]}]}
    adjustments = {
        "adda": Adjustment(),
        "ada": Adjustment(changes=(Change("9.9"), Change(part=7), Change("1.1"), Change())),
    }

    assert without_effect(adjustments, {"ada": result}) == [
        "adjustments.toml: nobody with a grade is called adda; did you mean ada?",
        "adjustments.toml: ada has no check 9.9",
        "adjustments.toml: ada has no part 7",
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[ada.lovelace]\ncomment = 'x'", 'an id with a dot stands in quotes: ["ada.lovelace"]'),
        ("[[ada.points]]\nset = nan", "ada.points[1].set: is nan, expected points"),
        ("[[ada.points]]\nadd = -inf", "ada.points[1].add: is -inf, expected points"),
        ("[[ada.points]]\npart = '2'\nadd = 1", "ada.points[1].part: is '2', expected a number like 2"),
    ],
    ids=["a dot", "no number", "endless", "text"],
)
def test_an_adjustment_that_would_not_hold_is_told(tmp_path, text, complaint):
    (tmp_path / "adjustments.toml").write_text(text)

    with pytest.raises(UsageProblem) as raised:
        read_adjustments(tmp_path)

    assert complaint in raised.value.message


def test_a_byte_order_mark_before_the_rules_does_no_harm(tmp_path):
    (tmp_path / "course.toml").write_bytes(b'\xef\xbb\xbftitle = "IoT"\n')
    (tmp_path / "adjustments.toml").write_bytes(b'\xef\xbb\xbf[ada]\ncomment = "x"\n')

    assert read_course(tmp_path / "course.toml").title == "IoT"
    assert read_adjustments(tmp_path)["ada"].comment == "x"


def test_the_level_of_a_hidden_check_is_the_one_that_is_said_now(tmp_path):
    (tmp_path / "course.toml").write_text(
        '[hidden]\nfolder = "hidden"\nvisibility = "points"\nlevels = {"1.x" = "nothing"}'
    )
    course = read_course(tmp_path / "course.toml")
    graded = {"visibility": "everything"}

    assert [course.level_of({"id": each, **graded}) for each in ("1.x", "1.y", "1.1")] == [
        "nothing",
        "points",
        "everything",
    ]


GOOD = "from checker.checks import check\n@check('2.x', points=1)\ndef x(lab):\n    'X.'\n"


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("x = 1", "hidden checks of part 2 are none"),
        ("# \xeb".encode("latin-1"), "checks.py cannot be read: .*save it as UTF-8"),
        ("raise SystemExit(3)", "part 2 cannot be loaded: SystemExit: 3"),
        (GOOD + GOOD[GOOD.index("@") :].replace("def x", "def y"), "2.x has an id that is used already"),
        (GOOD.replace("2.x", "2.1"), "2.1 has an id that is used already"),
        (GOOD.replace("points=1", "points=-1"), "2.x has -1 points"),
        (GOOD.replace("points=1", "points=0.5"), "2.x has 0.5 points"),
        (GOOD.replace("points=1", "points=1, needs='1.1'"), "2.x needs 1.1, which does not stand before it in part 2"),
    ],
    ids=["none", "Latin-1", "exit", "twice", "the kit's", "negative", "half", "another part's"],
)
def test_hidden_checks_that_would_count_wrongly_are_refused(tmp_path, source, complaint):
    (tmp_path / "hidden/02_invalid_data").mkdir(parents=True)
    data = source if isinstance(source, bytes) else source.encode()
    (tmp_path / "hidden/02_invalid_data/checks.py").write_bytes(data)

    with pytest.raises(LabError) as raised:
        CourseRules(hidden_folder=tmp_path / "hidden").listed()

    assert re.search(complaint, str(raised.value), re.DOTALL)


def test_a_hidden_check_that_would_tell_of_a_more_secret_one_is_refused(tmp_path):
    second = GOOD[GOOD.index("@") :].replace("2.x', points=1", "2.y', points=1, needs='2.x'").replace("def x", "def y")
    (tmp_path / "hidden/02_invalid_data").mkdir(parents=True)
    (tmp_path / "hidden/02_invalid_data/checks.py").write_text(GOOD + second)
    levels = {"2.x": "nothing", "2.y": "everything"}

    with pytest.raises(UsageProblem, match=r"hidden check 2.y \(everything\) needs 2.x \(nothing\)"):
        CourseRules(hidden_folder=tmp_path / "hidden", levels=levels).listed()
    assert CourseRules(hidden_folder=tmp_path / "hidden", levels={"2.x": "nothing"}).listed()


def test_a_course_without_any_part_and_costs_of_levels_that_are_none_are_told(tmp_path):
    with pytest.raises(UsageProblem, match="leaves no part to be graded"):
        CourseRules(parts={number: PartRules(graded=False) for number in range(1, 8)}).listed()
    (tmp_path / "course.toml").write_text("[hints]\ncosts = [0, 1, 2, 3]")
    with pytest.raises(UsageProblem, match="hints.costs: has 4 numbers, a step has 3 levels of hints"):
        read_course(tmp_path / "course.toml")
