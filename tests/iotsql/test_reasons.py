"""Why a rule fired or not, as learners read it in a trace."""

from __future__ import annotations

import pytest

from tests.iotsql.support import Services, run


@pytest.mark.parametrize(
    ("where", "payload", "reason"),
    [
        ("temperature >= 40", b'{"temperature":39.9}', "is false: temperature is 39.9"),
        ("temperature >= 40", b'{"temperature":"warm"}', "is Undefined: temperature is the string 'warm'"),
        ("temperature >= 40", b'{"temp":41}', "is Undefined: temperature is not in the payload"),
        ("temperature >= 40", b"warm", "is Undefined: the payload is not JSON"),
        ("temperature >= 40", b"", "is Undefined: the payload is empty"),
        ("temperature >= 40", b'{"temperature":41}', "is true: temperature is 41"),
        ("a > 1 AND b > 1 AND c > 1", b'{"a":2,"b":1,"c":0}', "is false: b is 1, c is 0"),
        ("a > 1 AND b > 1", b'{"a":0}', "is Undefined: b is not in the payload"),
        ("a > 1 OR b > 1", b'{"a":0,"b":1}', "is false: a is 0, b is 1"),
        ("a > 1 OR b > 1", b'{"a":2,"b":1}', "is true: a is 2"),
        ("NOT a", b'{"a":true}', "is false: a is true"),
        ("a", b'{"a":"true"}', "is not a Boolean: a is the string 'true'"),
        ("a IN b", b'{"a":1,"b":[2,3]}', "is false: a is 1, b is the array [2,3]"),
        ("a = b", b'{"a":null,"b":{"c":1}}', 'is false: a is null, b is the object {"c":1}'),
        ("upper(a) = 'A'", b"{}", "is Undefined: upper(a) is Undefined, a is not in the payload"),
        ("exists (select * from a as x where x = 1)", b'{"a":[2]}', "yields no element"),
        ("1 = 2", b"{}", "is false"),
    ],
)
def test_the_reason_names_the_values_that_decided(where, payload, reason):
    outcome = run(f"SELECT * FROM 't' WHERE {where}", payload)
    assert outcome.reason.startswith(f"WHERE {where} ")
    assert outcome.reason.endswith(reason)


def test_without_where_every_message_fires():
    assert run("SELECT * FROM 't'").reason == "the statement has no WHERE: every message on its topics fires it"


def test_long_values_and_many_facts_are_cut():
    outcome = run("SELECT * FROM 't' WHERE a = 'x'", {"a": "y" * 500})
    assert len(outcome.reason) < 120
    assert len(run("SELECT * FROM 't' WHERE " + " AND ".join(["a = 1"] * 5000)).reason) < 600
    wide = " OR ".join(f"a{i} = 1" for i in range(30))
    assert run(f"SELECT * FROM 't' WHERE {wide}").reason.endswith(", …")


def test_the_explanation_does_not_call_an_external_function_again():
    services = Services(get_thing_shadow={"state": {"on": False}})
    outcome = run("SELECT * FROM 't' WHERE get_thing_shadow('T', 'arn:r').state.on = true", services=services)
    assert outcome.reason.endswith("get_thing_shadow('T', 'arn:r').state.on is false")
    assert len(services.asked) == 1


def test_nor_one_in_a_nested_query():
    services = Services(get_thing_shadow={"on": False})
    where = "exists (select * from things as t where get_thing_shadow(t, 'arn:r').on = true)"
    outcome = run(f"SELECT * FROM 't' WHERE {where}", {"things": ["a", "b"]}, services=services)
    assert outcome.reason == f"WHERE {where} is not true"
    assert len(services.asked) == 2


def test_what_failed_and_was_caught_is_told():
    where = "get_or_default(get_thing_shadow('T', 'arn:r').state.on) = true"
    outcome = run(f"SELECT * FROM 't' WHERE {where}", services=Services())
    assert outcome.reason == (
        f"WHERE {where} is Undefined: get_or_default(get_thing_shadow('T', 'arn:r').state.on) is Undefined, "
        "get_thing_shadow failed"
    )
