"""System calls that no program in a box needs and that reach beyond it: keyrings, tracing, namespaces, the kernel itself.

Less of the kernel can be reached, so less of its mistakes. As a program of the kernel's packet filter for bubblewrap, and
as a profile for Docker, whose own list refuses the namespaces that boxes are made of. Pure but for `write_profile`.
"""

from __future__ import annotations

import errno
import json
import platform
import struct
from pathlib import Path

# Numbers on x86_64 and on aarch64, from the kernel's arch/x86/entry/syscalls/syscall_64.tbl and asm-generic/unistd.h.
NEVER: dict[str, tuple[int, int | None]] = {
    # a session's keyring is inherited by every process, whatever its namespaces: it holds the instructor's keys
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    # other processes' memory and descriptors
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438), "perf_event_open": (298, 241),
    # ways into the kernel that were often wrong
    "bpf": (321, 280), "userfaultfd": (323, 282), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "modify_ldt": (154, None), "fanotify_init": (300, 262),
    "move_pages": (279, 239), "migrate_pages": (256, 238), "lookup_dcookie": (212, 18),
    # the machine
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "init_module": (175, 105), "finit_module": (313, 273),
    "delete_module": (176, 106), "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142), "acct": (163, 89),
    "quotactl": (179, 60), "syslog": (103, 116), "iopl": (172, None), "ioperm": (173, None), "vhangup": (153, 58),
    "settimeofday": (164, 170), "clock_settime": (227, 112),
    # files by number instead of by name
    "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264),
}  # fmt: skip
NO_FILES_WITHOUT_A_FOLDER: dict[str, tuple[int, int | None]] = {
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194),
}  # fmt: skip
"""Memory that belongs to no process and to no folder of limited size: whoever watches from outside cannot see it."""
NO_NAMESPACES: dict[str, tuple[int, int | None]] = {
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
}  # fmt: skip
"""Refused in a box only: a desk and a container make boxes."""
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""Column of the tables, and the kernel's AUDIT_ARCH."""
X32 = 0x4000_0000
"""x86_64 knows each call by a second number from here on."""
SOCKET = {"socket": (41, 198), "socketpair": (53, 199)}
FAMILIES = (1, 2, 10, 16)
"""Unix, IPv4, IPv6, netlink (Go asks for the interfaces). Others lead to the kernel, or, as vsock, to the machine's host."""
VSOCK = 40
LOAD, JUMP_IF_EQUAL, JUMP_IF_NOT_LESS, RETURN = 0x20, 0x15, 0x35, 0x06
ALLOW, REFUSE = 0x7FFF_0000, 0x0005_0000 | errno.EPERM
NUMBER_AT, ARCHITECTURE_AT, FIRST_ARGUMENT_AT = 0, 4, 16


def box_filter(machine: str = platform.machine()) -> bytes:
    """The filter of a box, as struct sock_filter one after the other; empty on a machine whose numbers are not known."""
    if machine not in MACHINES:
        return b""
    column, architecture = MACHINES[machine]
    listed = (NEVER | NO_NAMESPACES | NO_FILES_WITHOUT_A_FOLDER).values()
    refused = [(JUMP_IF_EQUAL, number) for both in listed if (number := both[column]) is not None]
    if machine == "x86_64":
        refused.insert(0, (JUMP_IF_NOT_LESS, X32))
    families = [_step(LOAD, FIRST_ARGUMENT_AT)]
    families += [_step(JUMP_IF_EQUAL, family, if_so=len(FAMILIES) - at) for at, family in enumerate(FAMILIES)]
    sockets = [both[column] for both in SOCKET.values()]
    rest = len(sockets) + len(families) + 2
    program = [
        _step(LOAD, ARCHITECTURE_AT),
        _step(JUMP_IF_EQUAL, architecture, if_not=len(refused) + rest + 2),
        _step(LOAD, NUMBER_AT),
        *(_step(code, number, if_so=len(refused) - at + rest) for at, (code, number) in enumerate(refused)),
        *(_step(JUMP_IF_EQUAL, number, if_so=len(sockets) - at) for at, number in enumerate(sockets)),
        _step(RETURN, ALLOW),
        *families,
        _step(RETURN, REFUSE),
        _step(RETURN, ALLOW),
        _step(RETURN, REFUSE),
    ]
    return b"".join(program)


def _step(code: int, value: int, *, if_so: int = 0, if_not: int = 0) -> bytes:
    """One instruction; jumps count the instructions that are left out."""
    return struct.pack("=HBBI", code, if_so, if_not, value)


def profile() -> dict[str, object]:
    """For an engine's `--security-opt seccomp=FILE`: everything but NEVER and the way to the machine's host."""
    return {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [
            {"names": sorted(NEVER), "action": "SCMP_ACT_ERRNO", "errnoRet": errno.EPERM},
            {
                "names": ["socket"],
                "action": "SCMP_ACT_ERRNO",
                "errnoRet": errno.EPERM,
                "args": [{"index": 0, "value": VSOCK, "op": "SCMP_CMP_EQ"}],
            },
        ],
    }


def write_profile(file: Path) -> Path:
    file.write_text(json.dumps(profile()))
    return file
