"""What a check may say about a deployed house. Every verb has a deadline and tells what it saw."""

from checker.verbs.lab import Lab

__all__ = ["Lab"]
