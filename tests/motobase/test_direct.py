"""DynamoDB by the short way answers to the byte as by moto's whole machinery, and leaves the same items behind."""

from __future__ import annotations

import contextlib
import inspect
import re
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.core.base_backend import BackendDict
from moto.core.utils import camelcase_to_underscores
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.responses import DynamoHandler

from labcloud.motobase.direct import OPERATIONS, DirectDynamoDB
from tests.motobase.conftest import REGION

STOCK_ITEM = Item.__init__

ITEM: dict[str, Any] = {
    "id": {"S": 'é\u2028"x'},
    "n": {"N": "1.50"},
    "b": {"B": b"\x00\xff"},
    "t": {"BOOL": True},
    "z": {"NULL": True},
    "l": {"L": [{"N": "1"}, {"M": {"a": {"S": ""}, "q": {"L": []}}}]},
    "m": {"M": {"deep": {"M": {"deeper": {"SS": ["a", "b"]}}}}},
    "ns": {"NS": ["1", "2"]},
    "bs": {"BS": [b"a", b"b"]},
}
KEY = {"id": ITEM["id"]}
SENSOR = {"house": {"S": "h1"}, "at": {"N": "7"}}

CORPUS: list[tuple[str, dict[str, Any]]] = [
    ("put_item", {"TableName": "one", "Item": ITEM}),
    ("put_item", {"TableName": "one", "Item": {**KEY, "n": {"N": "2"}}, "ReturnValues": "ALL_OLD"}),
    ("put_item", {"TableName": "one", "Item": {**ITEM, "id": {"S": "2"}}, "ReturnConsumedCapacity": "TOTAL"}),
    ("put_item", {"TableName": "one", "Item": ITEM, "ReturnConsumedCapacity": "INDEXES"}),
    ("put_item", {"TableName": "one", "Item": ITEM, "ReturnConsumedCapacity": "MUCH"}),
    ("put_item", {"TableName": "one", "Item": ITEM, "ReturnValues": "ALL_NEW"}),
    ("put_item", {"TableName": "none", "Item": ITEM}),
    ("put_item", {"TableName": "one", "Item": {"other": {"S": "x"}}}),
    ("put_item", {"TableName": "one", "Item": {"id": {"N": "1"}}}),
    ("put_item", {"TableName": "one", "Item": {"id": {"S": ""}}}),
    ("put_item", {"TableName": "one", "Item": {"id": {"S": "x"}, "s": {"SS": []}}}),
    ("put_item", {"TableName": "one", "Item": {"id": {"S": "x"}, "n": {"N": "seven"}}}),
    ("put_item", {"TableName": "one", "Item": {"id": {"S": "x"}, "big": {"S": "y" * 410_000}}}),
    ("put_item", {"TableName": "one", "Item": ITEM, "ConditionExpression": "attribute_not_exists(id)"}),
    (
        "put_item",
        {
            "TableName": "one",
            "Item": {**KEY, "n": {"N": "3"}},
            "ConditionExpression": "#n < :limit",
            "ExpressionAttributeNames": {"#n": "n"},
            "ExpressionAttributeValues": {":limit": {"N": "9"}},
        },
    ),
    (
        "put_item",
        {
            "TableName": "one",
            "Item": KEY,
            "ConditionExpression": "attribute_not_exists(id)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        },
    ),
    ("put_item", {"TableName": "two", "Item": {**SENSOR, "celsius": {"N": "21.5"}}}),
    ("put_item", {"TableName": "two", "Item": {**SENSOR, "at": {"N": "8"}, "room": {"NULL": True}}}),
    ("put_item", {"TableName": "two", "Item": {"house": {"S": "h1"}}}),
    ("get_item", {"TableName": "one", "Key": {"id": {"S": "2"}}}),
    ("get_item", {"TableName": "one", "Key": KEY, "ConsistentRead": True, "ReturnConsumedCapacity": "TOTAL"}),
    ("get_item", {"TableName": "one", "Key": {"id": {"S": "nobody"}}}),
    ("get_item", {"TableName": "one", "Key": {"id": {"S": ""}}}),
    ("get_item", {"TableName": "one", "Key": {"other": {"S": "x"}}}),
    ("get_item", {"TableName": "one", "Key": {"id": {"S": "2"}}, "ProjectionExpression": "m.deep, l[1].a"}),
    ("get_item", {"TableName": "one", "Key": {"id": {"S": "2"}}, "AttributesToGet": ["n"]}),
    ("get_item", {"TableName": "two", "Key": {"house": {"S": "h1"}}}),
    (
        "update_item",
        {
            "TableName": "one",
            "Key": {"id": {"S": "2"}},
            "UpdateExpression": "SET n = n + :one, m.deep.other = :x REMOVE z ADD ns :more DELETE bs :gone",
            "ExpressionAttributeValues": {
                ":one": {"N": "1"},
                ":x": {"S": "x"},
                ":more": {"NS": ["3"]},
                ":gone": {"BS": [b"a"]},
            },
            "ReturnValues": "ALL_NEW",
        },
    ),
    (
        "update_item",
        {
            "TableName": "one",
            "Key": {"id": {"S": "new"}},
            "UpdateExpression": "SET a = :a",
            "ExpressionAttributeValues": {":a": {"S": "x"}},
            "ReturnValues": "UPDATED_NEW",
        },
    ),
    ("update_item", {"TableName": "one", "Key": {"id": {"S": "new"}}, "UpdateExpression": "SET a = = b"}),
    ("update_item", {"TableName": "one", "Key": {"id": {"S": "bare"}}}),
    (
        "update_item",
        {
            "TableName": "one",
            "Key": {"id": {"S": "2"}},
            "AttributeUpdates": {"n": {"Action": "ADD", "Value": {"N": "2"}}},
            "ReturnValues": "UPDATED_OLD",
        },
    ),
    (
        "query",
        {
            "TableName": "two",
            "KeyConditionExpression": "house = :h AND #at > :t",
            "ExpressionAttributeNames": {"#at": "at"},
            "ExpressionAttributeValues": {":h": {"S": "h1"}, ":t": {"N": "1"}},
            "Limit": 1,
            "ReturnConsumedCapacity": "INDEXES",
        },
    ),
    (
        "query",
        {
            "TableName": "two",
            "IndexName": "by_room",
            "KeyConditionExpression": "room = :r",
            "ExpressionAttributeValues": {":r": {"S": "kitchen"}},
        },
    ),
    ("query", {"TableName": "two", "KeyConditionExpression": "nonsense"}),
    ("scan", {"TableName": "one"}),
    ("scan", {"TableName": "one", "Select": "COUNT"}),
    (
        "scan",
        {"TableName": "two", "FilterExpression": "celsius > :c", "ExpressionAttributeValues": {":c": {"N": "20"}}},
    ),
    (
        "batch_write_item",
        {
            "RequestItems": {
                "one": [{"PutRequest": {"Item": {"id": {"S": "b1"}}}}, {"DeleteRequest": {"Key": {"id": {"S": "new"}}}}]
            }
        },
    ),
    ("batch_write_item", {"RequestItems": {"none": [{"PutRequest": {"Item": {"id": {"S": "b1"}}}}]}}),
    (
        "batch_get_item",
        {"RequestItems": {"one": {"Keys": [{"id": {"S": "b1"}}, {"id": {"S": "2"}}, {"id": {"S": "-"}}]}}},
    ),
    (
        "transact_write_items",
        {
            "TransactItems": [
                {"Put": {"TableName": "one", "Item": {"id": {"S": "t1"}}}},
                {
                    "ConditionCheck": {
                        "TableName": "one",
                        "Key": {"id": {"S": "b1"}},
                        "ConditionExpression": "attribute_exists(id)",
                    }
                },
            ]
        },
    ),
    (
        "transact_write_items",
        {
            "TransactItems": [
                {"Put": {"TableName": "one", "Item": {"id": {"S": "t2"}}}},
                {
                    "ConditionCheck": {
                        "TableName": "one",
                        "Key": {"id": {"S": "b1"}},
                        "ConditionExpression": "attribute_not_exists(id)",
                    }
                },
            ]
        },
    ),
    ("transact_get_items", {"TransactItems": [{"Get": {"TableName": "one", "Key": {"id": {"S": "t1"}}}}]}),
    ("delete_item", {"TableName": "one", "Key": {"id": {"S": "2"}}, "ReturnValues": "ALL_OLD"}),
    ("delete_item", {"TableName": "one", "Key": {"id": {"S": "2"}}, "ReturnConsumedCapacity": "TOTAL"}),
    (
        "delete_item",
        {"TableName": "one", "Key": {"id": {"S": "b1"}}, "ConditionExpression": "attribute_not_exists(id)"},
    ),
    ("delete_item", {"TableName": "two", "Key": {"wrong": {"S": "2"}}}),
    ("scan", {"TableName": "one"}),
]


class Recorder:
    """What came over the wire, without what differs each time."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], bytes]] = []

    def __call__(self, response_dict: dict[str, Any], **_: Any) -> None:
        headers = {k: v for k, v in response_dict["headers"].items() if k.lower() not in ("date", "x-amzn-requestid")}
        self.answers.append((response_dict["status_code"], headers, response_dict["body"]))


def answers(url: str, key: str) -> list[tuple[int, dict[str, str], bytes]]:
    """What the corpus is answered on an empty cloud."""
    BackendDict.reset()
    client = boto3.client(
        "dynamodb",
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id=key,
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
    )
    make_tables(client)
    recorder = Recorder()
    client.meta.events.register("before-parse.dynamodb", recorder)
    for name, parameters in CORPUS:
        with contextlib.suppress(ClientError):
            getattr(client, name)(**parameters)
    return recorder.answers


def make_tables(client: Any) -> None:
    """One with a plain key, one with a sort key and an index."""
    of_type = {"id": "S", "house": "S", "at": "N", "room": "S"}
    for table, names in (("one", ["id"]), ("two", ["house", "at"])):
        indexed = ["room"] if table == "two" else []
        index = {"IndexName": "by_room", "KeySchema": schema("room"), "Projection": {"ProjectionType": "ALL"}}
        client.create_table(
            TableName=table,
            KeySchema=schema(*names),
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": of_type[name]} for name in [*names, *indexed]
            ],
            BillingMode="PAY_PER_REQUEST",
            **({"GlobalSecondaryIndexes": [index]} if indexed else {}),
        )


def schema(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)]


@pytest.mark.parametrize("key", ["test", "NOBODY0123456789ABCD"])
def test_every_answer_is_motos_to_the_byte(cloud_url: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []
    answer = DirectDynamoDB.answer

    def counted(self: DirectDynamoDB, request: Any, http: Any) -> Any:
        taken.append(request.operation)
        response = answer(self, request, http)
        assert response is not None or request.operation not in OPERATIONS
        return response

    monkeypatch.setattr(DirectDynamoDB, "answer", counted)
    direct = answers(cloud_url, key)
    assert set(OPERATIONS) <= set(taken)
    monkeypatch.setattr(DirectDynamoDB, "answer", lambda self, request, http: None)
    monkeypatch.setattr(Item, "__init__", STOCK_ITEM)
    for (name, parameters), ours, theirs in zip(CORPUS, direct, answers(cloud_url, key), strict=True):
        assert ours == theirs, f"{name} {str(parameters)[:200]}"


def test_the_methods_look_at_nothing_but_parameters_account_and_region() -> None:
    for name in OPERATIONS:
        method = inspect.unwrap(getattr(DynamoHandler, camelcase_to_underscores(name)))
        read = set(re.findall(r"self\.(\w+)", inspect.getsource(method)))
        assert read <= {"body", "dynamodb_backend"} | {name for name in read if hasattr(DynamoHandler, name)}
