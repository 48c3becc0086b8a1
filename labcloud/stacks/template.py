"""A template: text (JSON or YAML) → data, checked. Pure. Source: CloudFormation User Guide, "Template anatomy"."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from labcloud.stacks.errors import invalid

SECTIONS = (
    *("AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Mappings", "Conditions", "Transform"),
    *("Resources", "Outputs", "Globals"),
)
ATTRIBUTES = (
    *("Type", "Properties", "DependsOn", "Condition", "DeletionPolicy", "UpdateReplacePolicy", "Metadata"),
    *("CreationPolicy", "UpdatePolicy"),
)
LARGEST = 1_048_576


@dataclass(frozen=True)
class Template:
    """The sections, each empty if it is missing."""

    text: str
    data: Mapping[str, Any]

    @property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        found: Mapping[str, Mapping[str, Any]] = self.data["Resources"]
        return found

    def section(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.data.get(name) or {}
        return found


def parse_template(text: str) -> Template:
    """Raises AwsError ValidationError."""
    if len(text.encode()) > LARGEST:
        raise invalid("Template may not exceed 1000000 bytes in size.")
    try:
        data = json.loads(text) if text.lstrip().startswith("{") else _yaml(text)
    except (ValueError, RecursionError) as error:
        raise invalid(
            f"Template format error: {'JSON' if text.lstrip().startswith('{') else 'YAML'} not well-formed. ({error})"
        ) from error
    if not isinstance(data, dict):
        raise invalid("Template format error: unsupported structure.")
    if unknown := sorted(str(name) for name in data if name not in SECTIONS):
        raise invalid(f"Invalid template property or properties [{', '.join(unknown)}]")
    if not isinstance(data.get("Resources"), dict) or not data["Resources"]:
        raise invalid("Template format error: At least one Resources member must be defined.")
    for name, resource in data["Resources"].items():
        _check_resource(name, resource)
    return Template(text, data)


def _yaml(text: str) -> Any:
    from labcloud.stacks.short_forms import read_yaml  # with yaml: not before the first template

    return read_yaml(text)


def _check_resource(name: str, resource: Any) -> None:
    if not re.fullmatch(r"[A-Za-z0-9]+", name):
        raise invalid(f"Template format error: Resource name {name} is non alphanumeric.")
    if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
        raise invalid(f"Template format error: [/Resources/{name}] Every Resources object must contain a Type member.")
    if unknown := sorted(attribute for attribute in resource if attribute not in ATTRIBUTES):
        raise invalid(f"Invalid template resource property '{unknown[0]}' of {name}")


def parameter_values(template: Template, given: Mapping[str, str | None], before: Mapping[str, str]) -> dict[str, str]:
    """Each parameter's text; None in `given` means the value before. Raises AwsError ValidationError."""
    declared = template.section("Parameters")
    if unknown := sorted(set(given) - set(declared)):
        raise invalid(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    values, missing = {}, []
    for name, parameter in declared.items():
        value = given.get(name, parameter.get("Default"))
        if name in given and given[name] is None:
            value = before.get(name)
        if value is None:
            missing.append(name)
            continue
        values[name] = str(value).lower() if isinstance(value, bool) else str(value)
        _check_parameter(name, parameter, values[name])
    if missing:
        raise invalid(f"Parameters: [{', '.join(missing)}] must have values")
    return values


def _check_parameter(name: str, parameter: Mapping[str, Any], value: str) -> None:
    allowed = parameter.get("AllowedValues")
    if allowed is not None and value not in [str(one) for one in allowed]:
        raise invalid(f"Parameter '{name}' must be one of AllowedValues")
    pattern = parameter.get("AllowedPattern")
    if pattern is not None and not re.fullmatch(pattern, value):
        raise invalid(parameter.get("ConstraintDescription") or f"Parameter '{name}' must match pattern {pattern}")
    if parameter.get("Type") == "Number" and not re.fullmatch(r"-?\d+(\.\d+)?", value):
        raise invalid(f"Parameter '{name}' must be a number.")
    if str(parameter.get("Type", "String")).startswith("AWS::SSM::"):
        raise invalid(f"The local cloud does not serve parameters of type {parameter['Type']} ({name}).")


def references(value: Any) -> Iterator[str]:
    """Every name that Ref, GetAtt or Sub mentions in a value."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "Ref" and isinstance(inner, str):
                yield inner
            elif key == "Fn::GetAtt" and inner:
                yield inner.split(".")[0] if isinstance(inner, str) else inner[0]
            elif key == "Fn::Sub":
                text = inner if isinstance(inner, str) else inner[0]
                yield from (name.split(".")[0] for name in re.findall(r"\$\{([^!}][^}]*)\}", text))
                if not isinstance(inner, str):
                    yield from references(inner[1])
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def in_order(template: Template, wanted: frozenset[str]) -> list[str]:
    """The wanted resources, each after what it needs. Raises AwsError ValidationError for a circle."""
    needs: dict[str, set[str]] = {}
    for name in wanted:
        resource = template.resources[name]
        explicit = resource.get("DependsOn") or ()
        listed = {explicit} if isinstance(explicit, str) else set(explicit)
        if missing := listed - set(template.resources):
            raise invalid(
                f"Template format error: Unresolved resource dependencies [{', '.join(sorted(missing))}] in the Resources block of the template"
            )
        needs[name] = (listed | set(references(resource.get("Properties")))) & wanted
    ordered: list[str] = []
    while needs:
        ready = [name for name in template.resources if name in needs and needs[name] <= set(ordered)]
        if not ready:
            raise invalid(f"Circular dependency between resources: [{', '.join(sorted(needs))}]")
        ordered += ready
        for name in ready:
            del needs[name]
    return ordered
