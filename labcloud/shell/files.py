"""How many files the process may have open: every client is one."""

from __future__ import annotations

import resource

ENOUGH = 65_536


def allow_many_files() -> int:
    """Raises the usual soft limit of 1,024 as far as the system allows; gives the limit as it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, ENOUGH) if hard != resource.RLIM_INFINITY else ENOUGH
    if soft >= wanted or soft == resource.RLIM_INFINITY:
        return ENOUGH if soft == resource.RLIM_INFINITY else soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted
