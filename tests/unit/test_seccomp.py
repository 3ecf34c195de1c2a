"""The filter of every machine, run by an interpreter of its instructions, and its numbers beside the kernel's headers."""

import errno
import re
import struct
from pathlib import Path

import pytest

from worker.sandbox import seccomp

HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
"""Of the package linux-libc-dev; aarch64 has the generic numbers."""
DENIED = seccomp.RET_ERRNO | errno.EPERM
PROCESS = 4711
PRIVATE, ANONYMOUS = 0x02, 0x22
THREAD = 0x3D0F00
"""The flags of pthread_create."""
X32 = 0x40000000
"""The bit of x86_64's second set of numbers."""


def run_filter(program: bytes, audit: int, number: int, *arguments: int) -> int:
    """What the kernel would answer."""
    data = struct.pack("iIQ6Q", number, audit, 0, *(*arguments, *[0] * (6 - len(arguments))))
    instructions = list(struct.iter_unpack("HBBI", program))
    at, loaded = 0, 0
    while True:
        code, if_true, if_false, value = instructions[at]
        at += 1
        if code == seccomp.RETURN:
            return int(value)
        if code == seccomp.LOAD_WORD:
            (loaded,) = struct.unpack_from("I", data, value)
        else:
            is_true = loaded == value if code == seccomp.IF_EQUAL else bool(loaded & value)
            at += if_true if is_true else if_false


@pytest.fixture(params=sorted(seccomp.MACHINES))
def machine(request: pytest.FixtureRequest) -> seccomp.Machine:
    return seccomp.MACHINES[request.param]


def test_only_listed_numbers_pass(machine: seccomp.Machine) -> None:
    for threads in (False, True):
        program = seccomp.build_program(machine, PROCESS, threads=threads)
        passed = {nr for nr in range(600) if run_filter(program, machine.audit, nr) == seccomp.RET_ALLOW}
        names = machine.numbers.keys() - seccomp.CHECKED - (frozenset() if threads else seccomp.OF_THREADS)
        # Without a bit of PROT_EXEC, and to no address, these two pass with arguments of 0.
        names |= {"sendto", "mprotect"} if threads else {"sendto"}
        assert passed == {machine.numbers[name] for name in names}


def test_another_architecture_is_death(machine: seccomp.Machine) -> None:
    program = seccomp.build_program(machine, PROCESS, threads=True)
    for audit in (0x40000003, 0x40000028, 0, *{0xC000003E, 0xC00000B7} - {machine.audit}):
        assert run_filter(program, audit, machine.numbers["exit_group"]) == seccomp.RET_KILL_PROCESS


def test_the_second_set_of_numbers_is_denied(machine: seccomp.Machine) -> None:
    program = seccomp.build_program(machine, PROCESS, threads=True)
    for number in machine.numbers.values():
        assert run_filter(program, machine.audit, number | X32) == DENIED


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("mmap", (0, 4096, 3, ANONYMOUS), seccomp.RET_ALLOW),
        ("mmap", (0, 4096, 7, ANONYMOUS), DENIED),
        ("mmap", (0, 4096, 1, PRIVATE), DENIED),
        ("mprotect", (0, 4096, 3), seccomp.RET_ALLOW),
        ("mprotect", (0, 4096, 5), DENIED),
        ("sendto", (5, 0, 9, 0, 0), seccomp.RET_ALLOW),
        ("sendto", (5, 0, 9, 0, 1), DENIED),
        ("sendto", (5, 0, 9, 0, 1 << 32), DENIED),
        ("tgkill", (PROCESS, PROCESS, 6), seccomp.RET_ALLOW),
        ("tgkill", (1, 1, 6), DENIED),
        ("clone", (THREAD,), seccomp.RET_ALLOW),
        ("clone", (17,), DENIED),
        ("clone", (THREAD | 0x10000000,), DENIED),
        ("clone3", (1,), seccomp.RET_ERRNO | errno.ENOSYS),
    ],
)
def test_arguments(machine: seccomp.Machine, name: str, arguments: tuple[int, ...], answer: int) -> None:
    program = seccomp.build_program(machine, PROCESS, threads=True)
    assert run_filter(program, machine.audit, machine.numbers[name], *arguments) == answer


@pytest.mark.parametrize("name", ["clone", "clone3", "mprotect"])
def test_no_threads_no_calls_for_them(machine: seccomp.Machine, name: str) -> None:
    program = seccomp.build_program(machine, PROCESS, threads=False)
    assert run_filter(program, machine.audit, machine.numbers[name], THREAD) == DENIED


@pytest.mark.parametrize("name", sorted(HEADERS))
def test_the_numbers_are_the_kernels(name: str) -> None:
    if not HEADERS[name].exists():
        pytest.skip("the kernel's headers are not installed")
    found = re.findall(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)", HEADERS[name].read_text(), re.MULTILINE)
    theirs = {call: int(number) for call, number in found}
    ours = seccomp.MACHINES[name].numbers
    assert ours == {call: theirs[call] for call in ours}


def test_both_machines_allow_the_same() -> None:
    one, other = (machine.numbers.keys() for machine in seccomp.MACHINES.values())
    assert one == other
