"""How deep DynamoDB's items may nest: 32 levels of lists and maps (Developer Guide, "Quotas", nested attribute depth).

moto takes any depth, and what is too deep for Python's pickles could not be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from labcloud.api import ApiRequest
from labcloud.errors import AwsError

DEEPEST = 32
BEYOND = (
    "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
)

Value = Mapping[str, Any]
"""An attribute's value by its type: {"S": "text"}, {"L": [...]}, {"M": {...}}."""


def _put(asked: Mapping[str, Any]) -> Iterable[Value]:
    return (asked.get("Item") or {}).values()


def _update(asked: Mapping[str, Any]) -> Iterable[Value]:
    return (asked.get("ExpressionAttributeValues") or {}).values()


def _batch(asked: Mapping[str, Any]) -> Iterator[Value]:
    for requests in asked["RequestItems"].values():
        for request in requests:
            yield from _put(request.get("PutRequest") or {})


def _transaction(asked: Mapping[str, Any]) -> Iterator[Value]:
    for action in asked["TransactItems"]:
        yield from _put(action.get("Put") or {})
        yield from _update(action.get("Update") or {})


WRITTEN: Mapping[str, Callable[[Mapping[str, Any]], Iterable[Value]]] = {
    "BatchWriteItem": _batch,
    "PutItem": _put,
    "TransactWriteItems": _transaction,
    "UpdateItem": _update,
}
"""By operation: the values that it writes."""


def check_nesting(request: ApiRequest) -> None:
    """Raises AwsError ValidationException for a value that nests too deeply."""
    for value in WRITTEN[request.operation](request.parameters):
        _check(value, 1)


def _check(value: Value, level: int) -> None:
    inner = value.get("L") or (value.get("M") or {}).values()
    if inner and level > DEEPEST:
        raise AwsError(BEYOND, code="ValidationException")
    for each in inner:
        _check(each, level + 1)
