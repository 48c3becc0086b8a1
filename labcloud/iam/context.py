"""The request context: which value a condition key or a policy variable has. Key names ignore case, as in IAM."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

Value = str | bool | int | float | datetime | bytes | Iterable[str]


class Context:
    """Looks keys up in a mapping; a key inside brackets, such as an IoT thing's attribute, keeps its case."""

    __slots__ = ("_folded", "_given", "_principal")

    def __init__(self, given: Mapping[str, Value] | None = None, principal: str = "") -> None:
        self._given: Mapping[str, Value] = given or {}
        self._principal = principal
        self._folded: dict[str, Value] | None = None

    def values(self, key: str) -> tuple[str, ...]:
        """Returns the key's values as text; none if the request does not carry the key."""
        found = self._given.get(key)
        if found is None:
            if self._folded is None:
                known = {**principal_keys(self._principal), **self._given}
                self._folded = {_fold(name): value for name, value in known.items()}
            found = self._folded.get(_fold(key))
        return () if found is None else as_texts(found)

    def single(self, key: str) -> str | None:
        """Returns the key's one value, as a policy variable needs it; None if there is none or there are several."""
        values = self.values(key)
        return values[0] if len(values) == 1 else None


def principal_keys(principal: str) -> dict[str, Value]:
    """Returns the keys that follow from who asks. Source: IAM User Guide, "AWS global condition context keys"."""
    if not principal.startswith("arn:"):
        return {"aws:PrincipalIsAWSService": True, "aws:PrincipalServiceName": principal} if principal else {}
    account, resource = principal.split(":", 5)[4:] if principal.count(":") > 4 else ("", "")
    kind, _, name = resource.partition("/")
    keys: dict[str, Value] = {
        "aws:PrincipalAccount": account,
        "aws:PrincipalArn": principal,
        "aws:PrincipalIsAWSService": False,
        "aws:PrincipalType": {"user": "User", "root": "Account"}.get(kind, "AssumedRole"),
    }
    if kind == "user":
        keys["aws:username"] = name.rpartition("/")[2]
    if kind == "assumed-role":
        keys["aws:PrincipalArn"] = f"arn:aws:iam::{account}:role/{name.partition('/')[0]}"
    return keys


def as_texts(value: Value) -> tuple[str, ...]:
    """Writes a context value as IAM compares it: text, `true`/`false`, ISO 8601 dates."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, int | float):
        return (str(value),)
    if isinstance(value, datetime):
        return (value.astimezone(UTC).isoformat().replace("+00:00", "Z"),)
    if isinstance(value, bytes):
        return (value.decode("latin-1"),)
    return tuple(text for item in value for text in as_texts(item))


def _fold(key: str) -> str:
    head, bracket, rest = key.partition("[")
    return head.lower() + bracket + rest
