"""Blocks of large types that nobody uses: which are left out, and values with and without them."""

from __future__ import annotations

import json

import msgpack
import pytest

from checker.fast.blocks import LeftOut, NotEmpty, Wanted, Words, is_taken_whole, narrow, trim_block, widen
from checker.fast.message import field, fields, integer_of, text_of
from checker.fast.needs import find_needs
from checker.fast.schema import LARGE, trim_schema, types_in

LIST, MAP = 2, 5


def a_block(*nested: bytes) -> bytes:
    return field(2, b"an attribute") + b"".join(nested)


def nested(name: str, inner: bytes = a_block(), *, nesting: int = LIST, at_least: int = 0) -> bytes:
    numbers = bytes([3 << 3, nesting, *([4 << 3, at_least] if at_least else [])])
    return field(3, field(1, name.encode()) + field(2, inner) + numbers)


def blocks_of(block: bytes) -> list[str]:
    return [text_of(content, 1) for number, _, content in fields(block) if number == 3]


SHEET = a_block(nested("title"), nested("visuals", a_block(nested("bar_chart"), nested("line_chart"))))
DEFINITION = a_block(nested("sheets", SHEET, at_least=1), nested("permissions"), nested("parameters"))
OPTIONS = nested("options", a_block(nested("filters")))
LEFT_OUT = LeftOut(
    frozenset({"permissions", "parameters"}),
    {"sheets": LeftOut(frozenset({"title"}), {"visuals": LeftOut(frozenset({"bar_chart"}))})},
)


def test_blocks_that_neither_files_nor_state_name_are_left_out():
    block, left_out = trim_block(
        DEFINITION, Wanted(Words("sheets {\n  visuals {\n    line_chart {}\n  }\n}")), at_the_top=False
    )

    assert left_out == LEFT_OUT
    assert blocks_of(block) == ["sheets"]
    assert block.startswith(field(2, b"an attribute"))


def test_a_block_that_must_be_there_and_one_that_is_a_map_stay():
    described = a_block(nested("must", at_least=1), nested("map", nesting=MAP))
    block, left_out = trim_block(described, Wanted(Words("")), at_the_top=False)

    assert blocks_of(block) == ["must", "map"]
    assert not left_out


def test_a_block_at_the_top_that_is_not_in_use_stays_whole_since_the_provider_may_fill_it():
    block, left_out = trim_block(a_block(OPTIONS, nested("definition", DEFINITION)), Wanted(Words("definition {}")))

    assert block.startswith(a_block(OPTIONS))
    assert set(left_out.below) == {"definition"}
    assert left_out.blocks == set()


def test_what_the_state_has_stays_at_its_place():
    state = {"sheets": [{"visuals": [{"bar_chart": []}]}], "parameters": []}
    _, left_out = trim_block(DEFINITION, Wanted(Words("line_chart = 1"), (state,)), at_the_top=False)

    assert left_out.blocks == {"permissions"}
    assert left_out.below["sheets"].below == {}


def test_a_name_that_terraform_may_suggest_stays():
    words = Words('dynamic "visual" {\n}\nlin_chrt {\n}\ntitel = 1\n# permission')

    assert {"visuals", "line_chart", "title"} <= {each for each in ("visuals", "line_chart", "title") if each in words}
    assert "bar_chart" not in words
    assert "permissions" not in words


VALUE = {"id": "x", "sheets": [{"sheet_id": "s", "visuals": [{"line_chart": [{"type": "LINE"}]}]}]}
WIDE = {
    "id": "x",
    "sheets": [{"sheet_id": "s", "title": [], "visuals": [{"line_chart": [{"type": "LINE"}], "bar_chart": []}]}],
    "permissions": [],
    "parameters": [],
}


def test_values_get_the_blocks_on_the_way_to_the_provider_and_lose_them_on_the_way_back():
    assert msgpack.unpackb(widen(msgpack.packb(VALUE), LEFT_OUT)) == WIDE
    assert msgpack.unpackb(narrow(msgpack.packb(WIDE), LEFT_OUT)) == VALUE


UNKNOWN = msgpack.ExtType(0, b"\0")


@pytest.mark.parametrize("value", [None, UNKNOWN], ids=["null", "unknown"])
def test_values_that_are_null_or_unknown_stay_so(value):
    packed = msgpack.packb(value)
    assert widen(packed, LEFT_OUT) == narrow(packed, LEFT_OUT) == packed
    inner = msgpack.packb({"sheets": value, "permissions": [], "parameters": []})
    assert msgpack.unpackb(narrow(widen(inner, LEFT_OUT), LEFT_OUT)) == {"sheets": value}


def test_what_a_plan_leaves_unknown_is_left_out_too():
    planned = msgpack.packb({"sheets": [], "permissions": UNKNOWN, "parameters": []})
    assert msgpack.unpackb(narrow(planned, LEFT_OUT)) == {"sheets": []}


def test_a_block_with_something_in_it_is_not_thrown_away():
    with pytest.raises(NotEmpty, match="bar_chart"):
        narrow(msgpack.packb({"sheets": [{"visuals": [{"bar_chart": [{"type": "BAR"}]}]}]}), LEFT_OUT)


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("value = aws_big.house.arn", False),
        ("value = aws_big.house[0].id", False),
        ("value = aws_big.house", True),
        ("depends_on = [aws_big.house]", True),
        ("value = aws_big.house.definition[0].sheets", True),
        ("value = aws_big.house[*].arn", False),
        ('resource "aws_big" "house" {}', False),
        ("command = jsonencode(self)", True),
    ],
)
def test_a_type_that_an_expression_takes_whole_is_told_whole(text, taken):
    assert is_taken_whole("aws_big", text) is taken


TYPE = a_block(OPTIONS, nested("definition", DEFINITION))
BIG = field(1, b"aws_big") + field(2, field(2, TYPE + field(2, b"x" * LARGE)))
SMALL = field(1, b"aws_small") + field(2, field(2, TYPE))
CAPABILITIES = field(6, b"\x08\x01\x10\x01")
ANSWER = field(2, BIG) + field(2, SMALL) + CAPABILITIES


def test_only_large_types_lose_blocks_and_terraform_plans_destructions_itself():
    needs = find_needs(
        [("main.tf", 'resource "aws_big" "x" {\n  definition {\n    sheets {}\n}\nresource "aws_small" "y" {}')]
    )
    trimmed = trim_schema(ANSWER, needs.words, needs.blocks())

    assert set(trimmed.left_out) == {"aws_big"}
    assert trimmed.left_out["aws_big"].below["definition"].blocks == {"permissions", "parameters"}
    assert types_in(trimmed.answer) == {"aws_big", "aws_small"}
    assert trimmed.answer.endswith(field(6, b"\x10\x01"))
    assert trim_schema(ANSWER, needs.words).left_out == {}


@pytest.mark.parametrize(
    "state", ["no JSON", "[]", '{"resources": [{"type": "aws_big", "instances": [{"attributes": 1}]}]}']
)
def test_beside_a_state_that_is_none_every_block_stays(state):
    needs = find_needs([("main.tf", 'resource "aws_big" "x" {}')], [state])

    assert trim_schema(ANSWER, needs.words, needs.blocks()).left_out == {}


def test_the_blocks_of_a_state_stay_until_it_is_written_without_them():
    attributes = {"options": [], "definition": [{"permissions": [], "sheets": []}]}
    state = {"resources": [{"type": "aws_big", "instances": [{"attributes": attributes}]}]}
    needs = find_needs([("main.tf", 'resource "aws_big" "x" {}')], [json.dumps(state)])

    left_out = trim_schema(ANSWER, needs.words, needs.blocks()).left_out["aws_big"]
    assert left_out.below["definition"].blocks == {"parameters"}


def test_numbers_are_read_and_zero_is_what_is_not_sent():
    assert integer_of(b"\x18\xac\x02", 3) == 300
    assert integer_of(b"", 3) == 0
