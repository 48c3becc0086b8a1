"""What parts/*/checks.py import: `@check` marks a behaviour, `expect` states it, `as_json` writes values. Checks get a `lab` and use its verbs."""

from checker.checks.check import check
from checker.checks.expectation import as_json, expect

__all__ = ["as_json", "check", "expect"]
