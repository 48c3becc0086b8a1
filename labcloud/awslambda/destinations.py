"""Sends the record of an asynchronous invocation to its destination, as the function's role may.

Source: Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations".
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

from labcloud.awslambda.event_invoke import CALLS, EventInvokeConfig
from labcloud.awslambda.events import EventOutcome, destination_record
from labcloud.errors import AwsError
from labcloud.outlets import Outlets, Parcel, service_of

log = logging.getLogger("labcloud.lambda")

Require = Callable[[str, str, str], None]
"""require(role ARN, action, resource) raises AwsError unless Lambda may do it through the role."""


class DestinationSender:
    """Called once for each asynchronous invocation that is over."""

    def __init__(self, outlets: Outlets, require: Require, now: Callable[[], float]) -> None:
        self._outlets = outlets
        self._require = require
        self._now = now

    def send(self, role_arn: str, config: EventInvokeConfig, outcome: EventOutcome) -> None:
        """Sends the record, if there is a destination for how it ended; what fails is logged, as nobody waits."""
        succeeded = outcome.condition == "Success"
        arn = config.on_success if succeeded else config.on_failure
        if arn is None:
            return
        service = service_of(arn)
        try:
            self._require(role_arn, f"{service}:{CALLS[service]}", arn)
            record = json.dumps(destination_record(outcome, self._now()))
            kind = f"Lambda Function Invocation Result - {'Success' if succeeded else 'Failure'}"
            options = {"Source": "lambda", "DetailType": kind} if service == "events" else {}
            self._outlets.send(Parcel(arn, record, options))
        except AwsError as error:
            log.warning("function %s: destination %s got no record: %s", outcome.config.arn, arn, error)
