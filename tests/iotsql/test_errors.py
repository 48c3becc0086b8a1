"""What is refused when a rule is created, with its words."""

from __future__ import annotations

import pytest

from labcloud.iotsql import SqlParseError, compile_statement, compile_template
from tests.iotsql.support import V1, V2


def refusal(sql: str, version: str = V2) -> SqlParseError:
    with pytest.raises(SqlParseError) as caught:
        compile_statement(sql, version)
    return caught.value


def test_the_token_is_underlined_below_its_line():
    error = refusal("SELECT temperature\n  FROM 'house/+'\n WHERE temperature >> 40")
    assert (error.line, error.column) == (3, 21)
    assert error.message == (
        "line 3, column 21: expected a value, but found >\n   WHERE temperature >> 40\n                      ^"
    )


def test_a_long_line_is_shown_around_the_token():
    error = refusal("SELECT " + "temperature, " * 30 + "a b FROM 't'")
    shown, underline = error.message.splitlines()[1:]
    assert len(shown) < 120
    assert shown[underline.index("^")] == "b"


def test_a_tab_keeps_the_underline_in_place():
    assert refusal("SELECT\ta b").message.splitlines()[2] == "        \t  ^"


def test_a_misspelt_function_is_named_with_the_nearest():
    assert refusal("SELECT tpoic(2) FROM 't'").message == (
        "line 1, column 8: there is no function tpoic\n  SELECT tpoic(2) FROM 't'\n         ^^^^^\nDid you mean topic?"
    )


def test_a_function_of_the_newer_version_says_which_setting_to_change():
    error = refusal("SELECT length(a) FROM 't'", V1)
    assert error.problem == "the function length needs SQL version 2016-03-23 or later; this rule has 2015-10-08"
    assert error.hint == 'Set aws_iot_sql_version (awsIotSqlVersion) to "2016-03-23".'


@pytest.mark.parametrize(
    ("where", "hint"),
    [
        ("a != 1", "Not equal is written <>."),
        ("a == 1", "Equal is written =."),
        ("a[0] = 1", "An element of an array is read with get(array, index)."),
        ("a IS NULL", "Use isNull(x) or isUndefined(x)."),
        ("a LIKE 'x'", "Use startswith(x, y), endswith(x, y) or regexp_matches(x, y)."),
        ("a BETWEEN 1 AND 2", "Write x >= low AND x <= high."),
        ("a NOT IN b", "Write NOT (x IN array)."),
        ("a IN (1, 2)", "Several values are an array: [1, 2, 3]."),
        ("end > 5", 'A member of this name is read with get(*, "end").'),
        ("1 < a < 2", "Join them with AND, or use parentheses."),
        ("'it''s' = a", "A quote inside a string is written between the other kind of quotes."),
        ("a.0.b = 1", 'Other names than letters, digits and _ are read with get(object, "name").'),
        ("CASE WHEN a THEN b END", "AWS IoT SQL has only CASE value WHEN constant THEN result … END."),
    ],
)
def test_other_sqls_habits_are_refused_with_the_way_to_write_them_here(where, hint):
    assert refusal(f"SELECT * FROM 't' WHERE {where}").hint == hint


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("", "expected SELECT at the start of the statement, but the text ends here"),
        ("SELECT * FROM 'a/#/b'", "# stands alone and at the end of a topic filter"),
        ("SELECT * FROM 'a/b+'", "+ stands for one whole level of a topic filter"),
        ("SELECT * FROM ''", "the topic filter is empty"),
        ('SELECT * FROM "a/b"', "a topic filter does not stand in double quotes"),
        ("SELECT * FROM t;", "this topic filter needs single quotes"),
        ("SELECT * FROM '$aws/rules/r/#'", "a rule cannot subscribe to $aws/rules/… (iot-basic-ingest)"),
        ("SELECT * FROM 't' GROUP BY a", "GROUP is not part of AWS IoT SQL"),
        ("SELECT a AS FROM 't'", "expected a name after AS"),
        ("SELECT VALUE a, b FROM 't'", "SELECT VALUE selects one item"),
        ("SELECT VALUE *, b FROM 't'", "SELECT VALUE selects one item"),
        ("SELECT VALUE a AS b FROM 't'", "SELECT VALUE has no AS: its result has no name"),
        ("SELECT * FROM 't' WHERE a = 'x", "this string has no closing quote"),
        ("SELECT sqrt(*) FROM 't'", "sqrt takes no *"),
        ("SELECT @a FROM 't'", "the variable @a is not set"),
        ("SET @a = 1, @a = 2 SELECT @a FROM 't'", "@a is already set: a variable is assigned once"),
        ("SET @a = 1 SET @b = 1 SELECT @a FROM 't'", "expected SELECT after SET, but found SET"),
        ("SELECT cast(a as Date) FROM 't'", "cast knows no type Date"),
        ("SELECT 5abc FROM 't'", "a name cannot begin with a digit"),
        ("SELECT 'a'.b FROM 't'", "a literal has no members"),
        ("SELECT decode(a, b) FROM 't'", "argument 2 of decode must be a constant"),
        ("SELECT (SELECT a FROM 'x') AS r FROM 't'", "a nested query reads a part of the payload, not a topic"),
        ("SELECT " + "9" * 35 + " FROM 't'", "an Int has at most 34 digits"),
        ("SELECT 1E1000 FROM 't'", "a Decimal has at most 34 digits, from 1E-999 to 9.99E999"),
    ],
)
def test_a_statement_that_aws_does_not_know_is_refused(sql, problem):
    assert refusal(sql).problem == problem


def test_nesting_is_bounded():
    assert "nested deeper than 64 levels" in refusal("SELECT " + "(" * 5000).problem
    assert "nested deeper than 64 levels" in refusal("SELECT " + "NOT " * 5000 + "a").problem
    assert "nested deeper than 64 levels" in refusal("SELECT " + "(SELECT VALUE x FROM " * 500).problem


@pytest.mark.parametrize("comment", ["-- why", "/* why */", "// why", "# why"])
def test_a_comment_is_refused_and_never_read_as_minus_signs(comment):
    error = refusal(f"SELECT * FROM 't' WHERE a = 5 {comment}")
    assert error.problem == f"expected an operator or the end, but found {comment.split()[0]}"
    assert error.hint == "AWS IoT SQL has no comments: write them into the rule's description."


def test_what_a_statement_nests_is_bounded_however_it_is_nested():
    deep = "this makes a result that is nested deeper than 64 levels"
    assert refusal("SELECT a AS " + ".".join("b" * 65)).problem == deep
    wrapped = "[" * 40 + "{}" + "]" * 40
    assert refusal(f"SET @a = {wrapped.format('1')}, @b = {wrapped.format('@a')} SELECT @b").problem == deep
    assert compile_statement(f"SET @a = {wrapped.format('1')} SELECT @a, {wrapped.format('1')} AS b", V2)


def test_a_long_chain_of_operators_is_no_nesting():
    assert compile_statement("SELECT a FROM 't' WHERE " + " AND ".join(["a = 1"] * 5000), V2)
    assert compile_statement("SELECT " + "1 + " * 5000 + "1 AS r FROM 't'", V2)


def test_an_unknown_version_is_refused():
    assert refusal("SELECT * FROM 't'", "2020-01-01").problem == "there is no SQL version 2020-01-01"


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("a/${topic(", "expected a value, but the text ends here"),
        ("a/${topic()", "expected '}' to close the substitution template, but the text ends here"),
        ("a/${}", "expected a value, but found }"),
        ("a/@{room}", "@{field} is not a substitution template of this action"),
        (
            "${decode(*, 'proto', 'b', 'k', 'p', 'm')}",
            "a protobuf message cannot be decoded in a substitution template",
        ),
    ],
)
def test_a_wrong_template_is_refused_too(template, problem):
    with pytest.raises(SqlParseError) as caught:
        compile_template(template, V2)
    assert caught.value.problem == problem
