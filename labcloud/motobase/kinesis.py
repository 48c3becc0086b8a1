"""Tags of Kinesis data streams.

moto 5.2.5 drops the tags that CreateStream brings, and lacks TagResource, UntagResource and ListTagsForResource.
"""

from __future__ import annotations

from moto.core.responses import ActionResult, EmptyResult
from moto.kinesis.responses import KinesisResponse

from labcloud.motobase import hooks


def install() -> None:
    """Puts the hooks in place."""
    if hooks.first_time(__name__):
        hooks.replace(KinesisResponse, "create_stream", create_stream)
        hooks.add(KinesisResponse, "tag_resource", tag_resource)
        hooks.add(KinesisResponse, "untag_resource", untag_resource)
        hooks.add(KinesisResponse, "list_tags_for_resource", list_tags_for_resource)


def create_stream(self: KinesisResponse) -> ActionResult:
    """Keeps the tags."""
    answer = hooks.stock(KinesisResponse, "create_stream")(self)
    if tags := self._get_param("Tags"):
        self.kinesis_backend.add_tags_to_stream(None, self._get_param("StreamName"), tags)
    return answer


def tag_resource(self: KinesisResponse) -> ActionResult:
    """Adds tags or changes their values."""
    self.kinesis_backend.add_tags_to_stream(self._get_param("ResourceARN"), None, self._get_param("Tags"))
    return EmptyResult()


def untag_resource(self: KinesisResponse) -> ActionResult:
    """Takes tags away."""
    self.kinesis_backend.remove_tags_from_stream(self._get_param("ResourceARN"), None, self._get_param("TagKeys"))
    return EmptyResult()


def list_tags_for_resource(self: KinesisResponse) -> ActionResult:
    """All tags of a stream."""
    tags = self.kinesis_backend.list_tags_for_stream(self._get_param("ResourceARN"), None)
    return ActionResult({"Tags": tags["Tags"]})
