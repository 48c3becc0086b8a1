"""IAM groups on moto 5.2.5, which takes a group's own name in UpdateGroup for another group's (Terraform sends it)."""

from __future__ import annotations

from moto.iam.models import IAMBackend

from labcloud.motobase import hooks


def install() -> None:
    """Puts the hook in place."""
    hooks.replace(IAMBackend, "update_group", update_group)


def update_group(self: IAMBackend, group_name: str, new_group_name: str | None, new_path: str | None) -> None:
    """Without another name only the path changes."""
    if new_group_name not in (None, "", group_name):
        hooks.stock(IAMBackend, "update_group")(self, group_name, new_group_name, new_path)
        return
    group = self.get_group(group_name)
    if new_path:
        group.path = new_path
