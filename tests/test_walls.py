"""The walls of doc/architecture.md stand."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def sources(folder: str, pattern: str = "**/*.py") -> list[Path]:
    found = sorted((ROOT / folder).glob(pattern))
    assert found, f"no sources below {folder}"
    return found


def offenders(paths: list[Path], *packages: str) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in paths
        for name in imports_of(path)
        if name.split(".")[0] in packages
    ]


def test_the_checker_never_imports_the_cloud():
    assert offenders(sources("checker"), "labcloud") == []


def test_the_cloud_knows_nothing_of_the_course():
    assert offenders(sources("labcloud"), "checker", "parts") == []


@pytest.mark.parametrize("path", sources("parts", "*/checks.py"), ids=lambda path: path.parent.name)
def test_checks_import_only_the_checks_api(path):
    allowed = {"__future__", "checker.checks"}
    assert imports_of(path) <= allowed


def test_moto_is_reached_in_one_room():
    elsewhere = [path for path in sources("labcloud") if "motobase" not in path.parts]
    found = [text for text in offenders(elsewhere, "moto") if not text.endswith("imports moto.core.request")]
    assert [text for text in found if not text.startswith("labcloud/shell/http.py")] == []


def test_no_module_is_longer_than_500_lines():
    long = {
        p.name: n for f in ("checker", "labcloud") for p in sources(f) if (n := len(p.read_text().splitlines())) > 500
    }
    assert long == {}
