"""Reads a policy document (JSON text or a dict) and names every fault in it at once.

Source: IAM User Guide, "Grammar of the IAM JSON policy language". What a document may hold depends on its kind.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from labcloud.iam.conditions import Condition, parse_condition
from labcloud.iam.context import as_texts
from labcloud.iam.patterns import compile_pattern
from labcloud.iam.policy import Actions, Policy, Resources, Statement
from labcloud.iam.principals import Principals, parse_principals

Kind = Literal["any", "identity", "resource", "trust", "iot"]
VERSIONS = ("2012-10-17", "2008-10-17")
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
_SID = re.compile(r"[0-9A-Za-z]*")
_ELEMENTS = {
    *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"),
    *("Resource", "NotResource", "Condition"),
}


class PolicyError(ValueError):
    """A document that is not a policy; `errors` has one sentence a fault."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


Document = str | Mapping[str, Any]


def parse_policy(document: Document, kind: Kind = "any") -> Policy:
    """Parses a policy document; raises PolicyError with every fault found. Texts are parsed once and remembered."""
    if isinstance(document, str):
        return _parse_text(document, kind)
    return _parse(document, kind)


@lru_cache(maxsize=4096)
def _parse_text(text: str, kind: Kind) -> Policy:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as fault:
        raise PolicyError([f"not JSON: {fault.msg} in line {fault.lineno}, column {fault.colno}"]) from None
    return _parse(document, kind)


def _parse(document: Any, kind: Kind) -> Policy:
    if not isinstance(document, Mapping):
        raise PolicyError([f"a policy is a JSON object, not {type(document).__name__}"])
    errors = [f"unknown element {name}" for name in document if name not in ("Version", "Id", "Statement")]
    version = document.get("Version", "2008-10-17")
    if version not in VERSIONS:
        errors.append(f"Version must be 2012-10-17, not {version!r}")
    written = document.get("Statement")
    listed = [written] if isinstance(written, Mapping) else written
    if not isinstance(listed, list) or not listed:
        raise PolicyError([*errors, "Statement must be a statement or a list of at least one"])
    parser = _StatementParser(kind, variables=version == VERSIONS[0], errors=errors)
    statements = tuple(parser.parse(number, item) for number, item in enumerate(listed, 1))
    if errors:
        raise PolicyError(errors)
    return Policy(
        version,
        statements,
        denies=tuple(statement for statement in statements if statement.effect == "Deny"),
        allows=tuple(statement for statement in statements if statement.effect == "Allow"),
    )


@dataclass
class _StatementParser:
    kind: Kind
    variables: bool
    """Version 2008-10-17 has no policy variables: there `${…}` is plain text."""
    errors: list[str]
    seen_sids: set[str] = field(default_factory=set)
    where: str = ""

    def parse(self, number: int, written: Any) -> Statement:
        self.where = f"Statement {number}"
        if not isinstance(written, Mapping):
            self._fault("must be an object")
            written = {"Effect": "Deny", "Action": "*", "Resource": "*"}
        for name in written:
            if name not in _ELEMENTS:
                self._fault(f"has the unknown element {name}")
        effect = written.get("Effect")
        if effect not in ("Allow", "Deny"):
            self._fault(f"needs Effect Allow or Deny, has {effect!r}")
        return Statement(
            number=number,
            sid=self._sid(written.get("Sid")),
            effect=str(effect),
            principals=self._principals(written),
            actions=self._actions(written),
            resources=self._resources(written),
            conditions=self._conditions(written.get("Condition", {})),
        )

    def _fault(self, sentence: str) -> None:
        self.errors.append(f"{self.where} {sentence}")

    def _sid(self, sid: Any) -> str | None:
        if sid is None or sid == "":
            return None
        strict = self.kind in ("identity", "trust")
        if not isinstance(sid, str) or (strict and not _SID.fullmatch(sid)):
            self._fault(f"has the Sid {sid!r}; only letters and digits are allowed")
        elif sid in self.seen_sids:
            self._fault(f"has the Sid {sid}, which another statement has too")
        self.seen_sids.add(str(sid))
        return str(sid)

    def _one_of(self, written: Mapping[str, Any], name: str) -> tuple[bool, Any] | None:
        """Returns (excluded, value) of `name` or `Not…name`; a fault if both are there."""
        if name in written and f"Not{name}" in written:
            self._fault(f"has both {name} and Not{name}")
        if name in written:
            return False, written[name]
        return (True, written[f"Not{name}"]) if f"Not{name}" in written else None

    def _texts(self, value: Any, name: str) -> tuple[str, ...]:
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not listed or not all(isinstance(text, str) for text in listed):
            self._fault(f"needs text or a list of texts as {name}, has {value!r}")
            return ()
        return tuple(listed)

    def _principals(self, written: Mapping[str, Any]) -> Principals | None:
        found = self._one_of(written, "Principal")
        if found is None:
            if self.kind in ("resource", "trust"):
                self._fault("needs a Principal: this kind of policy says who may do it")
            return None
        if self.kind in ("identity", "iot"):
            self._fault("has a Principal: who has the policy attached is its principal")
        try:
            return parse_principals(found[1], excluded=found[0])
        except ValueError as fault:
            self._fault(f"has a wrong Principal: {fault}")
            return None

    def _actions(self, written: Mapping[str, Any]) -> Actions:
        found = self._one_of(written, "Action")
        if found is None:
            self._fault("needs an Action")
            return Actions((), False, ())
        names = self._texts(found[1], "Action")
        for name in names:
            if not _ACTION.fullmatch(name):
                self._fault(f"has the action {name!r}; an action is written service:Operation, or *")
        patterns = tuple(compile_pattern(name.lower(), variables=False) for name in names)
        return Actions(names, found[0], patterns)

    def _resources(self, written: Mapping[str, Any]) -> Resources | None:
        found = self._one_of(written, "Resource")
        if found is None:
            if self.kind in ("identity", "iot"):
                self._fault("needs a Resource")
            return None
        if self.kind == "trust":
            self._fault("has a Resource: a trust policy is about its own role and has none")
        names = self._texts(found[1], "Resource")
        for name in names:
            if self.kind != "iot" and name != "*" and not name.startswith(("arn:", "${")):
                self._fault(f'has the resource {name!r}; a resource is an ARN, or "*"')
        return Resources(found[0], tuple(compile_pattern(name, variables=self.variables) for name in names))

    def _conditions(self, written: Any) -> tuple[Condition, ...]:
        if not isinstance(written, Mapping):
            self._fault("needs an object as Condition")
            return ()
        conditions = []
        for operator, keys in written.items():
            if not isinstance(keys, Mapping):
                self._fault(f"needs an object of keys and values for condition operator {operator}")
                continue
            for key, values in keys.items():
                try:
                    texts = () if values is None or isinstance(values, Mapping) else as_texts(values)
                    conditions.append(parse_condition(operator, key, texts, self.variables))
                except (ValueError, TypeError) as fault:
                    self._fault(f"has a wrong condition on {key}: {fault}")
        return tuple(conditions)
