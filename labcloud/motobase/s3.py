"""S3 on moto 5.2.5: bucket notifications go through this cloud's own delivery.

moto 5.2.5 tells targets without asking their policies and runs functions in Docker; and it crashes when the last
version of a key that goes is a delete marker (Terraform's `force_destroy` does that): it sends the event of a deletion
with a marker, which has neither size nor ETag. AWS sends no event for the deletion of a marker. And it takes an object
for a form, and keeps nothing of it, if the upload says so (curl's --data-binary does).
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from moto.core.request import Request
from moto.s3 import notifications
from moto.s3.models import FakeDeleteMarker
from moto.s3.responses import S3Response
from werkzeug.datastructures import ImmutableMultiDict

from labcloud.motobase import hooks
from labcloud.notifications.messages import ObjectEvent

PLACE: ModuleType = notifications

Tell = Callable[[ObjectEvent, str, str], None]

_tell: Tell = lambda event, configuration_id, target_arn: None  # noqa: E731


def use(tell: Tell) -> None:
    """`tell` brings an event to a target; it gets the configuration's id and the target's ARN."""
    global _tell
    _tell = tell


def install() -> None:
    """Puts the hook in place."""
    if hooks.first_time(__name__):
        hooks.replace(PLACE, "send_event", send_event)
        hooks.replace(S3Response, "setup_class", setup_class)


def setup_class(self: S3Response, request: Request, full_url: str | None = None, headers: Any = None) -> None:
    """Only what is posted may be a form."""
    if request.method != "POST":
        request.__dict__.update(form=ImmutableMultiDict(), files=ImmutableMultiDict())
    hooks.stock(S3Response, "setup_class")(self, request, full_url, headers)


def send_event(account_id: str, event_name: Any, bucket: Any, key: Any) -> None:
    """Tells every target whose configuration the event matches."""
    configuration = bucket.notification_configuration
    if configuration is None or isinstance(key, FakeDeleteMarker):
        return
    name = str(getattr(event_name, "value", event_name))
    etag = key.etag.replace('"', "")
    event = ObjectEvent(account_id, bucket.region_name, bucket.name, name, key.name, key.size, etag, key.version_id)
    for notification in (*configuration.cloud_function, *configuration.queue, *configuration.topic):
        if notification.matches(event_name, key.name):
            _tell(event, notification.id, notification.arn)
    if configuration.event_bridge is not None:
        notifications._send_event_bridge_message(account_id, bucket, event_name, key)
