"""Which principal belongs to which thing on moto's registry, exclusively or not, and thing groups' limits.

moto 5.2.5 drops `thingPrincipalType`, nests thing groups without end and puts a thing into any number of them. Sources:
Developer Guide, "Associating an AWS IoT thing to an MQTT client connection"; quotas page, thing groups.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.iot.models import FakeThingGroup, IoTBackend
from moto.iot.responses import IoTResponse

from labcloud.errors import AwsError
from labcloud.motobase import hooks

EXCLUSIVE, SHARED = "EXCLUSIVE_THING", "NON_EXCLUSIVE_THING"
DEEPEST_GROUP = 7
GROUPS_OF_A_THING = 10


def install() -> None:
    """Puts the hooks in place."""
    hooks.replace(IoTResponse, "attach_thing_principal", answer_attach_thing_principal)
    hooks.replace(IoTResponse, "list_thing_principals_v2", answer_list_thing_principals_v2)
    hooks.replace(IoTResponse, "list_principal_things_v2", answer_list_principal_things_v2)
    hooks.replace(IoTBackend, "detach_thing_principal", detach_thing_principal)
    hooks.replace(IoTBackend, "create_thing_group", create_thing_group)
    hooks.replace(IoTBackend, "add_thing_to_thing_group", add_thing_to_thing_group)


def exclusive_things(backend: IoTBackend) -> dict[str, str]:
    """By principal ARN, the thing that it is attached to exclusively."""
    if not hasattr(backend, "lab_exclusive_things"):
        backend.lab_exclusive_things = {}
    kept: dict[str, str] = backend.lab_exclusive_things
    return kept


def answer_attach_thing_principal(self: IoTResponse) -> ActionResult:
    """An exclusive principal has one thing; nothing is changed by what is refused."""
    backend, thing = self.iot_backend, self._get_param("thingName")
    principal, kind = self.headers.get("x-amzn-principal"), self._get_param("thingPrincipalType") or SHARED
    others = [name for arn, name in backend.principal_things if arn == principal and name != thing]
    owner = exclusive_things(backend).get(principal)
    if others and EXCLUSIVE in (kind, owner and EXCLUSIVE):
        message = f"Principal {principal} is attached to thing {others[0]}; an exclusive thing has it for itself"
        raise AwsError(message, code="InvalidRequestException")
    answer = hooks.stock(IoTResponse, "attach_thing_principal")(self)
    if kind == EXCLUSIVE:
        exclusive_things(backend)[principal] = thing
    else:
        exclusive_things(backend).pop(principal, None)
    return answer


def detach_thing_principal(self: IoTBackend, thing_name: str, principal_arn: str) -> None:
    """Ends the exclusive relation too."""
    hooks.stock(IoTBackend, "detach_thing_principal")(self, thing_name, principal_arn)
    exclusive_things(self).pop(principal_arn, None)


def answer_list_thing_principals_v2(self: IoTResponse) -> ActionResult:
    """With the type of each relation, or only those of one type."""
    thing = self._get_param("thingName")
    principals = self.iot_backend.list_thing_principals_v2(thing_name=thing)
    found = [{"principal": arn, "thingPrincipalType": _kind(self.iot_backend, arn)} for arn in principals]
    return ActionResult({"thingPrincipalObjects": _of_kind(self, found)})


def answer_list_principal_things_v2(self: IoTResponse) -> ActionResult:
    """With the type of each relation, or only those of one type."""
    principal = self.headers.get("x-amzn-principal")
    kind = _kind(self.iot_backend, principal)
    things = self.iot_backend.list_principal_things_v2(principal_arn=principal)
    found = [{"thingName": name, "thingPrincipalType": kind} for name in things]
    return ActionResult({"principalThingObjects": _of_kind(self, found)})


def create_thing_group(
    self: IoTBackend, thing_group_name: str, parent_group_name: str, thing_group_properties: dict[str, Any]
) -> tuple[str, str, str]:
    """A group has six groups above it at most."""
    if parent_group_name and len(_line_of(self, parent_group_name)) >= DEEPEST_GROUP:
        message = f"Thing group {thing_group_name} would be deeper than {DEEPEST_GROUP} levels"
        raise AwsError(message, code="InvalidRequestException")
    stock = hooks.stock(IoTBackend, "create_thing_group")
    return stock(self, thing_group_name, parent_group_name, thing_group_properties)


def add_thing_to_thing_group(
    self: IoTBackend,
    thing_group_name: str,
    thing_group_arn: str | None,
    thing_name: str,
    thing_arn: str | None,
) -> None:
    """A thing is in ten groups at most."""
    thing = self._identify_thing(thing_name, thing_arn)
    group = self._identify_thing_group(thing_group_name, thing_group_arn)
    groups = [known for known in self.thing_groups.values() if thing.arn in known.things]
    if group not in groups and len(groups) >= GROUPS_OF_A_THING:
        message = f"Thing {thing.thing_name} is in {len(groups)} groups already; AWS IoT allows {GROUPS_OF_A_THING}"
        raise AwsError(message, code="InvalidRequestException")
    stock = hooks.stock(IoTBackend, "add_thing_to_thing_group")
    stock(self, thing_group_name, thing_group_arn, thing_name, thing_arn)


def _kind(backend: IoTBackend, principal: str) -> str:
    return EXCLUSIVE if principal in exclusive_things(backend) else SHARED


def _of_kind(response: IoTResponse, found: list[dict[str, str]]) -> list[dict[str, str]]:
    wanted = response._get_param("thingPrincipalType")
    return [each for each in found if wanted in (None, each["thingPrincipalType"])]


def _line_of(backend: IoTBackend, name: str) -> list[FakeThingGroup]:
    """The group and all above it."""
    by_name = {group.thing_group_name: group for group in backend.thing_groups.values()}
    line: list[FakeThingGroup] = []
    group = by_name.get(name)
    while group is not None and group not in line:
        line.append(group)
        group = by_name.get(group.parent_group_name)
    return line
