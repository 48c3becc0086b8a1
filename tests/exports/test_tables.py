"""Tables that Moodle, Canvas and Blackboard can import, and that no spreadsheet executes."""

from __future__ import annotations

import csv
import io

import pytest

from checker.errors import UsageProblem
from checker.exports.csv_fill import fill
from checker.exports.csv_tables import Table, new_table, read_table, render_table, safe_cell


def cells(table):
    return list(csv.reader(io.StringIO(render_table(table).decode(table.encoding)), delimiter=table.delimiter))


@pytest.mark.parametrize(
    "text", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\n=1", "  =1", "＝1", "\u00a0=1", "|x", "%x"]
)
def test_a_formula_becomes_text(text):
    assert safe_cell(text).startswith("'")


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
