"""What `lab doctor` says of isolation: needed by who grades strangers' submissions, by nobody else."""

from __future__ import annotations

import os

from checker.cli.finding import Finding
from checker.errors import LabError
from checker.isolation.cgroups import own_group, why_not
from checker.isolation.engine import ENGINES, find_engine, refuse_root
from checker.isolation.probe import working_bwrap
from checker.isolation.scope import scope_works


def isolation_findings() -> list[Finding]:
    """bubblewrap, what stands in for it, and what limits memory and processes."""
    return [_bubblewrap(), *(_engine(name) for name in ENGINES), _cgroups()]


def _bubblewrap() -> Finding:
    try:
        return Finding("bubblewrap", f"{working_bwrap()} works: lab grade may run strangers' programs", True, False)
    except LabError as error:
        return Finding("bubblewrap", error.message, False, False, error.next_step)


def _engine(name: str) -> Finding:
    """Tried to the end where the image is there already; building it takes minutes, which is not the doctor's to do."""
    from checker.grading.contained import try_engine
    from checker.grading.image import has_image, image_tag

    title = name.capitalize()
    try:
        engine = find_engine(name)
        refuse_root(os.geteuid())
        if not has_image(engine, tag := image_tag()):
            found = f"{engine} answers; its image is not built yet: lab grade --isolation {name} does it"
            return Finding(title, found, True, False)
        try_engine(engine, tag)
        return Finding(title, f"{engine} works: lab grade --isolation {name}", True, False)
    except LabError as error:
        return Finding(title, error.message, False, False, error.next_step)


def _cgroups() -> Finding:
    lacks = why_not(own_group(), os.getpid())
    if not lacks or scope_works(os.geteuid()):
        how = "from systemd" if lacks else "this one"
        return Finding("cgroups", f"each submission gets a control group of its own ({how})", True, False)
    remedy = (
        "a session of systemd on a system with cgroup v2 has them; doc/grading.md says what the substitute can miss"
    )
    return Finding("cgroups", f"submissions are watched instead: {lacks}", False, False, remedy)
