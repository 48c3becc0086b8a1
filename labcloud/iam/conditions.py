"""Conditions of policies, compiled once: `{"StringLike": {"s3:prefix": ["home/${aws:username}/*"]}}`.

Missing keys, negated operators, `…IfExists`, `ForAllValues:` and `ForAnyValue:` follow the IAM User Guide pages
"Condition operators" and "Multivalued context keys".
"""

from __future__ import annotations

from dataclasses import dataclass

from labcloud.iam.context import Context
from labcloud.iam.operators import OPERATORS, Test


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator applied to one key."""

    operator: str
    key: str
    values: tuple[str, ...]
    quantifier: str
    if_exists: bool
    negated: bool
    test: Test | None
    """None for `Null`, which asks only whether the key is there."""

    def holds(self, context: Context) -> bool:
        """Says whether the request's context meets the condition."""
        given = context.values(self.key)
        if self.test is None:
            return any((value.lower() == "true") == (not given) for value in self.values)
        if not given:
            return self._holds_without_key()
        if self.quantifier == "ForAllValues":
            return all(self.test(value, context) != self.negated for value in given)
        if self.quantifier == "ForAnyValue":
            return any(self.test(value, context) != self.negated for value in given)
        return any(self.test(value, context) for value in given) != self.negated

    def _holds_without_key(self) -> bool:
        if self.if_exists or self.quantifier == "ForAllValues":
            return True
        return self.negated and self.quantifier != "ForAnyValue"

    def why_not(self, context: Context) -> str:
        """Says with key and both values why the condition does not hold."""
        wanted = " or ".join(self.values) or "nothing"
        given = context.values(self.key)
        has = " and ".join(given) if given else "no such key"
        return f"condition {self.operator} on {self.key} wants {wanted}, the request has {has}"


def parse_condition(written: str, key: str, values: tuple[str, ...], variables: bool) -> Condition:
    """Compiles one operator and key; raises ValueError with a sentence if the operator or a value is not valid."""
    quantifier, colon, rest = written.partition(":")
    if not colon:
        quantifier, rest = "", written
    elif quantifier not in ("ForAllValues", "ForAnyValue"):
        raise ValueError(f"{quantifier} is not ForAllValues or ForAnyValue")
    if_exists = rest.endswith("IfExists")
    name = rest.removesuffix("IfExists")
    if name == "Null":
        if if_exists or quantifier:
            raise ValueError("Null cannot be combined with IfExists or a set operator")
        if any(value.lower() not in ("true", "false") for value in values):
            raise ValueError("Null needs true or false")
        return Condition(written, key, values, "", False, False, None)
    if name not in OPERATORS:
        raise ValueError(f"there is no condition operator {written}")
    compiler, negated = OPERATORS[name]
    return Condition(written, key, values, quantifier, if_exists, negated, compiler(values, variables))
