"""What a box is made of, as the command line of bubblewrap. Nothing is started here."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from checker.isolation.limits import Limits

ETC = Path(__file__).with_name("etc")
INSIDE = Path(__file__).with_name("inside.py")
FROM_ETC = ("ssl", "pki", "ca-certificates", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime")
TOP_FOLDERS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
SCRATCH_MB, SHARED_MB = 128, 64
HOST_NAME = "lab"
"""A container has it already, and refuses to set another."""
USER = 1000
"""Who a program in a box believes to be; outside it is the instructor's user, or nobody's when the instructor is root."""


@dataclass(frozen=True)
class Box:
    """Folders keep their paths. `masked` ones are empty and read-only in the box, over what is writable around them."""

    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    frozen: tuple[Path, ...] = ()
    """Read-only, over what is writable around them."""
    masked: tuple[Path, ...] = ()
    ports: tuple[int, ...] = ()
    limits: Limits = field(default_factory=Limits)


def box_arguments(box: Box, bwrap: str, cwd: Path, seccomp: int | None = None) -> list[str]:
    """The arguments up to the `--` before the program. The environment is bubblewrap's own: nothing of it is a stranger's.

    `seccomp`: the descriptor from which bubblewrap reads the filter of system calls.
    """
    return [
        bwrap,
        *namespaces(nested=False),
        *(() if seccomp is None else ("--seccomp", str(seccomp))),
        *system_mounts(),
        *memory_folder(Path("/tmp"), SCRATCH_MB),
        *_binds("--ro-bind", [INSIDE, *box.readable]),
        *_binds("--bind", box.writable),
        *_binds("--ro-bind", box.frozen),
        *(word for folder in box.masked for word in ("--tmpfs", str(folder), "--remount-ro", str(folder))),
        *("--remount-ro", "/", "--chdir", str(cwd), "--"),
    ]


def namespaces(*, nested: bool) -> list[str]:
    """User, process, IPC, host name and network namespaces of its own, no capability, dies with its parent.

    `nested`: the program may make boxes itself.
    """
    words = ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-net"]
    words += ["--unshare-cgroup-try", "--uid", str(USER), "--gid", str(USER)]
    words += [] if os.uname().nodename == HOST_NAME else ["--hostname", HOST_NAME]
    words += ["--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    return words if nested else [*words, "--disable-userns"]


def system_mounts(root: Path = Path("/")) -> list[str]:
    """The system's programs and libraries, read-only; an /etc that names nobody; this Python."""
    words = ["--ro-bind", str(root / "usr"), "/usr"]
    for name in TOP_FOLDERS:
        place = root / name
        if place.is_symlink():
            words += ["--symlink", str(place.readlink()), f"/{name}"]
        elif place.is_dir():
            words += ["--ro-bind", str(place), f"/{name}"]
    words += _binds("--ro-bind", [nix] if (nix := root / "nix").is_dir() else [])
    for file in sorted(ETC.iterdir()):
        words += ["--ro-bind", str(file), f"/etc/{file.name}"]
    for name in FROM_ETC:
        words += ["--ro-bind-try", str(root / "etc" / name), f"/etc/{name}"]
    words += ["--proc", "/proc", "--dev", "/dev", *memory_folder(Path("/dev/shm"), SHARED_MB), "--remount-ro", "/dev"]
    return words


def memory_folder(place: Path, size_mb: int) -> list[str]:
    """An empty writable folder in memory; without a size it could take half of the machine's."""
    return ["--size", str(size_mb * 1024 * 1024), "--tmpfs", str(place)]


def python_folders() -> tuple[Path, ...]:
    """Where the running Python lives, if the system's folders do not hold it already."""
    return _outside_usr([Path(sys.prefix), Path(sys.base_prefix)])


def _outside_usr(places: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(place for place in places if Path("/usr") not in (place, *place.parents)))


def _binds(option: str, places: Sequence[Path]) -> list[str]:
    return [word for place in places for word in (option, str(place), str(place))]
