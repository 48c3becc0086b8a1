"""Tables that Moodle, Canvas and Blackboard can import, and that no spreadsheet executes."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from checker.errors import UsageProblem
from checker.exports.csv_fill import fill
from checker.exports.csv_tables import Table, feedback_of, new_table, read_table, render_table, safe_cell
from checker.exports.read import read_grades
from checker.exports.write import WRITERS, Choice
from tests.exports.conftest import check, part, put


def cells(table):
    return list(csv.reader(io.StringIO(render_table(table).decode(table.encoding)), delimiter=table.delimiter))


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\n=1", "\r=1", "\r\n=1", "  =1", "＝1", "＠x", "\u00a0=1", "\u3000=1", "|x",
        "%x", '"=1', "'=1",
    ],
    ids=ascii,
)  # fmt: skip
def test_a_formula_becomes_text(text):
    assert safe_cell(text).startswith("'") and not set(safe_cell(text)) & set("\t\r\n")


@pytest.mark.parametrize(
    "text", ["Ada;=1+1;x", "Ada,=1+1", 'Ada";"=1+1', "Ada;@SUM(A1)", "Ada; +cmd|' /C calc'!A0", "Ada\t=1"]
)
def test_a_formula_behind_another_separator_becomes_text_too(text):
    for delimiter in ",;\t":
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
            found = next(csv.reader([safe_cell(text)], delimiter=delimiter, quoting=quoting))
            assert not [cell for cell in found if cell.strip(' "').startswith(("=", "+", "@"))], found


def test_ordinary_texts_are_left_alone():
    for text in ("O'Neil, Ada", "see a.tf, line 3; then 4 - 5", "x = 1, y = 2", "a@b.c; d@e.f", "from 3, -5 °C"):
        assert safe_cell(text) == text


@pytest.mark.parametrize(
    ("value", "written"), [(-2.5, "-2.5"), ("-2.5", "-2.5"), (12.0, "12"), (12.345, "12.35"), ("Ada", "Ada")]
)
def test_numbers_and_names_stay_as_they_are(value, written):
    assert safe_cell(value) in (written, "12.35", "12.34")


@pytest.mark.parametrize("platform", ["moodle", "canvas", "blackboard"])
def test_no_cell_of_a_table_is_a_formula(grades, platform):
    for row in cells(new_table(platform, grades)):
        assert not [cell for cell in row if cell.lstrip()[:1] in ("=", "+", "-", "@") and cell]


def test_moodles_table_has_a_user_a_grade_and_feedback(grades):
    header, *rows = cells(new_table("moodle", grades))
    assert header == ["Username", "Full name", "Email address", "IoT lab", "Feedback"]
    assert ["ada", "Ada Lovelace", "ada@example.org", "7", ""] in rows


def test_canvas_table_has_the_points_possible_in_its_second_row(grades):
    header, possible, *rows = cells(new_table("canvas", grades))
    assert header == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "IoT lab"]
    assert possible == ["    Points Possible", "", "", "", "", "6"]
    assert ["Ada Lovelace", "", "", "ada", "", "7"] in rows


def test_blackboards_table_names_the_points_in_its_column(grades):
    header, *rows = cells(new_table("blackboard", grades))
    assert header == ["Last Name", "First Name", "Username", "IoT lab [Total Pts: 6 Score]"]
    assert ["Lovelace", "Ada", "ada", "7"] in rows


def test_a_grade_that_is_not_final_is_left_empty(grades):
    rows = {row[0]: row for row in cells(new_table("moodle", grades))}
    assert rows["bob"][3] == ""


def test_a_column_for_each_part_if_wanted(grades):
    header = new_table("canvas", grades, per_part=True).header
    assert header[-2:] == ["IoT lab: part 1", "IoT lab: part 6"]


def test_moodles_worksheet_is_filled_by_participant_or_mail(grades):
    header = [
        "Identifier",
        "Full name",
        "Email address",
        "Status",
        "Grade",
        "Last modified (grade)",
        "Feedback comments",
    ]
    rows = [
        ["Participant 7", "Ada Lovelace", "ADA@example.org", "Submitted", "", "-", ""],
        ["Participant 8", "Eve", "eve", "Submitted", "", "-", ""],
    ]
    filled = fill("moodle", Table(header, rows), grades)
    assert filled.table.rows[0][4] == 7 and filled.table.rows[0][5] == "-"
    assert filled.table.rows[1][4] == 2 and "terraform/iot.tf" in filled.table.rows[1][6]
    assert [grading.id for grading in filled.missing] == ["bob"]


def test_canvas_column_is_found_with_its_id(grades):
    header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "IoT lab (8812)", "Final Score"]
    rows = [["Lovelace, Ada", "55", "s1", "ada", "A", "", "0"]]
    assert fill("canvas", Table(header, rows), grades).table.rows[0] == [
        "Lovelace, Ada",
        "55",
        "s1",
        "ada",
        "A",
        7.0,
        "0",
    ]


def test_blackboards_utf16_file_stays_one(grades, tmp_path):
    file = tmp_path / "gc.xls"
    file.write_bytes('"Username"\t"Lab [Total Pts: 6 Score] |77"\r\n"ada"\t""\r\n'.encode("utf-16"))
    table = fill("blackboard", read_table(file), grades, "Lab").table
    assert (table.delimiter, table.encoding) == ("\t", "utf-16") and cells(table)[1] == ["ada", "7"]


def test_a_name_that_two_share_names_nobody(grades):
    rows = [["Ada Lovelace", "", "", "x1", "", ""], ["Ada Lovelace", "", "", "x2", "", ""]]
    header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "IoT lab"]
    assert len(fill("canvas", Table(header, rows), grades).missing) == 3


def test_a_missing_grade_column_is_refused_by_name(grades):
    with pytest.raises(UsageProblem, match="no column 'IoT lab', only 'Username', 'Other'"):
        fill("blackboard", Table(["Username", "Other"], [["ada", ""]]), grades)


def test_a_file_of_another_kind_is_refused(grades, tmp_path):
    with pytest.raises(UsageProblem, match="none of canvas's"):
        fill("canvas", Table(["a", "b"], []), grades)
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageProblem, match="is no table"):
        read_table(tmp_path / "x.csv")


def roster(tmp_path, text, encoding="utf-8"):
    (tmp_path / "roster.csv").write_bytes(text.encode(encoding))
    return read_table(tmp_path / "roster.csv")


def test_what_the_platform_wrote_goes_back_as_it_came(grades, tmp_path):
    text = (
        "Student,ID,SIS Login ID,Section,Notes,IoT lab (8),=Quiz (9)\r\n"
        "    Points Possible,,,,,6,-\r\n-Ada,55,ada,A,- talks a lot,,+1\r\n"
    )

    header, possible, ada = cells(fill("canvas", roster(tmp_path, text), grades).table)

    assert header[-1] == "=Quiz (9)" and possible[-1] == "-"
    assert ada == ["-Ada", "55", "ada", "A", "- talks a lot", "7", "+1"]


def test_a_byte_order_mark_is_kept_and_none_is_added(grades, tmp_path):
    text = "Student,ID,SIS Login ID,Section,IoT lab (8)\r\nAda,55,ada,A,\r\n"

    plain = render_table(fill("canvas", roster(tmp_path, text), grades).table)
    marked = render_table(fill("canvas", roster(tmp_path, text, "utf-8-sig"), grades).table)

    assert plain.startswith(b'"Student"') and marked.startswith(b"\xef\xbb\xbfStudent,"), (
        "Canvas refuses a quote behind it"
    )


def test_a_file_with_semicolons_and_decimal_commas_stays_one(grades, tmp_path):
    text = (
        "Student;ID;SIS Login ID;Section;Quiz (7);IoT lab (8)\r\nAda, the first;55;ada;A;3,5;\r\nEve;56;eve;A;4,5;\r\n"
    )
    (grades.folder / "adjustments.toml").write_text("[[ada.points]]\nadd = 0.5\n")

    table = fill("canvas", roster(tmp_path, text), read_grades(grades.folder)).table

    assert cells(table)[1] == ["Ada, the first", "55", "ada", "A", "3,5", "7,5"]


def test_moodles_worksheet_is_found_in_another_language_too(folder, tmp_path):
    put(folder, "4711", {"parts": [part(1, [check("1.1", "passed")])], "submission": moodle_submission("Kim", 4711)})
    text = "ID,Vollständiger Name,Bewertung,Bestwertung\r\nTeilnehmer/in4711,Kim,,100\r\nTeilnehmer/in8,Lee,,100\r\n"

    filled = fill("moodle", roster(tmp_path, text), read_grades(folder), "Bewertung")

    assert [row[2] for row in filled.table.rows] == [2, ""] and filled.without == 1


def moodle_submission(name, number):
    return {"sha256": "ab", "source": f"{name}_{number}_assignsubmission_file_", "submitted_at": "", "hints": {}}


def test_people_of_moodles_download_get_its_worksheet(folder, tmp_path):
    for old in ("ada", "bob", "eve"):
        (folder / "results" / old / "0001.json").unlink()
    wrong = [check("1.1", "failed", fix="a <b> & c"), check("1.2", "passed")]
    put(folder, "4711", {"name": "Kim", "parts": [part(1, wrong)], "submission": moodle_submission("Kim", 4711)})
    grades = read_grades(folder)

    header, kim = cells(new_table("moodle", grades))

    assert {"Identifier", "Grade", "Last modified (grade)", "Feedback comments"} <= set(header), (
        "Moodle's upload looks for them"
    )
    assert kim == ["Participant 4711", "Kim", "", "2", "4", "-", "1.1 Check 1.1 holds: a &lt;b&gt; &amp; c"]
    assert fill("moodle", new_table("moodle", grades), grades).missing == ()


def test_what_moodle_would_not_take_is_told(folder, tmp_path):
    put(folder, "zoe", {"name": "Zoe", "parts": [part(1, [check("1.1", "passed", 101)])]})
    put(
        folder,
        "4711",
        {"name": "Kim", "parts": [part(1, [check("1.1", "passed")])], "submission": moodle_submission("Kim", 4711)},
    )
    (tmp_path / "roster.csv").write_text(
        "Identifier,Email address,Grade,Maximum Grade\r\nParticipant 9,ada@example.org,,5.00\r\n"
    )
    grades = read_grades(folder)

    new = WRITERS["moodle"](grades, tmp_path / "out", Choice())
    filled = WRITERS["moodle"](grades, tmp_path / "out", Choice(roster=tmp_path / "roster.csv"))

    assert any("4711 is a number of Moodle's download and no username" in line for line in new)
    assert any("above 100" in line and line.endswith("Zoe") for line in new)
    assert any("above what the assignment in Moodle allows" in line and "Ada Lovelace (7)" in line for line in filled)


def test_feedback_says_why_nothing_was_checked(folder):
    because = "terraform did not deploy these files: Unsupported argument"
    put(folder, "kim", {"parts": [part(1, [check("1.1", "skipped", because=because)])]})
    put(
        folder,
        "lee",
        {"parts": [part(1, [check("1.1", "skipped", because="x")])], "status": "refused", "problem": "it is no zip"},
    )
    grades = read_grades(folder)

    assert feedback_of(grades.find("kim")) == f"1 checks were skipped: {because}"
    assert feedback_of(grades.find("lee")) == "it is no zip"


def test_what_is_no_utf8_is_told(tmp_path):
    with pytest.raises(UsageProblem, match="is no table in UTF-8 or UTF-16"):
        roster(tmp_path, "Student,Grade\nJosé,1\n", "latin-1")


def test_a_participants_number_is_sought_among_participants_only(folder):
    put(folder, "4711", {"name": "Eve", "parts": [part(1, [check("1.1", "passed")])], "submission": {
        "sha256": "x", "source": "Eve_4711_assignsubmission_file_", "submitted_at": ""}})  # fmt: skip
    (eve,) = (each for each in read_grades(folder).gradings if each.id == "4711")
    only_eve = replace(read_grades(folder), gradings=(eve,))

    others = Table(["ID number", "Full name", "Grade"], [["4711", "Somebody Else", ""]])
    worksheet = Table(["Identifier", "Full name", "Grade"], [["Participant 4711", "E. Eve", ""]])

    assert [each.id for each in fill("moodle", others, only_eve).missing] == ["4711"]
    assert fill("moodle", worksheet, only_eve).table.rows[0][2] == eve.score
