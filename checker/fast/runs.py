"""What is known of runs of Terraform beside the provider: which need it, what they need, how its failures look."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from checker.fast.needs import Needs, find_needs

USES_PROVIDERS = {"validate", "plan", "apply", "destroy", "show"}
PROVIDER_LOST = (
    "rpc error:",
    "Failed to load plugin schemas",
    "Failed to instantiate provider",
    "Failed to obtain provider schema",
    "Plugin did not respond",
    "Unrecognized remote plugin message",
)
"""How Terraform's errors begin when the provider, or the way to it, failed."""
ITS_FAULT = (*PROVIDER_LOST, "Request cancelled", "no schema available for")
"""What Terraform says when the provider, or the way to it, failed: then the run is repeated without."""

LARGEST = 16 * 1024 * 1024


def read_needs(folder: Path) -> Needs:
    """What the files and states of a folder need now."""
    states = [folder / "terraform.tfstate", *folder.glob("terraform.tfstate.d/*/terraform.tfstate")]
    try:
        files = [(file.name, read_plain(file)) for file in folder.glob("*.tf*") if file.suffix in (".tf", ".json")]
        return find_needs(files, [read_plain(state) for state in states if os.path.lexists(state)])
    except NotPlain as problem:
        return Needs(frozenset(), frozenset(), f"{problem} is no plain file")


def read_for_init(folder: Path) -> list[tuple[str, str]]:
    """What `terraform init` would read: configuration and tests, also in JSON."""
    found = [*folder.glob("*.tf"), *folder.glob("*.tf.json"), *folder.rglob("*.tftest.*")]
    return [(file.name, read_plain(file)) for file in found]


class NotPlain(Exception):
    """A file that may be a stranger's trap: a link, a pipe, a device, endless."""


def read_plain(file: Path) -> str:
    """The text of a regular file; whoever wrote the folder may have put something else in its place."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise NotPlain(file.name) from error
    state = os.fstat(descriptor)
    if not stat.S_ISREG(state.st_mode) or state.st_size > LARGEST:
        os.close(descriptor)
        raise NotPlain(file.name)
    with os.fdopen(descriptor, "rb") as opened:
        return opened.read(LARGEST).decode(errors="replace")
