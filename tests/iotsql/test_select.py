"""Statements as a whole: results, nested queries, variables, raw payloads, what a statement tells of itself."""

from __future__ import annotations

import pytest

from labcloud.iotsql import (
    UNDEFINED,
    FunctionFailed,
    Message,
    compile_statement,
    compile_template,
    selection,
    topic_matches,
)
from labcloud.iotsql.message import Environment
from tests.iotsql.support import ACCOUNT, V1, V2, run


def test_star_alone_is_the_payload_itself():
    assert run("SELECT *", b'{"a": 1}').payload == b'{"a":1}'
    assert run("SELECT *", b"\xff\x00").payload == b"\xff\x00"
    assert run("SELECT *", b'[1, {"a": 2.0}]').payload == b'[1,{"a":2}]'


def test_a_dotted_alias_does_not_change_the_payload():
    message = Message("t", b'{"a":{"b":1}}', 0)
    outcome = compile_statement("SELECT *, 2 AS a.c", V2).evaluate(message, Environment(ACCOUNT))
    assert outcome.value == {"a": {"b": 1, "c": 2}}
    assert message.document_2016 == {"a": {"b": 1}}


def test_items_without_alias_have_the_name_of_the_field_or_function():
    outcome = run("SELECT a.b, upper('x'), cast(1 as String), 1 + 1", {"a": {"b": 5}})
    assert outcome.value == {"b": 5, "upper": "X", "cast": "1", "1 + 1": 2}


def test_the_deepest_result_of_the_deepest_payload_is_written():
    payload = b'{"a":' * 127 + b"1" + b"}" * 127
    names = ".".join("b" * 63)
    assert run(f"SELECT * AS {names}", payload).payload.startswith(b'{"b":{"b":')
    assert run("SELECT VALUE " + "[" * 60 + "a" + "]" * 60, payload).payload.startswith(b"[[[")


def test_a_constant_array_is_the_same_for_every_message():
    statement = compile_statement("SELECT concat([1, 2.0], a) AS c, [1, 2.0] AS l FROM 't'", V2)
    for number in (b"3", b"4"):
        outcome = statement.evaluate(Message("t", b'{"a":' + number + b"}", 0), Environment(ACCOUNT))
        assert outcome.payload == b'{"c":[1,2,' + number + b'],"l":[1,2]}'


def test_value_of_undefined_is_an_empty_payload_and_fires():
    outcome = run("SELECT VALUE missing")
    assert (outcome.fired, outcome.value, outcome.payload) == (True, UNDEFINED, b"")


def test_an_array_as_the_whole_result_came_with_2016():
    assert run("SELECT VALUE a", {"a": [1]}, version=V1).payload == b""
    assert run("SELECT VALUE a", {"a": [1]}, version=V2).payload == b"[1]"


def test_names_of_an_element_are_not_looked_up_in_the_payload():
    assert run("SELECT VALUE (SELECT VALUE x FROM e)", {"x": 1, "e": [{"x": 2}, {}]}).value == [2]


def test_the_alias_of_an_outer_query_is_seen_inside():
    payload = {"rooms": [{"name": "a", "sensors": [{"id": 1}]}, {"name": "b", "sensors": [{"id": 2}, {"id": 3}]}]}
    sql = "SELECT VALUE (SELECT VALUE (SELECT VALUE r.name + id FROM sensors) FROM rooms AS r)"
    assert run(sql, payload).value == [["a1"], ["b2", "b3"]]


def test_too_many_elements_fail_the_rule():
    sql = "SET @a = a SELECT (SELECT VALUE (SELECT VALUE x FROM @a) FROM a) AS r"
    with pytest.raises(FunctionFailed, match="more than 100000 elements"):
        run(sql, {"a": [1] * 1000})


def test_a_long_text_beside_each_of_many_elements_fails_the_rule():
    payload = {"site": "x" * 1000, "rooms": [{"n": 1}] * 20_000}
    sql = "SET @site = site SELECT VALUE (SELECT n, @site AS site FROM rooms)"
    with pytest.raises(FunctionFailed, match="select more than 16 MiB"):
        run(sql, payload)
    assert len(run(sql, payload | {"rooms": [{"n": 1}] * 100}).value) == 100
    assert run("SELECT transform('enrichArray', {'site': site}, rooms) AS r", payload).value == {}


def test_costly_functions_on_many_elements_fail_the_rule_by_the_time_they_take(monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr(selection, "perf_counter", lambda: float(next(clock)))
    monkeypatch.setattr(selection, "thread_time", lambda: 5.0)
    assert len(run("SELECT VALUE (SELECT VALUE md2(x) FROM a AS x)", {"a": ["b"] * 50}).value) == 50
    monkeypatch.setattr(selection, "thread_time", lambda: float(next(clock)))
    with pytest.raises(FunctionFailed, match="took more than 1 s"):
        run("SELECT VALUE (SELECT VALUE md2(x) FROM a AS x)", {"a": ["b"] * 50})


def test_variables_above_128_kib_fail_the_rule():
    with pytest.raises(FunctionFailed, match="@b takes the variables above 128 KiB"):
        run("SET @a = a, @b = a SELECT 1 AS r", {"a": "x" * 70_000})


def test_variables_are_seen_by_the_templates():
    outcome = run("SET @c = (f - 32) * 5 / 9 SELECT *", {"f": 50})
    message = Message("t", b"{}", 0)
    assert compile_template("temp-${@c}C", V2).render(message, Environment(ACCOUNT), outcome.variables) == "temp-10C"


def test_a_template_without_expressions_is_constant():
    assert compile_template("a/$b", V2).is_constant
    assert not compile_template("a/${b}", V2).is_constant


def test_a_statement_names_its_filter_and_its_external_functions():
    statement = compile_statement("SELECT get_thing_shadow('a', 'r').x FROM 'a/+' WHERE decode(b, 'base64') = 1", V2)
    assert statement.topic_filter == "a/+"
    assert statement.external_functions == ("get_thing_shadow",)
    assert compile_statement("SELECT 1 AS one", V2).topic_filter is None


def test_the_same_statement_is_compiled_once():
    assert compile_statement("SELECT * FROM 't'", V2) is compile_statement("SELECT * FROM 't'", V2)


def test_the_words_of_the_language_may_be_names_of_fields():
    payload = {"value": 1, "set": 2, "timestamp": 3, "exists": 5, "e": {"from": 4}}
    sql = "SELECT value, set AS select, timestamp AS end, exists, e.from AS f.where FROM 't'"
    assert run(sql, payload).value == {"value": 1, "select": 2, "end": 3, "exists": 5, "f": {"where": 4}}
    assert run("SELECT value AS v FROM 't' WHERE value = 1 AND exists > 4", payload).value == {"v": 1}


def test_hash_does_not_match_the_parent_level():
    assert topic_matches("sensor/#", "sensor/a/b")
    assert topic_matches("sensor/#", "sensor/")
    assert not topic_matches("sensor/#", "sensor")


def test_plus_matches_exactly_one_level():
    assert topic_matches("a/+/c", "a/b/c")
    assert topic_matches("a/+", "a/")
    assert not topic_matches("a/+", "a/b/c")


def test_wildcards_do_not_match_reserved_topics():
    assert not topic_matches("#", "$aws/things/a")
    assert not topic_matches("+/things/a", "$aws/things/a")
    assert topic_matches("$aws/#", "$aws/things/a")
