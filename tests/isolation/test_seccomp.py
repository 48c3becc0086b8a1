"""The filter of system calls: what it says of each call, by the rules of the kernel's packet filter."""

from __future__ import annotations

import struct

import pytest

from checker.isolation import seccomp
from checker.isolation.seccomp import ALLOW, NEVER, NO_NAMESPACES, REFUSE, box_filter, profile

ORDINARY = {"x86_64": (0, 1, 9, 41, 56, 59, 231), "aarch64": (56, 63, 64, 198, 220, 221)}
"""read, write, mmap, socket, clone, execve, exit_group and the like."""


def answer(program: bytes, number: int, architecture: int, argument: int = 1) -> int:
    """Runs the filter as the kernel would, for one system call with its first argument."""
    steps = [struct.unpack_from("=HBBI", program, at) for at in range(0, len(program), 8)]
    value, place = 0, 0
    while True:
        code, if_so, if_not, operand = steps[place]
        place += 1
        if code == seccomp.LOAD:
            at = {seccomp.NUMBER_AT: number, seccomp.ARCHITECTURE_AT: architecture, seccomp.FIRST_ARGUMENT_AT: argument}
            value = at[operand]
        elif code == seccomp.RETURN:
            return operand
        else:
            holds = value == operand if code == seccomp.JUMP_IF_EQUAL else value >= operand
            place += if_so if holds else if_not


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_each_listed_call_is_refused_and_ordinary_ones_are_not(machine: str):
    program, (column, architecture) = box_filter(machine), seccomp.MACHINES[machine]
    tables = NEVER | NO_NAMESPACES | seccomp.NO_FILES_WITHOUT_A_FOLDER
    listed = [both[column] for both in tables.values() if both[column] is not None]

    assert {answer(program, number, architecture) for number in listed} == {REFUSE}
    assert {answer(program, number, architecture) for number in ORDINARY[machine]} == {ALLOW}


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_sockets_are_of_the_families_that_namespaces_hold(machine: str):
    program, (column, architecture) = box_filter(machine), seccomp.MACHINES[machine]
    number = seccomp.SOCKET["socket"][column]

    assert {answer(program, number, architecture, family) for family in (1, 2, 10, 16)} == {ALLOW}
    assert {answer(program, number, architecture, family) for family in (seccomp.VSOCK, 17, 38, 31)} == {REFUSE}


def test_the_other_numbers_and_the_old_way_of_the_same_processor_are_refused():
    program, i386 = box_filter("x86_64"), 0x40000003

    assert answer(program, seccomp.X32 + 1, seccomp.MACHINES["x86_64"][1]) == REFUSE
    assert answer(program, 1, i386) == REFUSE


def test_a_machine_whose_numbers_are_not_known_has_no_filter():
    assert box_filter("riscv64") == b""


def test_a_container_may_make_namespaces_but_reach_no_keyring():
    refused, sockets = profile()["syscalls"]

    assert "keyctl" in refused["names"] and not set(NO_NAMESPACES) & set(refused["names"])
    assert sockets["args"][0]["value"] == seccomp.VSOCK
