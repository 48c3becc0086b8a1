"""Action http: the result is posted to a URL whose destination was confirmed.

Source: AWS IoT Core Developer Guide, "HTTP". Signing (auth) is not served. Plain http: URLs are taken too, since a
receiver on this machine seldom has a certificate; AWS takes https: only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from labcloud.api import Scope
from labcloud.rules.actions.base import Action, ActionFailed, Result, has_template, invalid, not_served, text_of
from labcloud.rules.batches import BatchLimits
from labcloud.rules.deliveries import Need, Origin, Ports

LONGEST_URL = 2000
MOST_HEADERS = 100
SCHEMES = ("https", "http")


@dataclass(frozen=True)
class Post:
    """Posts the result to a URL (action http)."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    batch: BatchLimits | None = None
    """With it, the body is one element of the array that is posted."""
    failed_action = "HttpAction"

    @property
    def resource(self) -> str:
        return self.url

    @property
    def summary(self) -> str:
        return f"POST {self.url}"

    def needs(self, scope: Scope) -> list[Need]:
        return []  # the destination was confirmed by its owner

    def send(self, origin: Origin, ports: Ports) -> None:
        ports.post(origin.scope, self.url, self.headers, self.body)


BATCH_RANGES = {"maxBatchOpenMs": (5, 200), "maxBatchSize": (2, 10), "maxBatchSizeBytes": (100, 131_072)}


def join(posts: Sequence[Post]) -> Post:
    """One request for all: an array of their bodies, with the headers of the last."""
    body = b"[" + b",".join(post.body for post in posts) + b"]"
    headers = {name: value for name, value in posts[-1].headers.items() if name.lower() != "content-type"}
    return Post(posts[-1].url, {**headers, "Content-Type": "application/json"}, body)


def plan(parameters: Mapping[str, Any], result: Result, scope: Scope) -> Post:
    """One request; its content type follows the result unless the rule's headers name one."""
    url = parameters["url"]
    if urlsplit(url).scheme not in SCHEMES or len(url) > LONGEST_URL:
        raise ActionFailed(f"The HTTP action's url '{url}' is not an http(s) URL of at most {LONGEST_URL} characters.")
    headers = {header["key"]: header["value"] for header in parameters.get("headers") or []}
    if broken := [name for name, value in headers.items() if "\r" in value or "\n" in value]:
        raise ActionFailed(f"The HTTP action's header {broken[0]} has a line break.")
    if "content-type" not in {name.lower() for name in headers}:
        headers["Content-Type"] = "application/json" if _is_json(result.payload) else "application/octet-stream"
    if not parameters.get("enableBatching"):
        return Post(url, headers, result.payload)
    text = text_of(result, "HTTP")
    element = result.payload if _is_json(result.payload) else json.dumps(text).encode()
    return Post(url, headers, element, batch_limits(parameters.get("batchConfig") or {}))


def batch_limits(given: Mapping[str, Any]) -> BatchLimits:
    """From batchConfig, with AWS's defaults."""
    default = BatchLimits()
    return BatchLimits(
        given.get("maxBatchOpenMs") or default.open_ms,
        given.get("maxBatchSize") or default.messages,
        given.get("maxBatchSizeBytes") or default.size_bytes,
        bool(given.get("batchAcrossTopics")),
    )


def confirmation_url(parameters: Mapping[str, Any]) -> str | None:
    """The URL whose destination AWS IoT makes with the rule; None: its owner makes the destination by hand.

    >>> confirmation_url({"url": "https://a/b"}), confirmation_url({"url": "https://a/${x}", "confirmationUrl": "https://a"})
    ('https://a/b', 'https://a')
    """
    url = parameters.get("confirmationUrl") or parameters["url"]
    return url if isinstance(url, str) and not has_template(url) else None


def check(parameters: Mapping[str, Any]) -> None:
    """What of the HTTP action is served, and the rules between url and confirmationUrl."""
    url, confirmation = parameters["url"], parameters.get("confirmationUrl")
    if parameters.get("auth"):
        raise not_served("Action http: the local cloud does not serve signed requests (auth).")
    _check_batching(parameters)
    if not url.startswith(tuple(f"{scheme}://" for scheme in SCHEMES)):
        raise invalid(f"Action http: url begins with https://, not {url!r}.")
    if has_template(url) and not confirmation:
        raise invalid("Action http: a url with a substitution template needs a confirmationUrl.")
    if confirmation and not url.startswith(confirmation):
        raise invalid("Action http: url begins with confirmationUrl.")
    if max(len(url), len(confirmation or "")) > LONGEST_URL:
        raise invalid(f"Action http: a URL has at most {LONGEST_URL} characters.")
    headers = parameters.get("headers") or []
    if len(headers) > MOST_HEADERS or any(set(header) != {"key", "value"} for header in headers):
        raise invalid(f"Action http: headers are at most {MOST_HEADERS}, each with a key and a value.")


def _check_batching(parameters: Mapping[str, Any]) -> None:
    config = parameters.get("batchConfig") or {}
    if config and not parameters.get("enableBatching"):
        raise invalid("Action http: batchConfig needs enableBatching.")
    if unknown := sorted(set(config) - {*BATCH_RANGES, "batchAcrossTopics"}):
        raise invalid(f"Action http: batchConfig has no {', '.join(unknown)}.")
    for name, (least, most) in BATCH_RANGES.items():
        if config.get(name) is not None and not least <= config[name] <= most:
            raise invalid(f"Action http: {name} is between {least} and {most}, not {config[name]}.")


def _is_json(payload: bytes) -> bool:
    try:
        json.loads(payload)
    except ValueError:
        return False
    return True


ACTION = Action(
    plan,
    Post.failed_action,
    required=("url",),
    literal=("auth", "enableBatching", "batchConfig"),
    known=("url", "confirmationUrl", "headers", "auth", "enableBatching", "batchConfig"),
    check=check,
    slow=True,
)
