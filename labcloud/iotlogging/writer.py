"""Writes AWS IoT's log entries to CloudWatch Logs, in a thread of its own, with the logging role's permission.

Source: AWS IoT Core Developer Guide, "Configure AWS IoT logging": the role must trust iot.amazonaws.com and allow
logs:CreateLogGroup, CreateLogStream and PutLogEvents (and more that is not needed here).
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from labcloud.api import Scope
from labcloud.errors import Refused
from labcloud.iotlogging.options import LoggingOptions
from labcloud.motobase import log_groups

log = logging.getLogger("labcloud.iot")

SERVICE = "iot.amazonaws.com"
MOST_WAITING = 20_000

Job = tuple[Scope, str, dict[str, Any], float]


class Roles(Protocol):
    """Decides for a role on behalf of a service. Raises Refused."""

    def require(self, role_arn: str, service: str, action: str, resource: str, context: Mapping[str, Any]) -> None: ...


class IotLogWriter:
    """`write` queues an entry if the options want it; entries beyond MOST_WAITING are dropped, as logging must not block."""

    def __init__(self, options: LoggingOptions, roles: Roles, now: Callable[[], float]) -> None:
        self._options = options
        self._roles = roles
        self._now = now
        self._stream = f"{uuid.uuid4()}"
        self._queue: queue.Queue[Job | threading.Event | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._work, name="iot-logs", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Writes what is queued, then ends."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join(timeout=10)

    def write(self, scope: Scope, trace_id: str, entry: Mapping[str, Any]) -> None:
        """Queues an entry, if the options want it."""
        options = self._options.of(scope)
        if options is None or not options.wants(entry):
            return
        try:
            self._queue.put_nowait((scope, trace_id, dict(entry), self._now()))
        except queue.Full:
            log.warning("an entry of the IoT log was dropped: %s wait", MOST_WAITING)

    def wait_until_idle(self, within_s: float) -> bool:
        """Whether everything queued before this call was written within the time."""
        if not self._thread.is_alive():
            return True
        done = threading.Event()
        self._queue.put(done)
        return done.wait(within_s)

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            if isinstance(job, threading.Event):
                job.set()
                continue
            try:
                self._write(*job)
            except Refused as refused:
                log.warning("AWS IoT writes no log: %s", refused.reason)
            except Exception:  # a fault of ours must not end the log
                log.exception("an entry of the IoT log was not written")

    def _write(self, scope: Scope, trace_id: str, entry: dict[str, Any], at_s: float) -> None:
        options = self._options.of(scope)
        if options is None:
            return
        group, stream = options.group_for(entry), f"{self._stream}_{scope.account_id}_0"
        place = (scope.account_id, scope.region, group)
        arn = scope.arn("logs", f"log-group:{group}:log-stream:")
        if not log_groups.has_group(*place):
            self._require(options.role_arn, "logs:CreateLogGroup", arn)
            log_groups.create_group(*place)
        if not log_groups.has_stream(*place, stream):
            self._require(options.role_arn, "logs:CreateLogStream", arn + stream)
            log_groups.create_stream(*place, stream)
        self._require(options.role_arn, "logs:PutLogEvents", arn + stream)
        told = {
            "timestamp": datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
            "logLevel": entry.pop("logLevel"),
            "traceId": trace_id,
            "accountId": scope.account_id,
            **entry,
        }
        log_groups.put_lines(*place, stream, [(int(at_s * 1000), json.dumps(told))])

    def _require(self, role_arn: str, action: str, resource: str) -> None:
        self._roles.require(role_arn, SERVICE, action, resource, {})
