"""Real Terraform in a temporary folder against a local cloud, for tests."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from checker.terraform_install import find_mirror, find_terraform


class Terraform:
    """One configuration, initialised, with its own state."""

    def __init__(self, configuration: Path, folder: Path, url: str, **environment: str) -> None:
        self._folder = folder
        for source in configuration.iterdir() if configuration != folder else ():
            shutil.copy(source, folder)
        self._binary = find_terraform()
        self._environment = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR") if key in os.environ} | {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_MAX_ATTEMPTS": "2",
            "TF_IN_AUTOMATION": "1",
            "TF_CLI_CONFIG_FILE": str(self._write_settings()),
            **environment,
        }
        self._run("init", "-no-color")

    def apply(self, **variables: object) -> None:
        """Applies; raises with Terraform's words."""
        self._run("apply", "-auto-approve", "-no-color", *_arguments(variables))

    def planned_changes(self, **variables: object) -> list[str]:
        """What a plan would still do: "update aws_iot_policy.device: tags"."""
        self._run("plan", "-no-color", "-out=plan", *_arguments(variables))
        plan = json.loads(self._run("show", "-json", "plan"))
        return [
            f"{'/'.join(change['change']['actions'])} {change['address']}: {_difference(change['change'])}"
            for change in plan.get("resource_changes", [])
            if change["change"]["actions"] not in (["no-op"], ["read"])
        ]

    def resource_types(self) -> set[str]:
        """The types of all resources in the state, without data sources."""
        root = json.loads(self._run("show", "-json")).get("values", {}).get("root_module", {})
        modules = [root, *root.get("child_modules", [])]
        return {each["type"] for module in modules for each in module.get("resources", []) if each["mode"] == "managed"}

    def outputs(self) -> dict[str, Any]:
        """The outputs' values."""
        return {name: output["value"] for name, output in json.loads(self._run("output", "-json")).items()}

    def destroy(self) -> None:
        """Destroys everything."""
        self._run("destroy", "-auto-approve", "-no-color")

    def _run(self, *arguments: str) -> str:
        finished = subprocess.run(
            [str(self._binary), *arguments],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert finished.returncode == 0, f"terraform {arguments[0]}:\n{finished.stdout[-3000:]}\n{finished.stderr}"
        return finished.stdout

    def _write_settings(self) -> Path:
        settings = self._folder / "terraform.rc"
        mirror = find_mirror(self._folder)
        installation = f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n'
        settings.write_text(installation if mirror else "")
        return settings


def _arguments(variables: dict[str, object]) -> list[str]:
    return [f"-var={name}={value}" for name, value in variables.items()]


def _difference(change: dict[str, Any]) -> str:
    before, after = change.get("before") or {}, change.get("after") or {}
    return ", ".join(
        f"{key} {before.get(key)!r} → {after.get(key)!r}" for key in after if before.get(key) != after[key]
    )
