"""Create, confirm, change and list topic rule destinations. Source: AWS IoT API Reference, TopicRuleDestination.

HTTP destinations only; one in a VPC or in InfluxDB is refused.
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from labcloud.api import ApiRequest, Operation, Scope
from labcloud.destinations.posting import Sender
from labcloud.errors import AwsError
from labcloud.shell.web import NotSent

log = logging.getLogger("labcloud.destinations")

CONFIRMATION_HEADER = {"x-amz-rules-engine-message-type": "DestinationConfirmation"}
CONFIRMATION_TIMEOUT_S = 3.0
SETTABLE = ("ENABLED", "DISABLED", "IN_PROGRESS")


@dataclass(frozen=True)
class Destination:
    """A URL and whether its owner has confirmed it."""

    arn: str
    url: str
    status: str
    created_s: float
    updated_s: float
    token: str
    reason: str = ""
    confirmed: bool = False


class Destinations:
    """The destinations of every account and region. Thread-safe."""

    def __init__(self, sender: Sender, now: Callable[[], float], endpoint_url: Callable[[], str]) -> None:
        self._sender = sender
        self._now = now
        self._endpoint_url = endpoint_url
        self._lock = threading.Lock()
        self._kept: dict[Scope, dict[str, Destination]] = {}
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="confirmations")
        self.operations: Mapping[str, Operation] = {
            "CreateTopicRuleDestination": self.create_topic_rule_destination,
            "ConfirmTopicRuleDestination": self.confirm_topic_rule_destination,
            "GetTopicRuleDestination": self.get_topic_rule_destination,
            "ListTopicRuleDestinations": self.list_topic_rule_destinations,
            "UpdateTopicRuleDestination": self.update_topic_rule_destination,
            "DeleteTopicRuleDestination": self.delete_topic_rule_destination,
        }

    # -- for rules

    def ensure(self, scope: Scope, urls: Iterable[str]) -> None:
        """Makes the destinations that do not exist yet, as AWS IoT does when a rule with an HTTP action is created."""
        for url in urls:
            if self._of_url(scope, url) is None:
                self._create(scope, url)

    def require_enabled(self, scope: Scope, url: str) -> None:
        """Raises AwsError unless a confirmed and enabled destination covers the URL."""
        covering = [d for d in self._all(scope) if url.startswith(d.url)]
        if any(d.status == "ENABLED" for d in covering):
            return
        states = ", ".join(f"{d.url} is {d.status}" for d in covering) or "there is none"
        raise AwsError(
            f"No enabled topic rule destination covers {url}: {states}.", code="DestinationNotEnabled", status=400
        )

    def confirm(self, token: str) -> bool:
        """Enables the destination that the token was sent for; False: no destination waits for it."""
        with self._lock:
            for kept in self._kept.values():
                for arn, found in kept.items():
                    if secrets.compare_digest(found.token, token) and found.status == "IN_PROGRESS":
                        kept[arn] = replace(found, status="ENABLED", reason="", confirmed=True, updated_s=self._now())
                        return True
        return False

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def state(self) -> list[dict[str, Any]]:
        """What must survive a restart."""
        with self._lock:
            return [
                {"scope": [*_pair(scope)], **asdict(d)} for scope, kept in self._kept.items() for d in kept.values()
            ]

    def restore(self, state: Iterable[Mapping[str, Any]]) -> None:
        """Takes over what `state` gave."""
        with self._lock:
            for entry in state:
                members = {name: value for name, value in entry.items() if name != "scope"}
                self._kept.setdefault(Scope(*entry["scope"]), {})[entry["arn"]] = Destination(**members)

    # -- operations

    def create_topic_rule_destination(self, request: ApiRequest) -> dict[str, Any]:
        """CreateTopicRuleDestination; sends the confirmation."""
        configuration = request.parameters.get("destinationConfiguration") or {}
        url = (configuration.get("httpUrlConfiguration") or {}).get("confirmationUrl")
        if not url:
            raise AwsError("The local cloud serves HTTP destinations only.", code="InvalidRequestException")
        if not url.startswith(("https://", "http://")):
            raise AwsError(f"confirmationUrl is an HTTPS URL, not {url}", code="InvalidRequestException")
        if self._of_url(request.scope, url):
            raise AwsError(f"A destination for {url} exists already", code="ResourceAlreadyExistsException", status=409)
        return {"topicRuleDestination": _described(self._create(request.scope, url), "httpUrlProperties")}

    def confirm_topic_rule_destination(self, request: ApiRequest) -> dict[str, Any]:
        """ConfirmTopicRuleDestination."""
        if not self.confirm(request.parameters["confirmationToken"]):
            raise AwsError("The confirmation token is not valid.", code="InvalidRequestException")
        return {}

    def get_topic_rule_destination(self, request: ApiRequest) -> dict[str, Any]:
        """GetTopicRuleDestination."""
        return {"topicRuleDestination": _described(self._existing(request), "httpUrlProperties")}

    def list_topic_rule_destinations(self, request: ApiRequest) -> dict[str, Any]:
        """ListTopicRuleDestinations, in pages."""
        start, size = int(request.parameters.get("nextToken") or 0), int(request.parameters.get("maxResults") or 100)
        found = self._all(request.scope)
        answer: dict[str, Any] = {
            "destinationSummaries": [_described(d, "httpUrlSummary") for d in found[start : start + size]]
        }
        if len(found) > start + size:
            answer["nextToken"] = str(start + size)
        return answer

    def update_topic_rule_destination(self, request: ApiRequest) -> dict[str, Any]:
        """UpdateTopicRuleDestination: disables, enables what was confirmed before, or asks for confirmation again."""
        found, status = self._existing(request), request.parameters["status"]
        if status not in SETTABLE:
            raise AwsError(f"status is one of {', '.join(SETTABLE)}, not {status}", code="InvalidRequestException")
        if status == "ENABLED" and not found.confirmed:
            raise AwsError("The destination was not confirmed yet.", code="InvalidRequestException")
        changed = self._put(request.scope, replace(found, status=status, reason="", updated_s=self._now()))
        if status == "IN_PROGRESS":
            self._ask(request.scope, changed)
        return {}

    def delete_topic_rule_destination(self, request: ApiRequest) -> dict[str, Any]:
        """DeleteTopicRuleDestination."""
        arn = self._existing(request).arn
        with self._lock:
            self._kept[request.scope].pop(arn, None)
        return {}

    # -- inside

    def _all(self, scope: Scope) -> list[Destination]:
        with self._lock:
            return list(self._kept.get(scope, {}).values())

    def _of_url(self, scope: Scope, url: str) -> Destination | None:
        return next((d for d in self._all(scope) if d.url == url), None)

    def _existing(self, request: ApiRequest) -> Destination:
        arn = request.parameters["arn"]
        with self._lock:
            found = self._kept.get(request.scope, {}).get(arn)
        if found is None:
            raise AwsError(
                f"Access to topic rule destination '{arn}' was denied", code="UnauthorizedException", status=401
            )
        return found

    def _put(self, scope: Scope, destination: Destination) -> Destination:
        with self._lock:
            self._kept.setdefault(scope, {})[destination.arn] = destination
        return destination

    def _create(self, scope: Scope, url: str) -> Destination:
        arn, now = scope.arn("iot", f"ruledestination/http/{uuid.uuid4()}"), self._now()
        made = self._put(scope, Destination(arn, url, "IN_PROGRESS", now, now, secrets.token_urlsafe(48)))
        self._ask(scope, made)
        return made

    def _ask(self, scope: Scope, destination: Destination) -> None:
        self._pool.submit(self._send_confirmation, scope, destination)

    def _send_confirmation(self, scope: Scope, asked: Destination) -> None:
        """Posts the confirmation; the receiver answers by opening enableUrl or by ConfirmTopicRuleDestination."""
        body = {
            "arn": asked.arn,
            "confirmationToken": asked.token,
            "enableUrl": f"{self._endpoint_url()}/confirmdestination/{asked.token}",
            "messageType": "DestinationConfirmation",
        }
        headers = {"Content-Type": "application/json", **CONFIRMATION_HEADER}
        try:
            answer = self._sender.post(asked.url, headers, json.dumps(body).encode(), CONFIRMATION_TIMEOUT_S)
            reason = "" if 200 <= answer.status < 300 else f"the confirmation was answered with {answer.status}"
        except NotSent as error:
            reason = str(error)
        if reason:
            log.warning("destination %s is not confirmed: %s", asked.url, reason)
            with self._lock:
                kept = self._kept.get(scope, {})
                if asked.arn in kept and kept[asked.arn].status == "IN_PROGRESS":
                    kept[asked.arn] = replace(asked, status="ERROR", reason=reason, updated_s=self._now())


def _pair(scope: Scope) -> tuple[str, str]:
    return scope.account_id, scope.region


def _described(destination: Destination, member: str) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "arn": destination.arn,
        "status": destination.status,
        "createdAt": datetime.fromtimestamp(destination.created_s, UTC),
        "lastUpdatedAt": datetime.fromtimestamp(destination.updated_s, UTC),
        member: {"confirmationUrl": destination.url},
    }
    return {**answer, "statusReason": destination.reason} if destination.reason else answer
