"""The replaced functions of moto are still what labcloud.motobase.speed was written for."""

from __future__ import annotations

import ast
import hashlib
import inspect

import moto.core.responses as responses
import pytest
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationNotFoundError
from moto.core.loaders import create_loader
from moto.core.model import OperationModel, ServiceModel
from moto.core.request import Request
from moto.core.routing import RestRouter
from moto.core.utils import get_service_model
from moto.dynamodb.models import dynamo_type
from moto.utilities import aws_headers
from werkzeug.test import EnvironBuilder

from labcloud.motobase import speed


def test_moto_still_calls_both_functions_by_these_names():
    source = inspect.getsource(responses.BaseResponse.call_action)
    assert "method_names_from_class(self.__class__)" in source
    assert "gen_amzn_requestid_long(headers)" in inspect.getsource(responses.BaseResponse._enrich_response)


def test_request_ids_go_into_the_headers_and_differ():
    speed.install()
    headers: dict[str, str] = {}
    made = aws_headers.gen_amzn_requestid_long(headers)
    assert headers == {"x-amzn-requestid": made}
    assert responses.gen_amzn_requestid_long() != made


@pytest.mark.parametrize("place", [("sqs", "service-2"), ("s3", "service-2"), ("sns", "paginators-1")], ids=" ".join)
def test_a_services_model_is_the_one_that_moto_reads(place):
    assert speed.load_service_model(*place) == create_loader().load_service_model(*place)


def test_an_unknown_service_is_unknown_as_before():
    with pytest.raises(UnknownServiceError, match="nonsense"):
        speed.load_service_model("nonsense", "service-2")


def test_an_item_is_still_made_and_weighed_as_when_its_maker_was_written():
    source = inspect.getsource(dynamo_type)
    source = source[source.index("class LimitedSizeDict") : source.index("    def __eq__(self, other: Item)")]
    assert hashlib.sha256(source.encode()).hexdigest()[:16] == "9ac1320f54c69cc2"


def test_an_item_beyond_the_limit_is_refused_and_one_below_is_not():
    speed.install_for_dynamodb()
    key = dynamo_type.DynamoType({"S": "x"})
    item = dynamo_type.Item(key, None, {"id": {"S": "x"}, "big": {"S": "y" * (speed.LARGEST_ITEM - 6)}})
    assert item.size() == speed.LARGEST_ITEM
    with pytest.raises(dynamo_type.ItemSizeTooLarge):
        dynamo_type.Item(key, None, {"id": {"S": "x"}, "big": {"S": "y" * (speed.LARGEST_ITEM - 5)}})


def test_a_value_is_still_hashed_and_compared_as_when_the_short_ways_were_written():
    source = inspect.getsource(dynamo_type)
    source = source[source.index("    def __hash__(self)") : source.index("    def __ne__(self, other: DynamoType)")]
    assert hashlib.sha256(source.encode()).hexdigest()[:16] == "5dabc78bf6e3ddd7"


@pytest.mark.parametrize("value", [{"S": "x"}, {"S": ""}, {"N": "1.50"}, {"B": "eA=="}, {"BOOL": True}, {"NULL": True}])
def test_a_value_has_the_hash_that_moto_gives_it(value):
    speed.install_for_dynamodb()
    made = dynamo_type.DynamoType(value)
    assert hash(made) == hash((made.type, made.cast_value))
    assert made == dynamo_type.DynamoType(value)


def test_equal_are_numbers_of_one_value_and_never_values_of_two_types():
    speed.install_for_dynamodb()
    one, same, text = (dynamo_type.DynamoType(value) for value in ({"N": "1.50"}, {"N": "1.5"}, {"S": "1.5"}))
    assert one == same
    assert hash(one) == hash(same)
    assert one != text
    assert dynamo_type.DynamoType({"S": "a"}) != dynamo_type.DynamoType({"S": "b"})


def test_the_rules_that_requests_are_matched_with_are_made_without_syntax_trees(monkeypatch):
    speed.install()
    monkeypatch.setattr(ast, "parse", lambda *text, **named: pytest.fail("a syntax tree"))
    router = RestRouter(get_service_model("quicksight"))
    request = Request(EnvironBuilder("/accounts/123456789012/data-sets/readings").get_environ())
    operation, parameters = router.match(request)
    assert operation.name == "DescribeDataSet"
    assert parameters == {"AwsAccountId": "123456789012", "DataSetId": "readings"}


def test_no_thread_ever_finds_another_model_of_an_operation_than_motos():
    speed.install()
    found: list[object] = []

    class Cache(dict):
        def __setitem__(self, key, value):
            found.append(value)
            super().__setitem__(key, value)

    service = ServiceModel(speed.load_service_model("iot", "service-2"), "iot")
    service._instance_cache = Cache()
    assert service.operation_model("DescribeCertificate").http_trait.path == "/certificates/{certificateId}"
    assert {type(each) for each in found} == {OperationModel}
    with pytest.raises(OperationNotFoundError):
        service.operation_model("DescribeNothing")
