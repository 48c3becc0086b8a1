"""Functions that moto 5.2.5 calls all the time do work that need not be done each time, or not at all.

`method_names_from_class` inspects the whole response class; request ids are drawn letter by letter; an item weighs all
its attributes anew at each one that it gets, and a key finds its type out in five calls each time that it is looked up;
moto's own authorisation loads S3 before it finds that it is switched off (here the gateway decides); before a
service's model is read, botocore looks through the folders of all 400 services; and each of a service's some hundred
URL rules compiles two functions that write URLs, by way of syntax trees, for a cloud that only reads them. An operation's
model is made twice, first as botocore's, in the same place of a cache: another thread takes botocore's, which lacks what
moto looks for.
tests/motobase/test_speed.py and test_guard.py fail when moto changes them.
"""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable
from typing import Any

import moto.core.responses as responses
from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.model import OperationNotFoundError
from botocore.utils import instance_cache
from moto.core import utils
from moto.core.authorization import ActionAuthenticatorMixin
from moto.core.loaders import Loader, moto_root
from moto.core.model import OperationModel, ServiceModel
from moto.core.routing import SmithyRule
from moto.utilities import aws_headers

from labcloud.motobase import hooks

LARGEST_ITEM = 405_000
"""moto's limit in bytes, between those that were seen at AWS."""


def install() -> None:
    """Puts the faster functions in the place of moto's."""
    if not hasattr(responses.method_names_from_class, "cache_info"):
        responses.method_names_from_class = functools.cache(responses.method_names_from_class)
    responses.gen_amzn_requestid_long = aws_headers.gen_amzn_requestid_long = request_id
    if hooks.first_time(__name__):
        for kind in ("normal", "s3"):
            hooks.replace(ActionAuthenticatorMixin, f"_authenticate_and_authorize_{kind}_action", decided_already)
        hooks.replace(utils, "_load_service_model", load_service_model)
        hooks.replace(SmithyRule, "_compile_builder", no_builder)
        hooks.replace(ServiceModel, "operation_model", operation_model)


class _AnyService:
    def __contains__(self, name: str) -> bool:
        return True


class ModelLoader(Loader):
    """Reads one service's model without a list of all services."""

    def list_available_services(self, type_name: str) -> _AnyService:
        """botocore only looks whether the service is among them; it finds out anyway when it looks for versions."""
        return _AnyService()


def load_service_model(service_name: str, model_name: str) -> dict[str, Any]:
    """moto's own, with that loader. Raises botocore's UnknownServiceError."""
    try:
        model: dict[str, Any] = ModelLoader([moto_root]).load_service_model(service_name, model_name)
    except DataNotFoundError as error:
        raise UnknownServiceError(service_name=service_name, known_service_names="those of botocore") from error
    return model


@instance_cache
def operation_model(self: ServiceModel, operation_name: str) -> OperationModel:
    """moto's own model of an operation, and nothing else before it. Raises botocore's OperationNotFoundError."""
    try:
        described = self._service_description["operations"][operation_name]
    except KeyError:
        raise OperationNotFoundError(operation_name) from None
    return OperationModel(described, self, operation_name)


def no_builder(self: SmithyRule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
    """What a rule that is only matched has instead of a function that writes its URL.

    Threads that make a service's rules at the same time would also break each other's: Python 3.11 counts the depth of
    all syntax trees in one place ("AST constructor recursion depth mismatch").
    """
    return _writes_no_url


def _writes_no_url(self: SmithyRule, **values: Any) -> tuple[str, str]:
    raise RuntimeError(f"{self.rule} is made to be matched: its URL is never written")


def decided_already(self: ActionAuthenticatorMixin, *resource: Any, **named: Any) -> None:
    """The gateway has asked the caller's policies before moto hears of a request."""


def install_for_dynamodb() -> None:
    """The same for DynamoDB, which is loaded when it is first used."""
    from moto.dynamodb.models import dynamo_type

    dynamo_type.Item.__init__ = _make_item
    dynamo_type.DynamoType.__hash__ = _hash
    dynamo_type.DynamoType.__eq__ = _equal


def _hash(self: Any) -> int:
    """Of text as moto's own: tables may hold keys that were hashed before."""
    return hash(("S", self.value)) if self.type == "S" else hash((self.type, self.cast_value))


def _equal(self: Any, other: Any) -> bool:
    if self is other:
        return True
    if self.type == "S" == other.type:
        return bool(self.value == other.value)
    return bool(self.type == other.type and self.cast_value == other.cast_value)


def _make_item(item: Any, hash_key: Any, range_key: Any, attrs: dict[str, Any]) -> None:
    from moto.dynamodb.models.dynamo_type import DynamoType, ItemSizeTooLarge, LimitedSizeDict, bytesize

    item.hash_key, item.range_key = hash_key, range_key
    item.attrs = LimitedSizeDict()
    size = 0
    for key, value in attrs.items():
        typed = DynamoType(value)
        size += bytesize(key) + typed.size()
        if size > LARGEST_ITEM:
            raise ItemSizeTooLarge
        dict.__setitem__(item.attrs, key, typed)


def request_id(headers: dict[str, Any] | None = None) -> str:
    """A request id, put into the headers as x-amzn-requestid."""
    made = str(uuid.uuid4())
    if isinstance(headers, dict):
        headers["x-amzn-requestid"] = made
    return made
