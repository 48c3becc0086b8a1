"""A query takes no more memory and time than it is allowed, whatever it makes of its rows; the cloud goes on.

Each attack would take gigabytes or hours; all of them run in one process whose address space is limited, so that a
bound that does not hold is seen.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from labcloud.errors import AwsError
from tests.timestream.conftest import Lab

LARGEST_GROWTH_MB = 1500
"""Of the whole process: a query's own allowance, what one step may take beyond it, DuckDB's gigabyte for sorting."""
ONE_TO_A_MILLION = "UNNEST(sequence(1, 1000000)) AS t(x)"
PAIRS = "UNNEST(sequence(1, 100000)) AS a(x) CROSS JOIN UNNEST(sequence(1, 10000)) AS b(y)"


def nested(times: int, template: str, inner: str) -> str:
    for _ in range(times):
        inner = template.replace("{}", inner)
    return inner


ATTACKS = {
    "repeat in repeat": "SELECT cardinality(repeat(repeat(repeat(1, 10000), 10000), 10000))",
    "repeat in every row": f"SELECT sum(cardinality(repeat(x, 10000))) FROM {ONE_TO_A_MILLION}",
    "a sequence in every row": f"SELECT sum(cardinality(sequence(1, 1000000))) FROM {ONE_TO_A_MILLION}",
    "texts that double": f"SELECT length(a) FROM {nested(40, '(SELECT a || a AS a FROM {})', '(SELECT chr(65) AS a)')}",
    "arrays that double": f"SELECT cardinality(a) FROM {nested(40, '(SELECT ARRAY[a, a] AS a FROM {})'.replace('ARRAY[a, a]', 'concat(a, a)'), '(SELECT ARRAY[1] AS a)')}",
    "arrays of arrays": f"SELECT a[1] FROM {nested(12, '(SELECT ARRAY[a, a, a, a] AS a FROM {})', '(SELECT repeat(1, 10000) AS a)')}",
    "padding in every row": f"SELECT sum(length(rpad('a', 1000000, 'b') || 'c')) FROM {ONE_TO_A_MILLION}",
    "replacing by more": f"SELECT length({nested(12, 'replace({}, chr(97), rpad(chr(97), 10, chr(97)))', 'chr(97)')})",
    "replacing by a pattern": f"SELECT length({nested(12, 'regexp_replace({}, chr(97), rpad(chr(97), 10, chr(97)))', 'chr(97)')})",
    "joining long texts": "SELECT length(array_join(repeat(rpad('a', 100000, 'a'), 10000), ','))",
    "a lambda that doubles": "SELECT cardinality(reduce(sequence(1, 60), ARRAY[1], (s, x) -> concat(s, s), s -> s))",
    "a lambda that doubles texts": "SELECT length(reduce(sequence(1, 60), 'ab', (s, x) -> s || s, s -> s))",
    "a lambda that copies": f"SELECT cardinality(transform(sequence(1, 100000), e -> repeat(x, 10000))) FROM {ONE_TO_A_MILLION}",
    "sorting all pairs": f"SELECT a.x FROM {PAIRS} ORDER BY a.x * b.y LIMIT 5 OFFSET 900000000",
    "grouping all pairs": f"SELECT count(*) FROM (SELECT a.x, b.y FROM {PAIRS} GROUP BY a.x, b.y)",
    "an array of all pairs": f"SELECT cardinality(array_agg(a.x)) FROM {PAIRS}",
    "large values for the caller": "SELECT repeat(x, 10000) FROM UNNEST(sequence(1, 100000)) AS t(x)",
    "every two of an array": "SELECT cardinality(array_distinct(sequence(1, 1000000)))",
    "a long series at many times": """SELECT interpolate_linear(s, sequence(TIMESTAMP '2022-01-01', TIMESTAMP '2022-01-12', 1s))
        FROM (SELECT create_time_series(time, 1e0) AS s FROM (SELECT TIMESTAMP '2022-01-01' + x * 1s AS time
        FROM UNNEST(sequence(1, 900000)) AS t(x)))""",
    "the distance of long texts": "SELECT levenshtein_distance(rpad('a', 100000, 'ab'), rpad('b', 100000, 'cd'))",
    "weighted percentiles": f"SELECT approx_percentile(x, x, 0.5) FROM {ONE_TO_A_MILLION}",
    "columns that double": "WITH c0 AS (SELECT 1 AS a, 2 AS b)"
    + "".join(f", c{i} AS (SELECT * FROM c{i - 1} x CROSS JOIN c{i - 1} y)" for i in range(1, 30))
    + " SELECT count(*) FROM c29",
    "names for queries that double": "WITH c0 AS (SELECT 1 AS a)"
    + "".join(f", c{i} AS (SELECT x.a FROM c{i - 1} x CROSS JOIN c{i - 1} y)" for i in range(1, 30))
    + " SELECT count(*) FROM c29",
    "calls in calls": f"SELECT {nested(50, 'substr({}, 2)', 'chr(65)')}",
    "the greatest of the greatest": f"SELECT {nested(50, 'greatest({}, 2)', '1')}",
    "many grouping sets": "SELECT count(*) FROM (VALUES (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)) AS "
    "t(a, b, c, d, e, f, g, h, i, j, k, l) GROUP BY CUBE (a, b, c, d, e, f, g, h, i, j, k, l)",
}

PROGRAM = """
import json, resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, (12 << 30, 12 << 30))
from labcloud.errors import AwsError
from tests.timestream.conftest import Lab
lab = Lab()
lab.query("SELECT length(rpad('a', 5000, 'b'))")
def now_mb():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 1e6
def peak_mb():
    return next(int(line.split()[1]) / 1e3 for line in open("/proc/self/status") if line.startswith("VmHWM"))
for name, sql in json.load(sys.stdin).items():
    open("/proc/self/clear_refs", "w").write("5")
    before, began = now_mb(), time.monotonic()
    try:
        lab.call("Query", QueryString=sql)
        said = ""
    except AwsError as error:
        said = f"{error.code}: {error.message}"
    grown, took = peak_mb() - before, time.monotonic() - began
    print(json.dumps({"name": name, "mb": grown, "s": took, "said": said}), flush=True)
print(json.dumps(lab.rows("SELECT 1 + 1")))
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="looks at Linux's own figures")
def test_memory_and_time_stay_bounded() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=json.dumps(ATTACKS), capture_output=True, text=True, timeout=900,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, (done.stdout[-2000:], done.stderr[-2000:])
    assert lines.pop() == [["2"]]
    assert {line["name"] for line in lines} == set(ATTACKS)
    over = [line for line in lines if line["mb"] > LARGEST_GROWTH_MB]
    assert over == []


ALLOWED = "Query exceeded the memory limit of this cloud"


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT cardinality(repeat(repeat(1, 10000), 10000))", ALLOWED),
        (f"SELECT {nested(50, 'substr({}, 2)', 'chr(65)')}", "The query is too complex"),
        (f"SELECT {', '.join('1' for _ in range(2001))}", "more than 2000 columns"),
        (
            f"SELECT {', '.join(f'1 AS {chr(97) * 200}{i}' for i in range(600))}",
            "The metadata of the result is larger than",
        ),
        (ATTACKS["many grouping sets"], "GROUP BY has 4096 grouping sets but can contain at most 2048"),
    ],
    ids=lambda value: value[:40],
)
def test_a_query_that_asks_for_too_much_is_told_so(lab: Lab, sql: str, message: str) -> None:
    with pytest.raises(AwsError, match=message):
        lab.query(sql)


def test_what_queries_usually_do_is_not_bounded(lab: Lab) -> None:
    lab.make_table()
    lab.write(lab.record("1.5"), lab.record("2.5", sensor="s2"))
    assert lab.rows("SELECT sensor || '!' AS s, count(*) FROM house.readings GROUP BY sensor || '!' ORDER BY s") == [
        ["s1!", "1"], ["s2!", "1"],
    ]  # fmt: skip
    assert lab.rows("SELECT DISTINCT upper(sensor) AS s FROM house.readings WHERE lower(sensor) || 'x' = 's1x'") == [
        ["S1"]
    ]
    assert lab.rows("SELECT TRY(CAST(concat('1', sensor) AS bigint)) FROM house.readings") == [["NULL"], ["NULL"]]
    assert lab.rows("SELECT max(sensor || 'x') OVER (PARTITION BY concat(sensor, 'y')) FROM house.readings ORDER BY 1") == [
        ["s1x"], ["s2x"],
    ]  # fmt: skip
    assert lab.rows(
        "SELECT count(*) FROM UNNEST(sequence(1, 1000000)) AS t(x) WHERE 'a' || CAST(x AS varchar) = 'a5'"
    ) == [["1"]]
    assert lab.rows("SELECT TRY(repeat(repeat(1, 100), 1000))") == [["NULL"]]
    assert lab.rows("SELECT filter(ARRAY[1, 2, 3], x -> concat('a', CAST(x AS varchar)) > 'a1')") == [["[2, 3]"]]
