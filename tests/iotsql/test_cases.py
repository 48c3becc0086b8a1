"""The rows and printed examples of AWS's tables, as data: cases.jsonl."""

from __future__ import annotations

import json
from pathlib import Path

from labcloud.iotsql.cases import main, run_cases

CASES = Path(__file__).parent / "cases.jsonl"


def test_every_documented_case_passes():
    passed, failed, mismatches = run_cases(CASES)
    assert not mismatches, f"{failed} of {passed + failed}, first: {mismatches[0]}"
    assert passed > 2500


def test_a_mismatch_is_printed_with_what_was_expected_and_what_came(tmp_path, capsys):
    wrong = {"id": "x1", "sql": "SELECT 1 + 1 AS r FROM 't'", "payload": {}, "topic": "t", "expected": {"r": 3}}
    right = wrong | {"id": "x2", "expected": {"r": 2.0}}
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join(json.dumps(case) for case in (wrong, right)))
    assert main([str(file)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "x1  SELECT 1 + 1 AS r FROM 't'",
        '    expected  {"r":3}',
        '    got       {"r":2}',
        "1 passed, 1 failed",
    ]


def test_a_line_that_is_no_json_is_a_mismatch_of_its_own(tmp_path):
    file = tmp_path / "cases.jsonl"
    file.write_text("{nonsense\n")
    passed, failed, mismatches = run_cases(file)
    assert (passed, failed) == (0, 1)
    assert mismatches[0][0] == "line 1"


def test_a_string_is_not_taken_for_the_number_it_shows(tmp_path):
    file = tmp_path / "cases.jsonl"
    file.write_text(
        json.dumps({"id": "x", "sql": "SELECT '5' AS r", "payload": {}, "topic": "t", "expected": {"r": 5}})
    )
    assert run_cases(file)[1] == 1


def test_a_line_that_is_no_case_is_a_mismatch_too(tmp_path):
    file = tmp_path / "cases.jsonl"
    file.write_text('{"id": "x"}\n[1]\n')
    assert run_cases(file)[:2] == (0, 2)


def test_a_missing_file_is_said_and_is_a_usage_error(tmp_path, capsys):
    assert main([str(tmp_path / "none.jsonl")]) == 2
    assert capsys.readouterr().err.startswith(f"cannot read {tmp_path}/none.jsonl: ")
