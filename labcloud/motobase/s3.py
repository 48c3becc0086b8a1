"""S3 on moto 5.2.5: bucket notifications go through this cloud's own delivery.

moto 5.2.5 tells targets without asking their policies and runs functions in Docker; and it crashes when the last
version of a key that goes is a delete marker (Terraform's `force_destroy` does that): it sends the event of a deletion
with a marker, which has neither size nor ETag. AWS sends no event for the deletion of a marker. Its events for
EventBridge have another object's members and no time that AWS would write. And it takes an object
for a form, and keeps nothing of it, if the upload says so (curl's --data-binary does). It stamps objects with real time;
here they have the lab's, by which they expire.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from moto.core.request import Request
from moto.events.models import events_backends
from moto.s3 import models, notifications
from moto.s3.models import FakeDeleteMarker, FakeMultipart
from moto.s3.responses import S3Response
from werkzeug.datastructures import ImmutableMultiDict

from labcloud.motobase import hooks, lab_time
from labcloud.notifications.messages import ObjectEvent, render_bus_event

PLACE: ModuleType = notifications

MODELS: ModuleType = models
STARTED = "lab_started_s"
"""The attribute of an upload: when it began, in epoch seconds of the lab clock."""

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
        hooks.replace(MODELS, "utcnow", lab_time.utcnow)
        hooks.replace(FakeMultipart, "__init__", begin_upload)


def begin_upload(self: FakeMultipart, *arguments: Any, **named: Any) -> None:
    """moto does not note when an upload began."""
    hooks.stock(FakeMultipart, "__init__")(self, *arguments, **named)
    setattr(self, STARTED, lab_time.now())


def setup_class(self: S3Response, request: Request, full_url: str | None = None, headers: Any = None) -> None:
    """Only what is posted may be a form."""
    if request.method != "POST":
        request.__dict__.update(form=ImmutableMultiDict(), files=ImmutableMultiDict())
    hooks.stock(S3Response, "setup_class")(self, request, full_url, headers)


def send_event(account_id: str, event_name: Any, bucket: Any, key: Any) -> None:
    """Tells every target whose configuration the event matches, and EventBridge if the bucket's configuration asks."""
    configuration = bucket.notification_configuration
    if configuration is None or isinstance(key, FakeDeleteMarker):
        return
    name = str(getattr(event_name, "value", event_name))
    etag = key.etag.replace('"', "")
    event = ObjectEvent(
        account_id,
        bucket.region_name,
        bucket.name,
        name,
        key.name,
        key.size,
        etag,
        key.version_id,
        key.storage_class,
    )
    for notification in (*configuration.cloud_function, *configuration.queue, *configuration.topic):
        if notification.matches(name, key.name):
            _tell(event, notification.id, notification.arn)
    if configuration.event_bridge is not None:
        message: Any = render_bus_event(event, lab_time.now())
        for bus in events_backends[account_id][bucket.region_name].event_buses.values():
            for rule in bus.rules.values():
                rule.send_to_targets(message, transform_input=False)
