"""Runs a file of documented IoT SQL cases, one JSON object a line: `python -m labcloud.iotsql.cases FILE`."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path

from .casefile import evaluate_case, expectation

Mismatch = tuple[str, str, str, str]
"""id, sql, what was expected, what came out."""


def run_cases(path: str | Path) -> tuple[int, int, list[Mismatch]]:
    """Runs a file: how many passed, how many failed, and each mismatch."""
    passed = 0
    mismatches: list[Mismatch] = []
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").split("\n"), 1):
        if not line.strip():
            continue
        try:
            case = json.loads(line, parse_float=Decimal)
        except ValueError as error:
            mismatches.append((f"line {number}", line[:80], "a JSON object", str(error)))
            continue
        try:
            ok, got = evaluate_case(case)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            mismatches.append((f"line {number}", line[:80], "a case", f"{type(error).__name__}: {error}"))
            continue
        if ok:
            passed += 1
        else:
            mismatches.append((str(case.get("id", f"line {number}")), case["sql"], expectation(case), got))
    return passed, len(mismatches), mismatches


def main(arguments: list[str]) -> int:
    """Prints each mismatch and the totals; 1 if anything failed, 2 if there is no file to run."""
    if len(arguments) != 1:
        print("usage: python -m labcloud.iotsql.cases FILE", file=sys.stderr)
        return 2
    try:
        passed, failed, mismatches = run_cases(arguments[0])
    except (OSError, UnicodeDecodeError) as error:
        print(f"cannot read {arguments[0]}: {error}", file=sys.stderr)
        return 2
    for case_id, sql, expected, got in mismatches:
        print(f"{case_id}  {sql}\n    expected  {expected}\n    got       {got}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
