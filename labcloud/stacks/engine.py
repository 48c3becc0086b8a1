"""Makes, changes and deletes a stack's resources in order, and undoes everything when one fails.

Source: CloudFormation User Guide, "Stack failure options", "Update behaviors of stack resources". Resources are made one
after the other, each by the API calls of its type.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from labcloud.errors import AwsError
from labcloud.stacks.errors import ResourceFailed
from labcloud.stacks.model import Resource, Stack
from labcloud.stacks.resolve import Scope
from labcloud.stacks.template import Template, in_order
from labcloud.stacks.types import TYPES, Api, Made

log = logging.getLogger("labcloud.stacks")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

Exports = Callable[[str], str | None]


class Engine:
    """Works on one stack; `api` is the cloud on behalf of whoever asked."""

    def __init__(self, stack: Stack, api: Api, now: Callable[[], float], exports: Exports) -> None:
        self._stack, self._api, self._now, self._exports = stack, api, now, exports
        self._replaced: dict[str, Resource] = {}

    def create(self) -> None:
        """CREATE_COMPLETE, or ROLLBACK_COMPLETE with nothing left."""
        try:
            self._apply(self._stack.template, self._stack.parameters, {})
            self._turn("CREATE_COMPLETE")
        except ResourceFailed as failure:
            if self._stack.disable_rollback:
                self._turn("CREATE_FAILED", str(failure))
                return
            self._turn("ROLLBACK_IN_PROGRESS", f"{failure} Rollback requested by user.")
            self._turn("ROLLBACK_COMPLETE" if self._delete_all(force=True) else "ROLLBACK_FAILED")

    def update(self, template: Template, parameters: dict[str, str]) -> None:
        """UPDATE_COMPLETE, or UPDATE_ROLLBACK_COMPLETE as it was before."""
        stack, before = self._stack, (self._stack.template, self._stack.parameters)
        try:
            self._apply(template, parameters, dict(stack.resources))
            stack.template, stack.parameters = template, parameters
            self._turn("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            self._turn("UPDATE_COMPLETE")
        except ResourceFailed as failure:
            self._turn("UPDATE_ROLLBACK_IN_PROGRESS", str(failure))
            self._take_back_replacements()
            try:
                self._apply(*before, dict(stack.resources))
                self._turn("UPDATE_ROLLBACK_COMPLETE")
            except ResourceFailed as second:
                self._turn("UPDATE_ROLLBACK_FAILED", str(second))

    def delete(self) -> None:
        """DELETE_COMPLETE, or DELETE_FAILED with what could not go."""
        if self._delete_all(force=False):
            self._stack.deleted_s = self._now()
            self._turn("DELETE_COMPLETE")
        else:
            left = ", ".join(self._stack.resources)
            self._turn("DELETE_FAILED", f"The following resource(s) failed to delete: [{left}]. ")

    # -- forwards

    def _apply(self, template: Template, parameters: dict[str, str], before: dict[str, Resource]) -> None:
        scope = self._scope(template, parameters)
        conditional = {name: resource.get("Condition") for name, resource in template.resources.items()}
        wanted = frozenset(
            name for name, condition in conditional.items() if condition is None or scope.holds(condition)
        )
        for name in in_order(template, wanted):
            written = template.resources[name]
            given = written.get("Properties") or {}
            properties = self._in_words(name, written["Type"], partial(scope.value, given))
            made = self._make_or_change(name, written, properties, before.get(name))
            scope.physical[name], scope.attributes[name] = made.physical_id, made.attributes
        outputs = self._outputs(template, scope)
        for old in [*self._replaced.values(), *(before[name] for name in before if name not in wanted)][::-1]:
            self._remove(old, force=True)
        self._replaced = {}
        self._stack.outputs = outputs

    def _take_back_replacements(self) -> None:
        """The update failed: what was made in place of something that is still there goes."""
        for name, old in self._replaced.items():
            if (new := self._stack.resources.get(name)) is not old and new is not None:
                self._remove(new, force=True)
            self._stack.resources[name] = old
        self._replaced = {}

    def _make_or_change(
        self, name: str, written: Mapping[str, Any], properties: dict[str, Any], before: Resource | None
    ) -> Made:
        type_ = written["Type"]
        if before is None:
            made = self._make(name, type_, properties, "CREATE")
        elif before.type == type_ and before.properties == properties:
            return Made(before.physical_id, before.attributes)
        else:
            made = self._change(name, type_, properties, before)
        verb = "CREATE" if before is None else "UPDATE"
        keep = written.get("DeletionPolicy") == "Retain"
        self._stack.resources[name] = Resource(
            name, type_, made.physical_id, made.attributes, properties, f"{verb}_COMPLETE", self._now(), keep
        )
        self._note(name, type_, f"{verb}_COMPLETE", made.physical_id)
        return made

    def _make(self, name: str, type_: str, properties: dict[str, Any], verb: str) -> Made:
        self._note(name, type_, f"{verb}_IN_PROGRESS")
        physical_name = self._name_of(name, type_, properties)
        made: Made = self._in_words(
            name, type_, partial(TYPES[type_].create, self._api, physical_name, properties), verb
        )
        return made

    def _change(self, name: str, type_: str, properties: dict[str, Any], before: Resource) -> Made:
        """In place where the type can; else a new one is made, and the old one goes when everything has worked."""
        kind, there = TYPES[type_], Made(before.physical_id, before.attributes)
        every = {*properties, *before.properties}
        changed = {key for key in every if properties.get(key) != before.properties.get(key)}
        if before.type == type_ and kind.update is not None and changed <= kind.mutable:
            self._note(name, type_, "UPDATE_IN_PROGRESS", before.physical_id)
            work = partial(kind.update, self._api, there, before.properties, properties)
            made: Made = self._in_words(name, type_, work, "UPDATE")
            return made
        if before.type == type_ and kind.name and properties.get(kind.name) and kind.name not in changed:
            self._note(name, type_, "UPDATE_FAILED", before.physical_id, _rename(properties[kind.name]))
            raise ResourceFailed(f"The following resource(s) failed to update: [{name}].")
        made = self._make(name, type_, properties, "UPDATE")
        self._replaced[name] = before
        return made

    def _in_words(self, name: str, type_: str, work: Callable[[], Any], verb: str = "CREATE") -> Any:
        """Runs; what fails is an event of the resource. Raises ResourceFailed."""
        try:
            return work()
        except (AwsError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, AwsError):
                reason = f'Resource handler returned message: "{error.message}" (HandlerErrorCode: {error.code})'
            else:
                log.exception("%s of %s", verb, type_)
                reason = f"Properties validation failed for resource {name}: {type(error).__name__}: {error}"
            self._note(name, type_, f"{verb}_FAILED", "", reason)
            raise ResourceFailed(f"The following resource(s) failed to {verb.lower()}: [{name}].") from error

    def _name_of(self, logical_id: str, type_: str, properties: dict[str, Any]) -> str:
        kind = TYPES[type_]
        if kind.name is not None and properties.get(kind.name):
            return str(properties[kind.name])
        ending = "".join(secrets.choice(LETTERS) for _ in range(12))
        made_up = f"{self._stack.name}-{logical_id}-{ending}"[-64:].replace("-", kind.separator)
        return made_up.lower() if kind.lower else made_up

    def _outputs(self, template: Template, scope: Scope) -> list[dict[str, str]]:
        outputs = []
        for name, output in template.section("Outputs").items():
            if output.get("Condition") and not scope.holds(output["Condition"]):
                continue
            value = self._in_words(name, "Output", partial(scope.value, output["Value"]))
            shown = {"OutputKey": name, "OutputValue": str(value)}
            if "Description" in output:
                shown["Description"] = output["Description"]
            if "Export" in output:
                shown["ExportName"] = str(scope.value(output["Export"]["Name"]))
            outputs.append(shown)
        return outputs

    def _scope(self, template: Template, parameters: dict[str, str]) -> Scope:
        stack = self._stack
        pseudo = {
            "AWS::Region": stack.scope.region,
            "AWS::AccountId": stack.scope.account_id,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": stack.name,
            "AWS::StackId": stack.id,
        }
        declared = template.section("Parameters")
        values: dict[str, Any] = {
            name: value.split(",") if "List" in str(declared[name].get("Type", "")) else value
            for name, value in parameters.items()
        }
        return Scope(pseudo, values, template.section("Mappings"), template.section("Conditions"), self._exports)

    # -- backwards

    def _delete_all(self, *, force: bool) -> bool:
        """The newest first; with `force` what may be kept goes as well, since nothing was promised yet."""
        worked = True
        for name in list(self._stack.resources)[::-1]:
            worked = self._remove(self._stack.resources[name], force=force) and worked
        return worked

    def _remove(self, resource: Resource, *, force: bool) -> bool:
        if resource.keep and not force:
            self._note(resource.logical_id, resource.type, "DELETE_SKIPPED", resource.physical_id)
            self._stack.resources.pop(resource.logical_id, None)
            return True
        self._note(resource.logical_id, resource.type, "DELETE_IN_PROGRESS", resource.physical_id)
        try:
            TYPES[resource.type].delete(self._api, Made(resource.physical_id, resource.attributes), resource.properties)
        except AwsError as error:
            if not _is_gone(error):
                resource.status = "DELETE_FAILED"
                reason = f'Resource handler returned message: "{error.message}" (HandlerErrorCode: {error.code})'
                self._note(resource.logical_id, resource.type, "DELETE_FAILED", resource.physical_id, reason)
                return False
        self._note(resource.logical_id, resource.type, "DELETE_COMPLETE", resource.physical_id)
        if self._stack.resources.get(resource.logical_id) is resource:
            del self._stack.resources[resource.logical_id]
        return True

    def _turn(self, status: str, reason: str = "") -> None:
        self._stack.turn(self._now(), status, reason)

    def _note(self, logical_id: str, type_: str, status: str, physical_id: str = "", reason: str = "") -> None:
        self._stack.note(self._now(), logical_id, type_, status, physical_id, reason)


def _is_gone(error: AwsError) -> bool:
    """What somebody has deleted already is deleted."""
    return (
        error.status == 404 or "NotFound" in error.code or "NonExistent" in error.code or error.code == "NoSuchBucket"
    )


def _rename(physical_name: Any) -> str:
    return (
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
        f"Rename {physical_name} and update the stack again."
    )
