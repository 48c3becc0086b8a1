"""Copies are found however they are dressed up; what the course handed out is nobody's copy."""

from __future__ import annotations

import time

import pytest

from checker.exports.similarity.compare import compare, words_of
from checker.exports.similarity.hcl_tokens import tokens_of
from checker.exports.similarity.write import handed_out, to_compare, write_similarity

TERRAFORM = """
resource "aws_dynamodb_table" "strange_values" {
  name         = "${var.prefix}strange"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  attribute {
    name = "id"
    type = "S"
  }
  point_in_time_recovery { enabled = true }
  ttl {
    attribute_name = "gone"
    enabled        = local.keep ? false : true
  }
}

resource "aws_iot_topic_rule" "hot" {
  name        = "hot"
  sql         = "SELECT * FROM 'topic/sensor/+' WHERE temperature >= 40"
  sql_version = "2016-03-23"
  enabled     = true
  dynamodbv2 {
    role_arn = aws_iam_role.writer.arn
    put_item { table_name = aws_dynamodb_table.strange_values.name }
  }
}
"""
DISGUISED = """
# all my own work
resource "aws_iot_topic_rule" "my_rule" {
  dynamodbv2 {
    put_item {
      table_name = aws_dynamodb_table.my_table.name // here
    }
    role_arn = aws_iam_role.mine.arn
  }
  enabled     = true
  sql_version = "2016-03-23"
  sql         = "SELECT id, temperature FROM 'topic/sensor/#' WHERE temperature > 39"
  name        = "another"
}
/* the table */
resource "aws_dynamodb_table" "my_table" {
  ttl {
    enabled        = local.other ? false : true
    attribute_name = "expires"
  }
  hash_key     = "key"
  point_in_time_recovery { enabled = true }
  attribute {
    type = "S"
    name = "key"
  }
  billing_mode = "PAY_PER_REQUEST"
  name         = "${var.start}odd"
}
"""
OTHER = """
resource "aws_sns_topic" "alarm" { name = "alarm" }
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["iot.amazonaws.com"]
    }
  }
}
"""
PYTHON = '''
def decide(readings, threshold):
    """Say what to do."""
    total = 0
    for reading in readings:
        if reading["temperature"] is not None and reading["temperature"] > threshold:
            total += reading["temperature"] - threshold
    return {"on": total > 3, "sum": total, "count": len(readings)}


def mean(values):
    return sum(values) / len(values) if values else float("nan")
'''
PYTHON_DISGUISED = """
import os


def average(xs):  # my mean
    return sum(xs) / len(xs) if xs else float("nan")


def choose(items, limit):
    n = 0
    for item in items:
        # compare
        if item["t"] is not None and item["t"] > limit:
            n += item["t"] - limit
    return {"on": n > 3, "sum": n, "count": len(items)}
"""


def words(path, text):
    return sorted([word.text for word in block] for block in words_of(path, text))


def test_renaming_order_and_comments_leave_no_trace_in_terraform():
    assert words("a.tf", TERRAFORM) == words("b.tf", DISGUISED)


def test_a_disguised_copy_is_found():
    submissions = {"a": {"terraform/iot.tf": TERRAFORM}, "b": {"x/y.tf": DISGUISED}, "c": {"m.tf": OTHER}}
    (pair,) = compare(submissions)
    assert (pair.left, pair.right, pair.share) == ("a", "b", 1.0)
    assert 6 in pair.left_lines["terraform/iot.tf"]


def test_a_disguised_copy_of_python_is_found():
    (pair,) = compare({"a": {"decision.py": PYTHON}, "b": {"my.py": PYTHON_DISGUISED}, "c": {"z.py": "x = 1\n" * 40}})
    assert pair.share > 0.9


def test_what_the_course_handed_out_does_not_count():
    assert compare({"a": {"a.tf": TERRAFORM}, "b": {"b.tf": DISGUISED}}, [{"starter.tf": TERRAFORM}]) == []


def test_everybodys_solution_is_the_solution():
    course = handed_out()
    whole = {path: text for files in course for path, text in files.items()}
    assert compare({"a": whole, "b": dict(whole)}, course) == []


def test_what_most_of_the_class_wrote_is_nobodys_own():
    submissions = {f"s{n}": {"a.tf": TERRAFORM} for n in range(12)}
    assert compare(submissions) == []
    assert compare(
        {"s1": {"a.tf": TERRAFORM}, "s2": {"a.tf": TERRAFORM}, **{f"o{n}": {"a.tf": OTHER} for n in range(12)}}
    )


@pytest.mark.parametrize(
    "text",
    [
        'a = "${b',
        "{" * 5000,
        "<<EOF\nx",
        '"' * 999,
        "/*",
        "a = <<-X\n${y}\n  X\n",
        '"${"${"${"',
        "\x00\ud800",
        "[" * 3000 + "]" * 3000,
    ],
)
def test_no_text_breaks_the_reading_of_terraform(text):
    tokens_of(text)
    words_of("a.tf", text)


@pytest.mark.parametrize("text", ["def (", "\x00", "(" * 5000, "-" * 20_000 + "1", "x = 'a\n", "\ud800", "\tx\n  y"])
def test_no_text_breaks_the_reading_of_python(text):
    words_of("a.py", text)


def test_interpolations_and_heredocs_are_read():
    texts = [token.text for token in tokens_of('a = <<EOT\nx ${var.b["k"]} y\nEOT\nb = "p${upper("q")}r"\n')]
    assert texts == [
        "a",
        "=",
        "x ",
        "var",
        ".",
        "b",
        "[",
        "k",
        "]",
        " y\n",
        "\n",
        "b",
        "=",
        "p",
        "upper",
        "(",
        "q",
        ")",
        "r",
        "\n",
    ]


def test_pages_mark_what_is_shared_and_escape_it(tmp_path):
    files = {"a": {"<b>.tf": TERRAFORM + "# <script>"}, "b": {"b.tf": DISGUISED}}
    write_similarity(files, {"a": "<i>Ada</i>", "b": "Bob"}, tmp_path, 5)
    index = (tmp_path / "index.html").read_text()
    (page,) = [file for file in tmp_path.iterdir() if file.name != "index.html"]
    assert page.name in index and "&lt;i&gt;Ada" in index and "100%" in index
    assert "<mark>" in page.read_text() and "<script" not in page.read_text() and "&lt;b&gt;.tf" in page.read_text()


def test_nobody_hides_behind_a_heap_of_files_and_no_heap_takes_hours():
    heap = {f"a/{number}.py": 90_000 for number in range(600)}
    own = {
        "terraform/iot.tf": 2_000,
        "src/house.py": 3_000,
        "more/own.py": 50,
        "more/picture.png": 10,
        "more/huge.py": 9_000_000,
    }

    chosen = to_compare({**heap, **own})

    assert chosen[:3] == ["terraform/iot.tf", "src/house.py", "more/own.py"]
    assert len(chosen) == 8 and "more/huge.py" not in chosen


def test_brackets_that_are_opened_without_end_are_read_in_a_moment():
    begun = time.monotonic()

    tokens_of('"' + "${" * 90_000)

    assert time.monotonic() - begun < 20
