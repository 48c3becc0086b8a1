"""moto's objects end when nobody uses them any more."""

from __future__ import annotations

import gc
import inspect
import weakref

from moto.core import base_backend, common_models, model_instances
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.s3.models import FakeKey, S3Backend

from labcloud.motobase import instances


def test_an_item_that_nobody_holds_any_more_is_gone():
    instances.install()
    item = Item(DynamoType({"S": "x"}), None, {"id": {"S": "x"}})
    seen = weakref.ref(item)
    del item
    gc.collect()
    assert seen() is None
    assert Item.instances_tracked == []


def test_objects_get_their_arguments_as_before():
    instances.install()
    key = FakeKey("name", b"content", account_id="123456789012", region_name="eu-west-1")
    assert (key.name, key.value) == ("name", b"content")


def test_a_backend_can_still_be_emptied():
    instances.install()
    backend = S3Backend("eu-west-1", "123456789012")
    backend.create_bucket("bucket", "eu-west-1")
    key = backend.put_object("bucket", "name", b"content")
    backend.reset()
    assert not backend.buckets
    assert key._value_buffer.closed


def test_only_a_page_and_the_reset_of_s3_read_what_moto_keeps():
    """Whoever else begins to read it would find it empty: then the hook must be thought over."""
    assert "instances_tracked" in inspect.getsource(base_backend.InstanceTrackerMeta)
    assert "instances_tracked" in inspect.getsource(S3Backend.reset)
    assert "instances_tracked = []" in inspect.getsource(model_instances.reset_model_data)
    assert inspect.getsource(common_models).count("instances_tracked") == 1
