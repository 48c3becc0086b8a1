"""How a service's table says which action and which resources an operation needs.

A row is a resource template and the operations that need it, an operation written `Operation` or `Operation=Action`:
`{"table/{TableName}": "PutItem GetItem"}`. A template without `arn:` belongs to the service, Region and account of the
request. A placeholder is a path into the parameters, `{Entries[].EventBusName}`, with alternatives `{A|B}`, a default
`{A=default}`, and changes `{QueueUrl:last}`. A value that is an ARN replaces what stands before it; a missing one is `*`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from labcloud.iam.context import Value

Resolve = Callable[[str, str], str | None]
"""Looks up what only the account's state knows: (kind, name) to an ARN or name; see `requests.py`."""


@dataclass(frozen=True)
class Needed:
    """One permission that a request needs."""

    action: str
    resource: str
    context: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """What is known of an AWS API request."""

    operation: str
    parameters: Mapping[str, Any]
    region: str
    account_id: str
    resolve: Resolve

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"

    def text(self, name: str, default: str = "") -> str:
        value = self.parameters.get(name)
        return value if isinstance(value, str) else default


Special = Callable[[Request], list[Needed]]
ContextOf = Callable[[Request], Mapping[str, Value]]


@dataclass(frozen=True)
class Table:
    """What the operations of one service need."""

    prefix: str
    rows: Mapping[str, str]
    special: Mapping[str, Special] = field(default_factory=dict)
    """Operations whose needs no template can say."""
    free: frozenset[str] = frozenset()
    """Operations that every caller may use."""
    passes_role_to: str = ""
    """The service principal that gets the roles named in parameters; `<prefix>.amazonaws.com` if empty."""
    tag_action: str = ""
    """The action that a creation with tags needs besides its own."""
    context: ContextOf | None = None
    """Condition keys of the service."""

    @cached_property
    def by_operation(self) -> Mapping[str, list[tuple[str, str]]]:
        """Operation to (action, template) pairs."""
        found: dict[str, list[tuple[str, str]]] = {}
        for template, operations in self.rows.items():
            for written in operations.split():
                operation, _, action = written.partition("=")
                name = action or operation
                full = name if ":" in name else f"{self.prefix}:{name}"
                found.setdefault(operation, []).append((full, template))
        return found

    def needed(self, request: Request) -> list[Needed]:
        """Returns what the request needs; an operation that the table does not name needs it on `*`."""
        if request.operation in self.free:
            return []
        if request.operation in self.special:
            return self.special[request.operation](request)
        pairs = self.by_operation.get(request.operation) or [(f"{self.prefix}:{request.operation}", "*")]
        return [
            Needed(action, resource)
            for action, template in pairs
            for resource in expand(template, request, self.prefix)
        ]


_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_CHANGES: dict[str, Callable[[str], str]] = {
    "last": lambda text: text.rstrip("/").rpartition("/")[2],
    "path": lambda text: text.lstrip("/"),
    "lower": str.lower,
}


def expand(template: str, request: Request, service: str) -> list[str]:
    """Returns the resources of a template, one for each value of a list among its placeholders."""
    if template == "*":
        return ["*"]
    start = "" if template.startswith("arn:") else request.arn(service, "")
    texts = [start]
    position = 0
    for found in _PLACEHOLDER.finditer(template):
        before = template[position : found.start()]
        values = list(dict.fromkeys(_values_of(found[1], request))) or ["*"]
        texts = [value if value.startswith("arn:") else text + before + value for text in texts for value in values]
        position = found.end()
    return [text + template[position:] for text in texts]


def _values_of(written: str, request: Request) -> list[str]:
    if written in ("@region", "@account"):
        return [request.region if written == "@region" else request.account_id]
    written, _, default = written.partition("=")
    paths, _, change = written.partition(":")
    for path in paths.split("|"):
        values = values_at(path, request.parameters)
        if values:
            keep = _CHANGES.get(change, str)
            return [value if value.startswith("arn:") else keep(value) for value in values]
    return [default] if default else []


def values_at(path: str, value: Any) -> list[str]:
    """Returns the texts at a path such as `Entries[].EventBusName`."""
    found: Iterable[Any] = [value]
    for step in path.split("."):
        name = step.removesuffix("[]")
        found = [item.get(name) for item in found if isinstance(item, Mapping)]
        if step.endswith("[]"):
            found = [element for item in found if isinstance(item, list | tuple) for element in item]
    return [str(item) for item in found if isinstance(item, str | int) and item != ""]
