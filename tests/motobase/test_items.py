"""An item that is stored by the short way is the item that moto would have made; what moto refuses is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.core.base_backend import BackendDict
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table

from labcloud.errors import AwsError
from labcloud.motobase import items, tables

ACCOUNT, REGION = "123456789012", "eu-west-1"
KEY = {"id": {"S": "k"}}

NUMBERS = st.one_of(st.integers(-(10**18), 10**18).map(str), st.decimals(-1000, 1000, places=2).map(str))
TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.one_of(
        TEXTS.map(lambda text: {"S": text}),
        NUMBERS.map(lambda text: {"N": text}),
        st.booleans().map(lambda value: {"BOOL": value}),
        st.just({"NULL": True}),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda members: {"L": members}),
        st.dictionaries(TEXTS, inner, max_size=3).map(lambda members: {"M": members}),
    ),
    max_leaves=8,
)

UNUSUAL: dict[str, dict[str, Any]] = {
    "no key": {"other": {"S": "x"}},
    "key of another type": {"id": {"N": "1"}},
    "empty key": {"id": {"S": ""}},
    "long key": {"id": {"S": "k" * 2049}},
    "not a number": {**KEY, "n": {"N": "seven"}},
    "number too large": {**KEY, "n": {"N": "1E+127"}},
    "number too small": {**KEY, "n": {"N": "1E-131"}},
    "number with 39 digits": {**KEY, "m": {"L": [{"M": {"n": {"N": "1" * 39}}}]}},
    "null that is false": {**KEY, "z": {"NULL": False}},
    "empty set": {**KEY, "s": {"SS": []}},
    "more than 400 KB": {**KEY, "big": {"S": "y" * 410_000}},
}


def make_table(name: str, *keys: tuple[str, str], **more: Any) -> Table:
    backend = dynamodb_backends[ACCOUNT][REGION]
    kinds = ("HASH", "RANGE")
    return backend.create_table(
        name,
        schema=[{"AttributeName": key, "KeyType": kind} for (key, _), kind in zip(keys, kinds, strict=False)],
        attr=[{"AttributeName": key, "AttributeType": type_} for key, type_ in keys],
        throughput=None,
        global_indexes=[],
        indexes=[],
        streams=more.get("streams"),
        billing_mode="PAY_PER_REQUEST",
        sse_specification=None,
        tags=[],
        deletion_protection_enabled=False,
        warm_throughput=None,
    )


@pytest.fixture(scope="module", autouse=True)
def backends() -> Iterator[None]:
    BackendDict.reset()
    yield
    BackendDict.reset()


@pytest.fixture(scope="module")
def pair(backends) -> tuple[Table, Table]:
    return make_table("short", ("id", "S")), make_table("whole", ("id", "S"))


@given(st.dictionaries(TEXTS, VALUES, max_size=5))
def test_the_item_is_the_one_that_moto_makes(pair, attributes):
    short, whole = pair
    item = {**attributes, **KEY}
    assert items.put_plain(short, item)
    expected = whole.put_item(item, overwrite=True)
    [found] = short.items.values()
    assert found == expected
    assert found.to_json() == expected.to_json()
    assert found.size() == expected.size()
    assert items.load_item(short, items.dump_item(found)) == expected


@pytest.mark.parametrize("name", UNUSUAL)
def test_what_is_unusual_is_left_to_motos_checks_and_refused(pair, name):
    short, _ = pair
    before = dict(short.items)
    assert not items.put_plain(short, UNUSUAL[name])
    with pytest.raises(AwsError):
        tables.put_item(ACCOUNT, REGION, "short", UNUSUAL[name])
    assert short.items == before


def test_a_number_has_38_digits_at_most_as_on_aws():
    make_table("digits", ("id", "S"))
    tables.put_item(ACCOUNT, REGION, "digits", {**KEY, "n": {"N": "1" * 38 + "000"}})
    with pytest.raises(AwsError, match="Attempting to store more than 38 significant digits in a Number"):
        tables.put_item(ACCOUNT, REGION, "digits", {**KEY, "n": {"N": "1" * 39}})


def test_an_item_with_a_sort_key_is_found_by_both_keys():
    table = make_table("ranged", ("house", "S"), ("at", "N"))
    for at in ("7", "8", "7.0"):
        tables.put_item(ACCOUNT, REGION, "ranged", {"house": {"S": "h"}, "at": {"N": at}, "v": {"S": at}})
    found = tables.get_item(ACCOUNT, REGION, "ranged", {"house": {"S": "h"}, "at": {"N": "7"}})
    assert found is not None
    assert found["v"] == {"S": "7.0"}
    assert len(table) == 2


def test_a_stream_hears_of_the_item():
    table = make_table("streamed", ("id", "S"), streams={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    tables.put_item(ACCOUNT, REGION, "streamed", dict(KEY))
    assert [record.record["eventName"] for record in table.stream_shard.items] == ["INSERT"]
