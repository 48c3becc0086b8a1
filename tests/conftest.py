"""The order of all tests: files that start Terraform come first, so that no long test begins when the others are done."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sorts whole files, so that what a file shares is made once."""
    long_files = {item.path for item in items if item.get_closest_marker("terraform")}
    items.sort(key=lambda item: item.path not in long_files)
