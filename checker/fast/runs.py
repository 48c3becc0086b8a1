"""What is known of runs of Terraform beside the provider: which need it, what they need, how its failures look."""

from __future__ import annotations

from pathlib import Path

from checker.fast.needs import Needs, find_needs

USES_PROVIDERS = {"validate", "plan", "apply", "destroy", "show"}
ITS_FAULT = (
    "rpc error:",
    "Failed to load plugin schemas",
    "Failed to instantiate provider",
    "Failed to obtain provider schema",
    "Plugin did not respond",
    "Unrecognized remote plugin message",
    "Request cancelled",
    "no schema available for",
)
"""What Terraform says when the provider, or the way to it, failed: then the run is repeated without."""


def read_needs(folder: Path) -> Needs:
    """What the files and states of a folder need now."""
    files = [(file.name, _text(file)) for file in folder.glob("*.tf*") if file.suffix in (".tf", ".json")]
    states = [folder / "terraform.tfstate", *folder.glob("terraform.tfstate.d/*/terraform.tfstate")]
    return find_needs(files, [_text(state) for state in states if state.is_file()])


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")
