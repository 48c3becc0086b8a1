"""S3 objects (all versions of a key are one row) and the parts of uploads that are under way. For moto 5.2.5."""

from __future__ import annotations

from typing import Any

from moto.s3.models import FakeBucket, FakeKey, FakeMultipart
from moto.s3.utils import _VersionedKeyStore

from labcloud.motobase.state.parts import KINDS, Kind, around, changed

BUCKET = "lab_bucket"


def install() -> None:
    """Puts the hooks in place."""
    KINDS[FakeBucket] = Kind({"keys": _store_of}, lambda bucket: list(bucket.keys), _versions, _fill)
    KINDS[FakeMultipart] = Kind(
        {"parts": lambda upload: {}, "partlist": lambda upload: []},
        lambda upload: list(upload.parts),
        lambda upload, number: upload.parts.get(number),
        _fill_upload,
        lambda number: f"{number:05d}",
    )
    around(FakeBucket, "__init__", _after_bucket)
    for name in ("__setitem__", "setlist", "pop"):
        around(_VersionedKeyStore, name, _after_change)
    around(FakeMultipart, "set_part", _after_part)


def object_touched(bucket: FakeBucket, key: str) -> None:
    """Something about an object has changed that is not its coming or going: tags, lock, access."""
    changed(bucket, key)


def _store_of(bucket: FakeBucket) -> _VersionedKeyStore:
    store = _VersionedKeyStore()
    setattr(store, BUCKET, bucket)
    return store


def _after_bucket(call: Any, bucket: FakeBucket, *arguments: Any, **named: Any) -> None:
    call(bucket, *arguments, **named)
    bucket.keys = _store_of(bucket)


def _after_change(call: Any, store: _VersionedKeyStore, key: str, *value: Any) -> Any:
    answer = call(store, key, *value)
    bucket = getattr(store, BUCKET, None)
    if bucket is not None:
        changed(bucket, key)
    return answer


def _after_part(call: Any, upload: FakeMultipart, part_id: int, value: bytes) -> FakeKey:
    part = call(upload, part_id, value)
    changed(upload, part_id)
    return part


def _versions(bucket: FakeBucket, key: str) -> list[Any] | None:
    versions = bucket.keys.getlist(key)
    return list(versions) if versions else None


def _fill(bucket: FakeBucket, objects: list[list[Any]]) -> None:
    for versions in objects:
        dict.__setitem__(bucket.keys, versions[-1].name, versions)


def _fill_upload(upload: FakeMultipart, parts: list[FakeKey]) -> None:
    upload.parts = {part.name: part for part in parts}
    upload.partlist = sorted(upload.parts)
