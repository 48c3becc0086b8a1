"""The compiled readers and writers do what moto's parser and serialiser do, for every shape of the JSON services."""

from __future__ import annotations

import base64
import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from moto.core.parse import JSONParser
from moto.core.serialize import JSONSerializer, XFormedAttributePicker
from moto.core.utils import get_service_model

from labcloud.motobase.json_read import Readers
from labcloud.motobase.json_write import NotPlain, Writers, exact_key, moto_keys

SERVICES = (
    "dynamodb",
    "events",
    "firehose",
    "kinesis",
    "logs",
    "stepfunctions",
    "timestream-query",
    "timestream-write",
)


def at(value: Any) -> datetime:
    return datetime.fromtimestamp(value, UTC)


def example(shape: Any, chance: random.Random, wire: bool, depth: int = 0) -> Any:
    """A value of the shape: as JSON has it, or as a result has it."""
    match shape.type_name:
        case "structure":
            names = [name for name in shape.members if depth < 6 and chance.random() < 0.6]
            if shape.name == "AttributeValue":
                names = names[:1]
            return {name: example(shape.members[name], chance, wire, depth + 1) for name in names}
        case "list":
            return [example(shape.member, chance, wire, depth + 1) for _ in range(chance.randint(0, 3 - depth // 2))]
        case "map":
            return {key: example(shape.value, chance, wire, depth + 1) for key in ("a", "ü b")[: chance.randint(0, 2)]}
        case "blob":
            return base64.b64encode(b"\x00\xff").decode() if wire else b"\x00\xff"
        case "timestamp":
            moment = chance.choice((1_700_000_000, 1_700_000_000.25))
            return moment if wire else at(moment)
        case "integer" | "long":
            return chance.randint(-5, 5_000_000_000)
        case "float" | "double":
            return chance.choice((1, 2.5))
        case "boolean":
            return chance.random() < 0.5
    return chance.choice(("", "text", "é\u2028\\"))


def operations(service: str) -> list[Any]:
    model = get_service_model(service)
    return [model.operation_model(name) for name in model.operation_names]


@pytest.mark.parametrize("service", SERVICES)
def test_requests_are_read_as_moto_reads_them(service: str) -> None:
    chance, readers = random.Random(service), Readers(at)
    for model in operations(service):
        for _ in range(5):
            if model.input_shape is None:
                continue
            value = example(model.input_shape, chance, wire=True)
            expected = JSONParser(model, timestamp_parser=at).parse({"body": json.dumps(value).encode()})
            found = readers.reader(model.input_shape)(value)
            assert repr(found) == repr(expected), model.name


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("motos", [True, False], ids=["moto's results", "our results"])
def test_results_are_written_as_moto_writes_them(service: str, motos: bool) -> None:
    chance, writers = random.Random(service), Writers(moto_keys if motos else exact_key)
    for model in operations(service):
        if model.output_shape is None or model.has_event_stream_output:
            continue
        for _ in range(5):
            value = example(model.output_shape, chance, wire=False)
            picker = XFormedAttributePicker() if motos else None
            expected = JSONSerializer(model, value_picker=picker).serialize(value)["body"]
            assert json.dumps(writers.writer(model.output_shape)(value)) == expected, model.name


@pytest.mark.parametrize("value", [[1], {"TableNames": [None]}, {"TableNames": [7]}, {"TableNames": ()}])
def test_what_is_not_plain_is_left_to_moto(value: Any) -> None:
    shape = get_service_model("dynamodb").operation_model("ListTables").output_shape
    with pytest.raises(NotPlain):
        Writers(exact_key).writer(shape)(value)


def test_a_value_of_another_kind_raises_what_moto_raises() -> None:
    model = get_service_model("dynamodb").operation_model("PutItem")
    for value in ({"Item": 7}, {"Item": {"id": 7}}, {"Item": {"id": {"B": "A"}}}):
        with pytest.raises(Exception) as expected:  # noqa: B017, PT011
            JSONParser(model).parse({"body": json.dumps(value).encode()})
        with pytest.raises(type(expected.value)):
            Readers(at).reader(model.input_shape)(value)
