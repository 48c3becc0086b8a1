"""Whose submission is it, and which one?"""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from checker.errors import UsageProblem
from checker.grading.intake import Source, find_sources, only_these, passed_over, safe_id
from checker.grading.store import Grades


def test_folders_archives_and_repositories_get_the_ids_of_their_names(tmp_path):
    for name in ("ada", "bob.git"):
        (tmp_path / name).mkdir()
    for name in ("eve.zip", "joe.tar.gz", "notes.txt", ".hidden.zip"):
        (tmp_path / name).touch()

    assert [source.id for source in find_sources(tmp_path)] == ["ada", "bob.git", "eve", "joe"]


def test_moodles_folders_give_number_and_name(tmp_path):
    (tmp_path / "Ada Lovelace_4711_assignsubmission_file_").mkdir()

    (source,) = find_sources(tmp_path)

    assert (source.id, source.name) == ("4711", "Ada Lovelace")


def test_moodles_zip_holds_a_submission_for_each_learner(tmp_path):
    archive = tmp_path / "all.zip"
    archive.touch()

    sources = find_sources(
        archive, ["Ada Lovelace_4711_assignsubmission_file/", "Bob_4712_assignsubmission_file_w.zip"]
    )

    assert [(source.id, source.name, source.prefix[:3]) for source in sources] == [
        ("4711", "Ada Lovelace", "Ada"),
        ("4712", "Bob", "Bob"),
    ]


def test_what_was_typed_into_moodle_beside_a_file_is_no_second_attempt(tmp_path):
    names = [
        "Ada Lovelace_4711_assignsubmission_file_",
        "Ada Lovelace_4711_assignsubmission_onlinetext_",
        "Bob_4712_assignsubmission_onlinetext_",
    ]
    (tmp_path / "all.zip").touch()
    (tmp_path / "all").mkdir()
    for name in names:
        (tmp_path / "all" / name).mkdir()

    in_zip = find_sources(tmp_path / "all.zip", [f"{name}/" for name in names])

    assert [source.label for source in in_zip] == [f"all.zip: {names[0]}", f"all.zip: {names[2]}"]
    assert [source.label for source in find_sources(tmp_path / "all")] == [names[0], names[2]]


def test_all_files_of_a_participant_are_one_submission_where_moodle_made_no_folders(tmp_path):
    (tmp_path / "all.zip").touch()
    names = ["Ada_7_assignsubmission_file_house.zip", "Ada_7_assignsubmission_file_report.pdf"]

    (source,) = find_sources(tmp_path / "all.zip", names)

    assert (source.id, source.prefix) == ("7", "Ada_7_assignsubmission_file_")


def test_attempts_without_times_are_told_and_none_is_chosen_by_chance(tmp_path):
    for name in ("first.zip", "second.zip"):
        (tmp_path / name).touch()
    (tmp_path / "submissions.csv").write_text("source,learner\nfirst.zip,ada\nsecond.zip,ada\n")

    with pytest.raises(UsageProblem, match="ada handed in more than once, .*: first.zip, second.zip"):
        find_sources(tmp_path)


def test_another_zip_is_one_submission(tmp_path):
    (tmp_path / "ada.zip").touch()

    assert [source.id for source in find_sources(tmp_path / "ada.zip", ["terraform/", "src/"])] == ["ada"]


def test_a_time_in_the_name_makes_attempts_of_one_learner(tmp_path):
    for name in ("ada@2026-05-02T10-00Z.zip", "ada@2026-05-01T10-00Z.zip"):
        (tmp_path / name).touch()

    sources = find_sources(tmp_path)

    assert [source.id for source in sources] == ["ada", "ada"]
    assert sources[0].submitted_at < sources[1].submitted_at


def test_the_instructors_list_says_who_and_when(tmp_path):
    (tmp_path / "upload-1.zip").touch()
    (tmp_path / "submissions.csv").write_text(
        "source,learner,name,email,submitted_at\nupload-1.zip,ada,Ada Lovelace,ada@example.org,2026-05-01T12:00:00+00:00\n"
    )

    (source,) = find_sources(tmp_path)

    assert (source.id, source.name, source.email) == ("ada", "Ada Lovelace", "ada@example.org")
    assert source.submitted_at.startswith("2026-05-01T")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("source,who\nx.zip,ada\n", "must have the columns"),
        ("source,submitted_at\nx.zip,yesterday\n", "'yesterday' is no time"),
        ("source,learner\ny.zip,ada\n", "names what is not there: y.zip"),
    ],
    ids=["unknown column", "no time", "not there"],
)
def test_a_wrong_list_is_refused_with_the_reason(tmp_path, text, complaint):
    (tmp_path / "x.zip").touch()
    (tmp_path / "submissions.csv").write_text(text)

    with pytest.raises(UsageProblem, match=complaint):
        find_sources(tmp_path)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Zoë Ångström", "Zoe_Angstrom"),
        ("../../etc", "etc"),
        ("a\x1b[2Jb", "a_2Jb"),
        (".hidden", "hidden"),
        ("=1+1", "1+1"),
    ],
    ids=["accents", "path", "escape", "dot", "formula"],
)
def test_an_id_is_a_plain_file_name(text, wanted):
    assert safe_id(text) == wanted


def test_an_id_of_other_letters_is_a_number_of_its_own():
    assert safe_id("张伟") != safe_id("王芳")
    assert safe_id("张伟").startswith("learner-")


def test_an_empty_folder_is_a_usage_problem(tmp_path):
    with pytest.raises(UsageProblem, match="holds no submission"):
        find_sources(tmp_path)


def test_one_submission_instead_of_a_folder_of_them_is_told_and_its_folders_are_no_learners(tmp_path):
    (tmp_path / "ada/terraform").mkdir(parents=True)
    (tmp_path / "ada/terraform/iot.tf").touch()
    (tmp_path / "ada/src").mkdir()

    with pytest.raises(UsageProblem) as raised:
        find_sources(tmp_path / "ada")

    assert str(raised.value) == (
        f"{tmp_path / 'ada'} is one submission, not a folder that holds submissions\n"
        f"  next  lab grade {tmp_path} --only ada"
    )


def test_a_list_with_semicolons_is_shown_as_it_is_written(tmp_path):
    (tmp_path / "ada").mkdir()
    (tmp_path / "submissions.csv").write_text("source;learner\nada;ada\n")

    with pytest.raises(UsageProblem, match=r"not: source;learner\n  next  correct its first line; commas divide"):
        find_sources(tmp_path)


@pytest.mark.parametrize("made", ["a file", "below a file"])
def test_grades_that_would_lie_in_a_file_are_a_usage_problem(tmp_path, made):
    file = tmp_path / "grades"
    file.touch()
    out = file if made == "a file" else file / "2026"

    with pytest.raises(UsageProblem) as raised:
        Grades(out).prepare()

    assert str(raised.value) == f"{out} cannot be a folder: Not a directory\n  next  choose another --out"


@pytest.mark.parametrize(
    "other", ["ada\u200b", "\u212bda", "\uff41\uff44\uff41", "ad\u0301a", "ADA"],
    ids=["zero width", "angstrom", "full width", "accent", "capitals"],
)  # fmt: skip
def test_names_that_would_become_one_learner_are_told_and_nobody_is_replaced(tmp_path, other):
    for name in ("ada", other):
        (tmp_path / name).mkdir()
    if safe_id(other).casefold() != "ada":
        assert len({source.id for source in find_sources(tmp_path)}) == 2
        return

    with pytest.raises(UsageProblem, match="cannot be told apart: .*'ada'"):
        find_sources(tmp_path)


def test_the_instructors_list_tells_apart_what_names_do_not(tmp_path):
    for name in ("ada", "ADA"):
        (tmp_path / name).mkdir()
    (tmp_path / "submissions.csv").write_text("source,learner\nADA,ada-2\n")

    assert [source.id for source in find_sources(tmp_path)] == ["ada", "ada-2"]


def test_only_one_who_handed_in_nothing_is_told_and_not_passed_over(tmp_path):
    sources = [Source("ada", tmp_path), Source("4711", tmp_path, name="Bob Moodle")]

    assert [source.id for source in only_these(sources, ["4711"])] == ["4711"]
    for wanted, meant in (
        ("adda", "did you mean 'ada'"),
        ("Bob Moodle", "did you mean '4711'"),
        ("x", "ids are 4711, ada"),
    ):
        with pytest.raises(UsageProblem, match=f"Nobody with the id '{wanted}'") as problem:
            only_these(sources, [wanted])
        assert meant in problem.value.next_step


def test_what_is_no_submission_is_told_and_another_kind_of_archive_is_somebodys(tmp_path):
    (tmp_path / "ada").mkdir()
    for name in ("eve.7z", "joe.TAR.GZ", "notes.txt", "submissions.csv"):
        (tmp_path / name).touch()
    (tmp_path / "submissions.csv").write_text("source\n")
    (tmp_path / "bob").symlink_to(tmp_path / "ada")
    Grades(tmp_path / "grades-1").prepare()
    (tmp_path / "grades-1/lock").touch()

    assert [source.id for source in find_sources(tmp_path)] == ["ada", "eve", "joe"]
    assert passed_over(tmp_path) == [
        "bob (a link)",
        "grades-1 (a folder of grades)",
        "notes.txt (no folder, zip or tar)",
    ]


def test_a_folder_that_holds_only_other_things_names_them(tmp_path):
    (tmp_path / "notes.txt").touch()

    with pytest.raises(UsageProblem, match=r"holds no submission, only notes.txt \(no folder, zip or tar\)"):
        find_sources(tmp_path)


@pytest.mark.parametrize("place", ["", "submissions"], ids=["the same folder", "where grades keep theirs"])
def test_grades_are_not_written_among_the_submissions(tmp_path, place):
    with pytest.raises(UsageProblem, match="grades of --out .* would be written among them"):
        Grades(tmp_path).apart_from(tmp_path / place)


@pytest.mark.parametrize("name", ["Zoë Ångström", "محمد علي", "张伟@2026-05-01T10-00Z"])
def test_a_name_that_the_id_cannot_spell_stays_the_learners_name(tmp_path, name):
    (tmp_path / name).mkdir()

    (source,) = find_sources(tmp_path)

    assert source.id.isascii() and source.name == name.partition("@")[0]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"source,name\nx.zip,Zo\xeb\n", r"is not UTF-8: .*\n  next  save it as CSV UTF-8"),
        (b"source,name\nx.zip,Lovelace, Ada\n", 'more cells than columns at x.zip\n  next  a cell that holds a comma'),
        (b"source,learner\nx.zip,ada\nx.zip,bob\n", "names x.zip more than once"),
        (b'source,learner\nx.zip,"ada\n', "is no CSV file: unexpected end of data"),
    ],
    ids=["Latin-1", "a comma", "twice", "an open quote"],
)  # fmt: skip
def test_a_list_of_which_a_line_would_be_lost_is_refused(tmp_path, text, complaint):
    (tmp_path / "x.zip").touch()
    (tmp_path / "submissions.csv").write_bytes(text)

    with pytest.raises(UsageProblem) as raised:
        find_sources(tmp_path)

    assert re.search(complaint, str(raised.value))


def test_a_list_with_a_byte_order_mark_is_read(tmp_path):
    (tmp_path / "x.zip").touch()
    (tmp_path / "submissions.csv").write_bytes(b"\xef\xbb\xbfsource,learner\r\nx.zip,ada\r\n")

    assert [source.id for source in find_sources(tmp_path)] == ["ada"]


def test_attempts_at_one_moment_are_told_and_none_is_chosen_by_chance(tmp_path):
    for name in ("ada@2026-05-01T10-00Z.zip", "ada@2026-05-01T12-00+02-00.zip"):
        (tmp_path / name).touch()

    with pytest.raises(UsageProblem, match="ada handed in more than once at the same time"):
        find_sources(tmp_path)


@pytest.mark.parametrize(
    ("stamp", "wanted"),
    [
        ("2026-05-01T12-00+02-00", "2026-05-01T10:00:00+00:00"),
        ("2026-05-01T12:00:07+0200", "2026-05-01T10:00:07+00:00"),
        ("2026-05-01T12-00-05-30", "2026-05-01T17:30:00+00:00"),
        ("2026-05-01T12-00-05Z", "2026-05-01T12:00:05+00:00"),
    ],
)
def test_a_time_in_a_name_is_read_with_the_signs_that_windows_allows_too(tmp_path, stamp, wanted):
    (tmp_path / f"ada@{stamp}").mkdir()

    (source,) = find_sources(tmp_path)

    assert (source.id, datetime.fromisoformat(source.submitted_at)) == ("ada", datetime.fromisoformat(wanted))
