"""What parts/*/checks.py import: `@check` marks a behaviour, `expect` states it. Checks get a `lab` and use its verbs."""

from checker.checks.check import check
from checker.checks.expectation import expect

__all__ = ["check", "expect"]
