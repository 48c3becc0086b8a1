"""A running cloud and stacks in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.running import Lab, running_lab
from tests.support import wait_until


class Stacks:
    """Creates, changes and deletes stacks, and waits for the end."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.api = lab.cloudformation

    def create(self, template: Any, name: str = "pipe", **options: Any) -> dict[str, Any]:
        """The stack when it is done."""
        self.api.create_stack(StackName=name, TemplateBody=_text(template), Capabilities=["CAPABILITY_IAM"], **options)
        return self.done(name)

    def update(self, template: Any, name: str = "pipe", **options: Any) -> dict[str, Any]:
        self.api.update_stack(StackName=name, TemplateBody=_text(template), Capabilities=["CAPABILITY_IAM"], **options)
        return self.done(name)

    def delete(self, name: str = "pipe") -> dict[str, Any]:
        identifier = self.api.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
        self.api.delete_stack(StackName=name)
        return self.done(identifier)

    def done(self, name: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            found = self.api.describe_stacks(StackName=name)["Stacks"][0]
            return None if found["StackStatus"].endswith("_IN_PROGRESS") else found

        found = wait_until(look, within_s=60, because=f"the end of the work on stack {name}")
        assert found is not None
        return found

    def history(self, name: str = "pipe") -> list[tuple[str, str]]:
        """(logical id, status), the oldest first."""
        events = self.api.describe_stack_events(StackName=name)["StackEvents"][::-1]
        return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in events]

    def reasons(self, name: str = "pipe") -> str:
        events = self.api.describe_stack_events(StackName=name)["StackEvents"]
        return " ".join(event.get("ResourceStatusReason", "") for event in events)

    def buckets(self) -> list[str]:
        return [bucket["Name"] for bucket in self.lab.s3.list_buckets()["Buckets"]]


def _text(template: Any) -> str:
    return template if isinstance(template, str) else json.dumps(template)


@pytest.fixture
def stacks() -> Iterator[Stacks]:
    with running_lab() as lab:
        yield Stacks(lab)
