"""Paths, payload templates, intrinsic functions, choice rules."""

from __future__ import annotations

import pytest

from labcloud.stepfunctions.language.calls import CallError, parse_call
from labcloud.stepfunctions.language.choice import OPERATORS, is_met
from labcloud.stepfunctions.language.failures import StateFailed
from labcloud.stepfunctions.language.intrinsics import INTRINSICS, IntrinsicError
from labcloud.stepfunctions.language.paths import NoResult, NotApplicable, PathError, parse_path
from labcloud.stepfunctions.language.payload import filled_in

HOUSE = {
    "zones": [{"id": 1, "t": 20, "name": "a"}, {"id": 2, "t": 45, "name": "b"}],
    "two words": {"x": [1, 2, 3]},
    "nothing": None,
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.zones[0].t", 20),
        ("$.zones[-1].t", 45),
        ("$['two words']['x'][1]", 2),
        ("$.nothing", None),
        ("$.zones.length()", 2),
        ("$.zones[*].t", [20, 45]),
        ("$..t", [20, 45]),
        ("$.zones[0,1].id", [1, 2]),
        ("$['two words'].x[0:2]", [1, 2]),
        ("$.zones[?(@.t > 40)].name", ["b"]),
        ("$.zones[?(@.t > 10 && @.name == 'a')].id", [1]),
        ("$.zones[?(!(@.t > 40) || @.id == 2)].id", [1, 2]),
        ("$.zones[?(@.missing)]", []),
        ("$..missing", []),
    ],
)
def test_path_gives_one_value_if_it_is_definite_and_a_list_else(path, expected):
    assert parse_path(path).read(HOUSE) == expected


def test_definite_path_that_meets_nothing_is_an_error():
    with pytest.raises(NoResult, match=r"No results for path: \$\['zones'\]\[0\]\['missing'\]"):
        parse_path("$.zones[0].missing").read(HOUSE)


def test_path_with_two_dollars_looks_into_the_context():
    assert parse_path("$$.Execution.Name").read(HOUSE, {"Execution": {"Name": "e"}}) == "e"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("zones", r"does not begin with \$"),
        ("$.zones[", "not a valid JSONPath"),
        ("$.zones.max()", r"local cloud does not serve the JSONPath function max\(\)"),
        ("$.zones[?(@.t in [1])]", "local cloud does not serve"),
    ],
    ids=["no dollar", "open bracket", "function", "operator"],
)
def test_path_that_is_not_understood_is_refused(path, reason):
    with pytest.raises(PathError, match=reason):
        parse_path(path)


def test_reference_path_makes_the_objects_on_its_way_and_changes_nothing_in_place():
    assert parse_path("$.a.b").write({"c": 1}, 5) == {"c": 1, "a": {"b": 5}}
    root = {"l": [1, 2]}
    assert parse_path("$.l[1]").write(root, 9) == {"l": [1, 9]}
    assert root == {"l": [1, 2]}
    with pytest.raises(NotApplicable, match='Unable to apply step "b" to input "text"'):
        parse_path("$.a.b").write({"a": "text"}, 5)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("States.Array(1, 'a', $.n, null, true)", [1, "a", 5, None, True]),
        ("States.ArrayPartition($.list, 2)", [[1, 2], [2]]),
        ("States.ArrayContains($.list, 2)", True),
        ("States.ArrayContains($.list, true)", False),
        ("States.ArrayRange(1, 9, 2)", [1, 3, 5, 7, 9]),
        ("States.ArrayRange(3, 1, -1)", [3, 2, 1]),
        ("States.ArrayGetItem($.list, 1)", 2),
        ("States.ArrayLength($.list)", 3),
        ("States.ArrayUnique($.list)", [1, 2]),
        ("States.Base64Encode('Data to encode')", "RGF0YSB0byBlbmNvZGU="),
        ("States.Base64Decode('RGF0YSB0byBlbmNvZGU=')", "Data to encode"),
        ("States.Hash('input data', 'SHA-1')", "aaff4a450a104cd177d28d18d74485e8cae074b7"),
        ("States.JsonMerge(States.StringToJson('{\"a\":1,\"b\":1}'), States.StringToJson('{\"b\":2}'), false)",
         {"a": 1, "b": 2}),
        ("States.StringToJson($.text)", {"k": [1]}),
        ("States.JsonToString($.list)", "[1,2,2]"),
        ("States.MathAdd($.n, -1)", 4),
        ("States.MathRandom(1, 2)", 1),
        ("States.StringSplit('1,2,3', ',')", ["1", "2", "3"]),
        ("States.StringSplit('This.is+a,test=string', '.+,=')", ["This", "is", "a", "test", "string"]),
        ("States.Format('Hello {}, {} of {}', 'you', $.n, $.list)", "Hello you, 5 of [1,2,2]"),
        (r"States.Format('{} isn\'t \{\}', $.n)", "5 isn't {}"),
        ("States.ArrayGetItem(States.StringSplit($.arn, '/'), 1)", "b"),
        ("States.ArrayLength($.list[?(@ > 1)])", 2),
    ],
)  # fmt: skip
def test_intrinsic_function(call, expected):
    given = {"n": 5, "list": [1, 2, 2], "text": '{"k":[1]}', "arn": "a/b"}
    assert parse_call(call).evaluate(given, {}) == expected


def test_every_intrinsic_function_of_the_guide_is_there():
    assert len(INTRINSICS) == 18
    assert parse_call("States.UUID()").evaluate({}, {}) != parse_call("States.UUID()").evaluate({}, {})
    assert parse_call("States.MathRandom(0, 1000000, 7)").evaluate({}, {}) == parse_call(
        "States.MathRandom(0, 1000000, 7)"
    ).evaluate({}, {})


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("States.Nope(1)", "States.Nope is not an intrinsic function"),
        ("States.ArrayLength()", "does not take 0 arguments"),
        ("States.Format('a'", "expected , or"),
        ("States.Array(x)", "no path, function, text"),
        ("States.Array(" * 11 + ")" * 11, "more than 10 functions within one another"),
        ("States.Array() more", "goes on behind the call"),
    ],
    ids=["unknown", "arguments", "open", "bare word", "too deep", "rest"],
)
def test_call_that_is_not_understood_is_refused(call, reason):
    with pytest.raises(CallError, match=reason):
        parse_call(call)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("States.Format('{} {}', 1)", "2 places for 1 values"),
        ("States.StringToJson('{')", "not JSON"),
        ("States.ArrayGetItem($.list, 9)", "no element 9"),
        ("States.Hash('a', 'SHA-3')", "the algorithm is one of MD5"),
        ("States.JsonMerge($, $, true)", "shallow"),
        ("States.Base64Decode('*')", "not Base64"),
        ("States.MathAdd('a', 1)", "to be an integer"),
        ("States.ArrayRange(1, 5000, 1)", "more than 1000 elements"),
    ],
)
def test_function_that_fails_says_which_and_why(call, reason):
    with pytest.raises(IntrinsicError, match=reason) as told:
        parse_call(call).evaluate({"list": [1]}, {})
    assert str(told.value).startswith(f"The function '{call}' had the following error: ")


def test_payload_template_replaces_what_ends_in_a_dollar_at_every_depth():
    template = {"a.$": "$.zones[0].t", "b": [{"c.$": "$$.State.Name"}], "d": "$.zones", "e.$": "States.MathAdd(1, 2)"}
    assert filled_in(template, HOUSE, {"State": {"Name": "S"}}) == {
        "a": 20,
        "b": [{"c": "S"}],
        "d": "$.zones",
        "e": 3,
    }


def test_payload_template_whose_path_meets_nothing_says_it_in_awss_words():
    with pytest.raises(StateFailed) as failed:
        filled_in({"address.$": "$.application.address"}, {"flagged": False}, {})
    assert failed.value.error == "States.Runtime"
    assert failed.value.cause == (
        "The JSONPath '$.application.address' specified for the field 'address.$' could not be found in the input "
        "'{\"flagged\":false}'"
    )


T = "2026-03-01T12:00:00Z"
CHOICES = [
    ("NumericEquals", 5, 5.0, True), ("NumericEquals", 5, "5", False), ("NumericEquals", 1, True, False),
    ("NumericLessThan", 4, 5, True), ("NumericLessThanEquals", 5, 5, True),
    ("NumericGreaterThan", 5, 5, False), ("NumericGreaterThanEquals", 5, 5, True),
    ("StringEquals", "a", "a", True), ("StringLessThan", "a", "b", True), ("StringGreaterThan", "a", "b", False),
    ("StringLessThanEquals", "b", "b", True), ("StringGreaterThanEquals", "c", "b", True),
    ("BooleanEquals", True, True, True), ("BooleanEquals", 1, True, False),
    ("TimestampEquals", "2026-03-01T13:00:00+01:00", T, True), ("TimestampEquals", "2026-03-01", T, False),
    ("TimestampLessThan", "2026-03-01T11:59:59.5Z", T, True), ("TimestampLessThanEquals", T, T, True),
    ("TimestampGreaterThan", T, T, False), ("TimestampGreaterThanEquals", T, T, True),
    ("StringMatches", "log-7.txt", "log-*.txt", True), ("StringMatches", "a*b", r"a\*b", True),
    ("StringMatches", "", "*", True), ("StringMatches", "ab", "a*b*", True), ("StringMatches", "aa", "a*a*a", False),
    ("StringMatches", "a" * 5000, "*a" * 500 + "b", False), ("StringMatches", "a\\b", r"a\\b", True),
    ("StringMatches", "axb", r"a\*b", False), ("StringMatches", 5, "*", False),
    ("IsNull", None, True, True), ("IsNumeric", 5, True, True), ("IsNumeric", True, True, False),
    ("IsString", "a", True, True), ("IsBoolean", False, True, True), ("IsTimestamp", T, True, True),
    ("IsTimestamp", "noon", False, True), ("IsPresent", None, True, True),
]  # fmt: skip


@pytest.mark.parametrize(("operator", "value", "wanted", "holds"), CHOICES)
def test_comparison(operator, value, wanted, holds):
    assert is_met({"Variable": "$.v", operator: wanted}, {"v": value}, {}) is holds


@pytest.mark.parametrize(("operator", "value", "wanted", "holds"), [c for c in CHOICES if f"{c[0]}Path" in OPERATORS])
def test_comparison_with_a_value_of_the_input(operator, value, wanted, holds):
    assert is_met({"Variable": "$.v", f"{operator}Path": "$.w"}, {"v": value, "w": wanted}, {}) is holds


def test_rules_are_joined_by_and_or_and_not():
    hot, present = {"Variable": "$.t", "NumericGreaterThan": 30}, {"Variable": "$.t", "IsPresent": True}
    assert is_met({"And": [present, {"Not": hot}]}, {"t": 20}, {})
    assert is_met({"Or": [{"Not": present}, hot]}, {}, {})
    assert not is_met({"And": [present, hot]}, {}, {})


def test_variable_that_is_not_there_fails_but_for_is_present():
    assert not is_met({"Variable": "$.x", "IsPresent": True}, {}, {})
    with pytest.raises(StateFailed, match=r"Invalid path '\$.x': The choice state's condition path references"):
        is_met({"Variable": "$.x", "IsNull": True}, {}, {})
