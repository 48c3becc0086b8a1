"""S3 on moto 5.2.5: what breaks when a versioned bucket is emptied.

moto 5.2.5 crashes when the last version of a key that goes is a delete marker (Terraform's `force_destroy` does that):
it sends the event of a deletion with a marker, which has neither size nor ETag. AWS sends no event for a marker.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from moto.s3 import notifications
from moto.s3.models import FakeDeleteMarker

from labcloud.motobase import hooks

PLACE: ModuleType = notifications


def install() -> None:
    """Puts the hook in place."""
    if hooks.first_time(__name__):
        hooks.replace(PLACE, "send_event", send_event)


def send_event(account_id: str, event_name: Any, bucket: Any, key: Any) -> None:
    """Sends nothing for a delete marker."""
    if not isinstance(key, FakeDeleteMarker):
        hooks.stock(PLACE, "send_event")(account_id, event_name, bucket, key)
