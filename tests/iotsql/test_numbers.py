"""Int and Decimal: digits kept, whole Decimals by version, and no number that stalls the engine."""

from __future__ import annotations

from decimal import Decimal

import pytest

from labcloud.iotsql import UNDEFINED
from labcloud.iotsql.jsontext import parse_json, to_json
from tests.iotsql.support import V1, V2, run, value


def test_a_whole_decimal_is_an_int_from_2016_on_and_a_decimal_before():
    assert [type(run("SELECT VALUE v", b'{"v":21.0}', version=version).value) for version in (V1, V2)] == [Decimal, int]


def test_sums_are_exact_to_34_digits():
    assert value("0.1 + 0.2") == Decimal("0.3")
    assert str(value("v / 3", {"v": 1})) == "0." + "3" * 34
    assert value("v * v", b'{"v":12345678901234567}') == 12345678901234567**2
    assert type(value("v * v", b'{"v":123456789012345678}')) is Decimal


def test_the_payload_keeps_its_digits_and_the_order_of_its_keys():
    text = '{"z":22.50,"a":0.1,"big":123456789012345678901234567890,"tiny":1E-30,"s":"grün","e":[],"o":{}}'
    assert run("SELECT *", text.encode()).payload == text.encode()


def test_a_boolean_is_no_number():
    assert value("[1] = [true]") is False
    assert value("a = 1", {"a": True}) is False
    assert value("true IN [1]") is False


@pytest.mark.parametrize("number", ["1E400", "-1E99999", "1E-99999", "9" * 5000, "9" * 4400, "1E999999999999", "-0.0"])
@pytest.mark.parametrize("version", [V1, V2])
@pytest.mark.parametrize(
    "expression",
    [
        "v + 1",
        "v * v",
        "v / 3",
        "3 % v",
        "v > 40",
        "v = v",
        "-v",
        "cast(v as Int)",
        "cast(v as String)",
        "cast(v as Double)",
        "floor(v)",
        "trunc(v;2)",
        "trunc(1.5;v)",
        "round(v)",
        "abs(v)",
        "sign(v)",
        "sqrt(v)",
        "power(2;v)",
        "power(v;v)",
        "chr(v)",
        "lpad('a';v)",
        "substring('abc';v)",
        "get(a;v)",
        "bitand(v;7)",
        "bitnot(v)",
        "topic(v)",
        "log(v)",
        "exp(v)",
        "atan2(v;v)",
        "mod(v;7)",
        "nanvl(v;1)",
    ],
)
def test_extreme_numbers_give_a_value_or_undefined_and_never_an_error(number, version, expression):
    outcome = run(f"SELECT {expression.replace(';', ',')} AS r", f'{{"v":{number},"a":[1]}}'.encode(), version=version)
    assert parse_json(outcome.payload, whole_numbers_are_ints=False) is not UNDEFINED


def test_what_json_does_not_know_is_not_json():
    for text in ("NaN", "[Infinity]", "{'a':1}", '{"a":1}x', "[1,]", "", "  ", "\ufeff{}", '{"a":\x01}'):
        assert parse_json(text, whole_numbers_are_ints=True) is UNDEFINED, text


def test_spaces_around_json_are_allowed():
    assert parse_json(b' \n{"a": 1}\r\n ', whole_numbers_are_ints=True) == {"a": 1}


def test_deeply_nested_payloads_are_taken_for_raw_bytes():
    deep = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert run("SELECT *", deep).value == deep
    assert parse_json(b"[" * 128 + b"]" * 128, whole_numbers_are_ints=True) is not UNDEFINED
    assert parse_json('"' + "[" * 500 + '"', whole_numbers_are_ints=True) == "[" * 500


def test_half_a_surrogate_pair_is_sent_as_a_question_mark():
    assert run("SELECT a", b'{"a":"\\ud83d"}').payload == b'{"a":"?"}'


def test_small_and_large_decimals_are_written_in_standard_notation_while_readable():
    assert to_json([Decimal("1E-7"), Decimal("1E+3"), Decimal("1E+300")]) == "[0.0000001,1000,1E+300]"
