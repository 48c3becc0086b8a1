"""Tags of Kinesis data streams, and how long their records are read.

moto 5.2.5 drops the tags that CreateStream brings, and lacks TagResource, UntagResource and ListTagsForResource. It keeps
a retention and never acts on it. Records that are over stay in memory; no reader gets them.
"""

from __future__ import annotations

from itertools import takewhile
from types import ModuleType

from moto.core.responses import ActionResult, EmptyResult
from moto.kinesis import models
from moto.kinesis.models import KinesisBackend, Record, Shard, Stream
from moto.kinesis.responses import KinesisResponse
from moto.kinesis.utils import compose_shard_iterator, decompose_shard_iterator

from labcloud.motobase import hooks, lab_time

MODELS: ModuleType = models


def install() -> None:
    """Puts the hooks in place."""
    if hooks.first_time(__name__):
        hooks.replace(KinesisResponse, "create_stream", create_stream)
        hooks.replace(MODELS, "utcnow", lab_time.utcnow)
        hooks.replace(KinesisBackend, "get_records", get_records)
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


def get_records(
    self: KinesisBackend, stream_arn: str | None, shard_iterator: str, limit: int | None
) -> tuple[str, list[Record], int]:
    """Only records that the stream still keeps."""
    name, shard_id, after = decompose_shard_iterator(shard_iterator)
    stream = self.describe_stream(stream_arn=stream_arn, stream_name=name)
    shard = stream.get_shard(shard_id)
    after_number = max(int(after), last_expired(stream, shard))
    found: tuple[str, list[Record], int] = hooks.stock(KinesisBackend, "get_records")(
        self, stream_arn, compose_shard_iterator(name, shard, after_number), limit
    )
    return found


def last_expired(stream: Stream, shard: Shard) -> int:
    """The number of the newest record that is kept no longer; 0 if all are."""
    since_s = lab_time.now() - int(stream.retention_period_hours) * 3600
    over = takewhile(lambda record: record.created_at < since_s, list(shard.records.values()))
    return max((int(record.sequence_number) for record in over), default=0)
