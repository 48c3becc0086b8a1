"""Kinesis records, each a row. Written against moto 5.2.5."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from moto.kinesis.models import Record, Shard, Stream

from labcloud.motobase.state.parts import KINDS, Kind, around, changed


def install() -> None:
    """Puts the hooks in place."""
    KINDS[Shard] = Kind(
        {"records": lambda shard: OrderedDict()},
        lambda shard: list(shard.records),
        lambda shard, number: shard.records.get(number),
        _fill,
        lambda number: f"{number:020d}",
    )
    around(Shard, "put_record", _after_put)
    around(Stream, "split_shard", _after_split)


def _after_put(call: Any, shard: Shard, *arguments: Any, **named: Any) -> str:
    number = call(shard, *arguments, **named)
    changed(shard, int(number))
    return number


def _after_split(call: Any, stream: Stream, *arguments: Any, **named: Any) -> Any:
    """The records of the shard that is split go to the new ones."""
    before = {shard: list(shard.records) for shard in stream.shards.values()}
    answer = call(stream, *arguments, **named)
    for shard, numbers in before.items():
        changed(shard, *(number for number in numbers if number not in shard.records))
    return answer


def _fill(shard: Shard, records: list[Record]) -> None:
    shard.records = OrderedDict((int(record.sequence_number), record) for record in records)
