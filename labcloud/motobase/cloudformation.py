"""CloudFormation on moto 5.2.5: the resource types of IoT pipelines that moto lacks, and refusal of all others.

moto 5.2.5 skips a resource of a type it does not know and calls the stack complete, deletes by names in which Sub and
Ref are not yet replaced, and answers refusals of other services in their format. It knows IAM, Lambda, S3, DynamoDB,
IoT things and policies; `cloudformation_types` has more.
Serverless (SAM) resources are refused: their transformation is not served.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.core.common_models import CloudFormationModel
from moto.core.exceptions import JsonRESTError

from labcloud.motobase import hooks
from labcloud.motobase.cloudformation_types import ADDED, StackResource


def install() -> None:
    """Puts the hooks in place."""
    if hooks.first_time(__name__):
        hooks.replace(parsing, "get_model_list", get_model_list)
        hooks.replace(parsing.ResourceMap, "load", load)
        hooks.replace(parsing.ResourceMap, "_delete_resource", delete_resource)
        for name in ("create", "update", "delete"):
            hooks.replace(parsing.ResourceMap, name, _refusing_as_cloudformation(name))


def get_model_list() -> list[type[CloudFormationModel]]:
    """moto finds direct subclasses only; its other look-ups go through this list."""
    stock = [model for model in CloudFormationModel.__subclasses__() if model is not StackResource]
    return [*stock, *ADDED]


def load(self: parsing.ResourceMap) -> None:
    """A template with a type that is not served is refused as a whole, before anything is made."""
    types = {resource["Type"] for resource in self._resource_json_map.values()}
    served = {*parsing.get_model_map(), *parsing.NULL_MODELS}
    unknown = sorted(name for name in types if name not in served and not name.startswith("Custom::"))
    if unknown:
        message = f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]"
        raise ValidationError(message=f"{message} (not served by the local cloud)")
    hooks.stock(parsing.ResourceMap, "load")(self)


def delete_resource(self: parsing.ResourceMap, parsed_resource: Any, resource_json: dict[str, Any]) -> None:
    """By the names that the resource was made with."""
    resolved = getattr(self, "lab_resolved", {}).get(parsed_resource.logical_resource_id)
    if resolved is None:
        resolved = parsing.clean_json(resource_json, self)
    hooks.stock(parsing.ResourceMap, "_delete_resource")(self, parsed_resource, resolved)


def _refusing_as_cloudformation(name: str) -> Callable[..., Any]:
    def change(self: parsing.ResourceMap, *arguments: Any, **named: Any) -> Any:
        try:
            if name == "delete":  # now: a Ref to a resource that is gone would make it again
                made = {key: json for key, json in self._resource_json_map.items() if key in self._parsed_resources}
                self.lab_resolved = {key: parsing.clean_json(json, self) for key, json in made.items()}
            return hooks.stock(parsing.ResourceMap, name)(self, *arguments, **named)
        except (JsonRESTError, hooks.Refused) as refusal:
            raise ValidationError(message=refusal.message) from refusal

    return change
