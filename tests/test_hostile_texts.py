"""Texts that some regular expressions would chew for hours: files that a judge reads, statements that the cloud is sent."""

from __future__ import annotations

import pytest

from checker.deployment import written_prefix
from checker.fast.initial import init_is_known
from checker.fast.needs import find_needs
from labcloud.athena.ddl import is_ddl
from labcloud.iam.permissions import dynamodb, timestream
from labcloud.stepfunctions.language.paths import PathError, parse_path
from tests.support import ends_within

LONG = 200_000
FILES = {"empty lines": "\n" * LONG, "blank lines": " \n" * LONG, "blanks": " " * LONG, "a type": "aws_" * LONG}
STATEMENTS = {
    "comments": "/**/" * LONG + "1",
    "a name with dots": "show tables from " + "a." * LONG + "!",
    "blanks before the name": "show tables from " + " " * LONG + "!",
    "blanks after the name": "show tables from a" + " " * LONG + "!",
    "a word again and again": "select " + "from " * LONG,
}


@pytest.mark.parametrize("text", FILES.values(), ids=list(FILES))
def test_terraforms_files_are_read_in_a_moment(tmp_path, text):
    (tmp_path / "terraform.tfvars").write_text(text)
    with ends_within(20):
        needs = find_needs([("main.tf", text)])
        assert needs.blocks()("aws_quicksight_dashboard") is not None
        assert not init_is_known([("main.tf", text)], "")
        assert written_prefix(tmp_path) is None


@pytest.mark.parametrize("text", STATEMENTS.values(), ids=list(STATEMENTS))
def test_statements_are_recognised_in_a_moment(text):
    with ends_within(20):
        assert not is_ddl(text) or text.startswith("show")
        assert timestream._UNLOAD.match(text) is None
        timestream._SHOW.fullmatch(text)
        assert dynamodb._PARTIQL.match(text) is None or "from" in text


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("describe a.b", ("a", "b")),
        ('DESC "a.x"."b.c";', ("a.x", "b.c")),
        ("show tables from a like 'x%'; ", ("a", None)),
        ("SHOW MEASURES FROM a.b.c", ("a", "b.c")),
    ],
)
def test_what_a_statement_shows_is_found(sql, names):
    found = timestream._NAMES.fullmatch(timestream._SHOW.fullmatch(sql)[3])
    assert (found[1] or found[2], found[3] or found[4]) == names


def test_paths_are_parsed_in_a_moment():
    with ends_within(20), pytest.raises(PathError):
        parse_path("$.a[1:" + " " * LONG)
    with ends_within(20), pytest.raises(PathError):
        parse_path("$.a[1" + " " * LONG)
