"""Functions that ask other services: what the port is asked, what failures do."""

from __future__ import annotations

import pytest

from labcloud.iotsql import Environment, FunctionFailed, Message, compile_template
from tests.iotsql.support import ACCOUNT, V1, V2, Services, run, value

ROLE = "arn:aws:iam::123456789012:role/R"


@pytest.mark.parametrize(
    ("expression", "asked"),
    [
        ("aws_lambda('arn:f', {'a': b})", ("aws_lambda", "arn:f", {"a": 1})),
        ("aws_lambda('arn:f', *)", ("aws_lambda", "arn:f", {"b": 1})),
        (f"get_dynamodb('T', 'pk', b, '{ROLE}')", ("get_dynamodb", "T", {"pk": 1}, ROLE)),
        (f"get_dynamodb('T', 'pk', b, 'sk', 'x', '{ROLE}')", ("get_dynamodb", "T", {"pk": 1, "sk": "x"}, ROLE)),
        (f"get_thing_shadow('T', '{ROLE}')", ("get_thing_shadow", "T", None, ROLE)),
        (f"get_thing_shadow('T', 'S', '{ROLE}')", ("get_thing_shadow", "T", "S", ROLE)),
        (f"get_secret('s', 'SecretString', '{ROLE}')", ("get_secret", "s", "SecretString", None, ROLE)),
        (f"get_secret('s', 'SecretString', 'k', '{ROLE}')", ("get_secret", "s", "SecretString", "k", ROLE)),
        (f"get_registry_data('DescribeThing', 'T', '{ROLE}')", ("get_registry_data", "DescribeThing", "T", ROLE)),
        (
            f"machinelearning_predict('m', '{ROLE}', {{'a': {{'b': b}}, 'c': 0}})",
            ("machinelearning_predict", "m", ROLE, {"a": '{"b":1}', "c": 0}),
        ),
    ],
)
def test_the_port_is_asked_once_with_the_arguments(expression, asked):
    services = Services(**{asked[0]: {"answer": 21.0}})
    assert value(f"{expression}.answer", {"b": 1}, services=services) == 21
    assert services.asked == [asked]


def test_numbers_of_an_answer_follow_the_version():
    services = Services(aws_lambda={"v": 21.0})
    assert run("SELECT aws_lambda('f', *).v AS v", version=V1, services=services).payload == b'{"v":21.0}'
    assert run("SELECT aws_lambda('f', *).v AS v", services=services).payload == b'{"v":21}'


def test_a_failure_fails_the_rule():
    with pytest.raises(FunctionFailed, match="get_thing_shadow failed"):
        run(f"SELECT get_thing_shadow('T', '{ROLE}') AS r", services=Services())


def test_get_or_default_catches_a_failure():
    assert value(f"get_or_default(get_thing_shadow('T', '{ROLE}'), 'none')", services=Services()) == "none"
    outcome = run(f"SELECT get_or_default(get_thing_shadow('T', '{ROLE}')) AS r", services=Services())
    assert (outcome.fired, outcome.value) == (True, {})


def test_a_failure_inside_a_nested_query_leaves_the_outer_one_intact():
    sql = "SELECT VALUE (SELECT VALUE get_or_default((SELECT VALUE aws_lambda('f', y) FROM ys), x) FROM xs)"
    assert run(sql, {"xs": [{"x": 1, "ys": [{"y": 1}]}, {"x": 2, "ys": []}]}, services=Services()).value == [1, []]


@pytest.mark.parametrize("name", ["get_dynamodb", "get_registry_data"])
def test_a_second_call_in_a_statement_ends_the_rule(name):
    first = {"get_dynamodb": "'T', 'k', 1", "get_registry_data": "'DescribeThing', 'T'"}[name]
    call = f"{name}({first}, '{ROLE}')"
    with pytest.raises(FunctionFailed, match=f"{name} may be called 1 time at most, not 2"):
        run(f"SELECT get_or_default({call}) AS a, get_or_default({call}) AS b", services=Services())


def test_a_nested_query_asks_other_services_a_hundred_times_at_most():
    services = Services(aws_lambda=1)
    sql = "SELECT VALUE (SELECT VALUE aws_lambda('f', x) FROM a AS x)"
    assert len(run(sql, {"a": [1] * 100}, services=services).value) == 100
    with pytest.raises(FunctionFailed, match="ask other services more than 100 times"):
        run(sql, {"a": [1] * 101}, services=services)


def test_a_template_may_call_them_as_seldom():
    call = f"get_registry_data('DescribeThing', 'T', '{ROLE}')"
    template = compile_template(f"${{{call}.thingName}}-${{{call}.version}}", V2)
    environment = Environment(ACCOUNT, external=Services(get_registry_data={"thingName": "T", "version": 1}))
    with pytest.raises(FunctionFailed, match="get_registry_data may be called 1 time at most"):
        template.render(Message("t", b"{}", 0), environment)


@pytest.mark.parametrize(
    "expression",
    [
        f"get_dynamodb('T', 'k', missing, '{ROLE}')",
        f"get_dynamodb('T', 'k', null, '{ROLE}')",
        f"get_thing_shadow(missing, '{ROLE}')",
        f"get_secret('s', 'Other', '{ROLE}')",
        f"get_secret('s', 'SecretBinary', 'k', '{ROLE}')",
        "aws_lambda('f', missing)",
    ],
)
def test_a_call_that_the_service_would_refuse_fails(expression):
    services = Services(get_dynamodb={}, get_thing_shadow={}, get_secret={}, aws_lambda={})
    with pytest.raises(FunctionFailed):
        run(f"SELECT {expression} AS r", services=services)
    assert services.asked == []


def test_raw_bytes_cannot_be_a_functions_input():
    with pytest.raises(FunctionFailed, match="the input is not JSON"):
        run("SELECT aws_lambda('f', *) AS r", b"\xff", services=Services(aws_lambda=1))


def test_a_wrong_number_of_arguments_is_undefined():
    services = Services(get_dynamodb={})
    assert run(f"SELECT get_dynamodb('T', 'k', 1, 'sk', '{ROLE}') AS r", services=services).value == {}
