"""Things on moto's registry, with AWS's refusals.

moto 5.2.5 overwrites a thing that is created twice, never raises a thing's version nor looks at the expected one, takes
any number of attributes, and deletes thing types that are not deprecated.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.iot.models import FakeThing, IoTBackend
from moto.iot.responses import IoTResponse

from labcloud.errors import AwsError
from labcloud.motobase import hooks

ATTRIBUTES_WITHOUT_TYPE = 3
ATTRIBUTES_WITH_TYPE = 50


def install() -> None:
    """Puts the refusals in place."""
    hooks.replace(IoTBackend, "create_thing", create_thing)
    hooks.replace(IoTBackend, "update_thing", update_thing)
    hooks.replace(IoTBackend, "create_thing_type", create_thing_type)
    hooks.replace(IoTBackend, "delete_thing_type", delete_thing_type)
    hooks.replace(IoTBackend, "delete_thing_group", delete_thing_group)
    hooks.replace(IoTResponse, "update_thing", answer_update_thing)
    hooks.replace(IoTResponse, "delete_thing", answer_delete_thing)


def create_thing(
    self: IoTBackend,
    thing_name: str,
    thing_type_name: str,
    attribute_payload: dict[str, Any] | None,
    billing_group_name: str | None = None,
) -> FakeThing:
    """The same thing once more is answered as before; a different one of that name is refused."""
    attributes = {key: value for key, value in (attribute_payload or {}).get("attributes", {}).items() if value}
    _require_few_attributes(attributes, has_type=bool(thing_type_name))
    existing = next((thing for thing in self.things.values() if thing.thing_name == thing_name), None)
    if existing is None:
        stock = hooks.stock(IoTBackend, "create_thing")
        return stock(self, thing_name, thing_type_name, {"attributes": attributes}, billing_group_name)
    type_name = existing.thing_type.thing_type_name if existing.thing_type else None
    wanted = (thing_type_name or None, attributes, billing_group_name)
    if (type_name, existing.attributes, existing.billing_group_name) != wanted:
        message = f"Thing {thing_name} already exists in account with different attributes"
        raise AwsError(
            message,
            code="ResourceAlreadyExistsException",
            resourceId=existing.thing_id,
            resourceArn=existing.arn,
        )
    return existing


def update_thing(
    self: IoTBackend,
    thing_name: str,
    thing_type_name: str,
    attribute_payload: dict[str, Any] | None,
    remove_thing_type: bool,
) -> None:
    """Raises the thing's version; an update that would break a limit changes nothing."""
    thing = self.describe_thing(thing_name)
    before = thing.thing_type, dict(thing.attributes)
    hooks.stock(IoTBackend, "update_thing")(self, thing_name, thing_type_name, attribute_payload, remove_thing_type)
    try:
        _require_few_attributes(thing.attributes, has_type=thing.thing_type is not None)
    except AwsError:
        thing.thing_type, thing.attributes = before
        raise
    thing.version += 1


def create_thing_type(
    self: IoTBackend, thing_type_name: str, thing_type_properties: dict[str, Any] | None
) -> tuple[str, str]:
    """A thing type of that name with other properties is refused (moto: overwritten)."""
    existing = next((known for known in self.thing_types.values() if known.thing_type_name == thing_type_name), None)
    if existing is None:
        stock = hooks.stock(IoTBackend, "create_thing_type")
        return stock(self, thing_type_name, thing_type_properties)
    if (existing.thing_type_properties or {}) != (thing_type_properties or {}):
        message = f"ThingType {thing_type_name} already exists in account with different properties"
        raise AwsError(
            message,
            code="ResourceAlreadyExistsException",
            resourceId=existing.thing_type_id,
            resourceArn=existing.arn,
        )
    return existing.thing_type_name, existing.arn


def delete_thing_type(self: IoTBackend, thing_type_name: str) -> None:
    """Only a deprecated thing type without things can be deleted.

    AWS also asks for five minutes after the deprecation; here a `terraform destroy` need not wait for them.
    """
    thing_type = self.describe_thing_type(thing_type_name)
    if not thing_type.metadata["deprecated"]:
        message = f"Cannot delete thing type : {thing_type_name}. Please deprecate the thing type before deletion"
        raise AwsError(message, code="InvalidRequestException")
    if any(thing.thing_type is thing_type for thing in self.things.values()):
        message = f"Cannot delete thing type : {thing_type_name}. It is still associated with things"
        raise AwsError(message, code="InvalidRequestException")
    hooks.stock(IoTBackend, "delete_thing_type")(self, thing_type_name)


def delete_thing_group(self: IoTBackend, thing_group_name: str) -> None:
    """moto leaves the policy attachments of a deleted group behind."""
    arns = [group.arn for group in self.thing_groups.values() if group.thing_group_name == thing_group_name]
    hooks.stock(IoTBackend, "delete_thing_group")(self, thing_group_name)
    for attachment in [key for key in self.principal_policies if key[0] in arns]:
        del self.principal_policies[attachment]


def answer_update_thing(self: IoTResponse) -> ActionResult:
    """Looks at the expected version first."""
    _require_version(self)
    return hooks.stock(IoTResponse, "update_thing")(self)


def answer_delete_thing(self: IoTResponse) -> ActionResult:
    """Looks at the expected version first."""
    _require_version(self)
    return hooks.stock(IoTResponse, "delete_thing")(self)


def _require_version(response: IoTResponse) -> None:
    expected = response._get_int_param("expectedVersion")
    name = response._get_param("thingName")
    if expected is not None and response.iot_backend.describe_thing(name).version != expected:
        message = f"The version for thing {name} does not match the expected version."
        raise AwsError(message, code="VersionConflictException")


def _require_few_attributes(attributes: dict[str, str], *, has_type: bool) -> None:
    limit = ATTRIBUTES_WITH_TYPE if has_type else ATTRIBUTES_WITHOUT_TYPE
    if len(attributes) > limit:
        whose = "with" if has_type else "without"
        message = f"A thing {whose} a thing type has at most {limit} attributes, got {len(attributes)}"
        raise AwsError(message, code="InvalidRequestException")
