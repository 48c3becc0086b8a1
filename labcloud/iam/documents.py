"""What an IAM user or role carries: its policies, its boundary, and which of them cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from labcloud.iam.parser import Document, PolicyError, parse_policy
from labcloud.iam.policy import Named, Policy


class Documents:
    """Documents that are compiled once, when they are first asked for."""

    identity: Sequence[tuple[str, Document]]
    """Inline and attached policies, each with its name."""
    boundary: tuple[str, Document] | None
    faults: list[str]
    """What made documents unreadable; such a document allows nothing."""

    @cached_property
    def policies(self) -> list[Named]:
        return [(name, policy) for name, document in self.identity if (policy := self._parsed(name, document))]

    @cached_property
    def limit(self) -> Named | None:
        if self.boundary is None:
            return None
        name, document = self.boundary
        return name, self._parsed(name, document) or Policy("2012-10-17", (), (), ())

    def _parsed(self, name: str, document: Document) -> Policy | None:
        try:
            return parse_policy(document)
        except PolicyError as fault:
            self.faults.append(f"policy {name} is not valid: {fault}")
            return None


@dataclass(frozen=True)
class UserPolicies(Documents):
    """An IAM user with its documents and those of the user's groups."""

    name: str
    arn: str
    identity: Sequence[tuple[str, Document]] = ()
    boundary: tuple[str, Document] | None = None
    faults: list[str] = field(default_factory=list, compare=False)
