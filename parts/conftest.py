"""Lets `pytest parts/02_invalid_data` run a part's checks; see checker/checks/plugin.py."""

from checker.checks.plugin import pytest_addoption, pytest_collect_file, pytest_unconfigure

__all__ = ["pytest_addoption", "pytest_collect_file", "pytest_unconfigure"]
