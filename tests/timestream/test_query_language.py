"""Every case of cases/*.txt: a title line, the query, then types and rows, or the error."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from labcloud.errors import AwsError
from tests.timestream.conftest import Lab

CASES = Path(__file__).parent / "cases"


def read_cases() -> Iterator[object]:
    for path in sorted(CASES.glob("*.txt")):
        for block in path.read_text().split("\n\n"):
            lines = block.strip("\n").splitlines()
            body = [line for line in lines if not line.startswith("#")]
            if body:
                title = next(line for line in reversed(lines) if line.startswith("#"))
                yield pytest.param(body, id=f"{path.stem}: {title.removeprefix('# ')}")


@pytest.mark.parametrize("body", list(read_cases()))
def test_query_answers_as_documented(shared_lab: Lab, body: list[str]) -> None:
    split = next(index for index, line in enumerate(body) if line.startswith(("=> ", "!! ")))
    sql, expected = "\n".join(body[:split]), body[split:]
    if expected[0].startswith("!! "):
        with pytest.raises(AwsError) as raised:
            shared_lab.query(sql)
        assert (raised.value.code, raised.value.message) == ("ValidationException", expected[0].removeprefix("!! "))
        return
    types, rows = shared_lab.query(sql)
    assert [" | ".join(types), *(" | ".join(row) for row in rows)] == [expected[0].removeprefix("=> "), *expected[1:]]
