"""Intrinsic functions: values with Ref, Sub, GetAtt … → plain values. Pure.

Source: CloudFormation User Guide, "Intrinsic function reference".
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from labcloud.stacks.errors import invalid

_ABSENT = object()


@dataclass
class Scope:
    """What names mean in one stack. `physical` and `attributes` grow while resources are made."""

    pseudo: Mapping[str, str]
    parameters: Mapping[str, Any]
    mappings: Mapping[str, Any]
    written_conditions: Mapping[str, Any]
    exports: Callable[[str], str | None]
    physical: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def holds(self, name: str) -> bool:
        """Whether a condition is true. Raises AwsError ValidationError."""
        if name not in self.written_conditions:
            raise invalid(f"Template format error: Unresolved condition dependency {name}")
        return self._truth(self.written_conditions[name])

    def value(self, written: Any) -> Any:
        """A value without intrinsic functions. Raises AwsError ValidationError."""
        found = self._value(written)
        return None if found is _ABSENT else found

    # -- inside

    def _value(self, written: Any) -> Any:
        if isinstance(written, list):
            return [value for item in written if (value := self._value(item)) is not _ABSENT]
        if not isinstance(written, Mapping):
            return written
        if len(written) == 1:
            [(name, operand)] = written.items()
            if name == "Ref":
                return self._ref(operand)
            if name.startswith("Fn::"):
                return self._function(name, operand)
        return {key: value for key, item in written.items() if (value := self._value(item)) is not _ABSENT}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _ABSENT
        for known in (self.pseudo, self.parameters, self.physical):
            if name in known:
                return known[name]
        raise invalid(
            f"Template format error: Unresolved resource dependencies [{name}] in the Resources block of the template"
        )

    def _function(self, name: str, operand: Any) -> Any:
        functions: Mapping[str, Callable[[Any], Any]] = {
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::If": self._if,
            "Fn::FindInMap": self._find_in_map,
            "Fn::Base64": lambda text: base64.b64encode(str(self.value(text)).encode()).decode(),
            "Fn::ImportValue": self._import,
            "Fn::GetAZs": lambda region: [
                f"{self.value(region) or self.pseudo['AWS::Region']}{letter}" for letter in "abc"
            ],
        }
        if name not in functions:
            raise invalid(f"Template error: the local cloud does not serve {name}")
        try:
            return functions[name](operand)
        except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
            raise invalid(f"Template error: {name} is used wrongly: {operand!r}") from error

    def _get_att(self, operand: Any) -> Any:
        name, attribute = operand.split(".", 1) if isinstance(operand, str) else operand
        attribute = self.value(attribute)
        if name not in self.attributes:
            raise invalid(f"Template error: instance of Fn::GetAtt references undefined resource {name}")
        if attribute not in self.attributes[name]:
            raise invalid(f"Template error: resource {name} does not support attribute type {attribute} in Fn::GetAtt")
        return self.attributes[name][attribute]

    def _sub(self, operand: Any) -> str:
        text, extra = (operand, {}) if isinstance(operand, str) else operand
        own = {key: self.value(value) for key, value in extra.items()}

        def fill(found: re.Match[str]) -> str:
            name = found[1].strip()
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name in own:
                return str(own[name])
            return str(self._get_att(name) if "." in name else self._ref(name))

        return re.sub(r"\$\{([^}]*)\}", fill, text)

    def _join(self, operand: Any) -> str:
        separator, parts = operand
        return str(separator).join(str(part) for part in self.value(parts))

    def _select(self, operand: Any) -> Any:
        number, items = operand
        return self.value(items)[int(self.value(number))]

    def _split(self, operand: Any) -> list[str]:
        separator, text = operand
        return str(self.value(text)).split(separator)

    def _if(self, operand: Any) -> Any:
        condition, yes, no = operand
        return self._value(yes if self.holds(condition) else no)

    def _find_in_map(self, operand: Any) -> Any:
        table, first, second = (self.value(part) for part in operand[:3])
        try:
            return self.mappings[table][first][second]
        except KeyError:
            raise invalid(f"Template error: Unable to get mapping for {table}::{first}::{second}") from None

    def _import(self, operand: Any) -> str:
        name = self.value(operand)
        found = self.exports(name)
        if found is None:
            raise invalid(f"No export named {name} found.")
        return found

    def _truth(self, written: Any) -> bool:
        [(name, operand)] = written.items()
        if name == "Condition":
            return self.holds(operand)
        if name == "Fn::Equals":
            left, right = (self.value(part) for part in operand)
            return str(left) == str(right)
        if name == "Fn::Not":
            return not self._truth(operand[0])
        if name == "Fn::And":
            return all(self._truth(part) for part in operand)
        if name == "Fn::Or":
            return any(self._truth(part) for part in operand)
        raise invalid(f"Template validation error: {name} is no condition function")
