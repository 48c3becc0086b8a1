"""Runs what strangers wrote: one box for each program, and a desk (an outer box) for each submission's judge and cloud.

A box has namespaces of its own, sees the system read-only and one folder that it may write, and reaches no network but
the ports that are offered to it. See doc/grading.md for what is contained by what.
"""
