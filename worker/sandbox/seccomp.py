"""The system-call filter of a child, as a program for the kernel.

It allows memory, reading and writing at places of open files, exiting and, where a codec needs them, threads. Everything
else fails with EPERM: opening files, sockets, processes, signals to other processes, executable memory.

Constants: linux/seccomp.h, linux/filter.h, linux/bpf_common.h, linux/audit.h, linux/sched.h, asm-generic/mman-common.h;
numbers of system calls: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h.
"""

import errno
import struct
from dataclasses import dataclass

RET_KILL_PROCESS = 0x80000000
RET_ERRNO = 0x00050000
RET_ALLOW = 0x7FFF0000

LOAD_WORD = 0x20  # BPF_LD | BPF_W | BPF_ABS
IF_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
IF_ANY_BIT = 0x45  # BPF_JMP | BPF_JSET | BPF_K
RETURN = 0x06  # BPF_RET | BPF_K

# struct seccomp_data: nr, arch, instruction pointer, six arguments of 64 bits, here all little-endian.
NR_AT, ARCH_AT, ARGUMENTS_AT = 0, 4, 16

PROT_EXEC = 0x4
MAP_ANONYMOUS = 0x20
CLONE_THREAD = 0x00010000
NEW_NAMESPACES = 0x7E020000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET together."""


@dataclass(frozen=True, slots=True)
class Machine:
    """An architecture: AUDIT_ARCH_*, and its numbers of the system calls, by name."""

    audit: int
    numbers: dict[str, int]


MACHINES = {
    "x86_64": Machine(0xC000003E, {
        "mmap": 9, "mprotect": 10, "munmap": 11, "brk": 12, "rt_sigprocmask": 14, "pread64": 17, "pwrite64": 18,
        "mremap": 25, "madvise": 28, "getpid": 39, "sendto": 44, "recvfrom": 45, "clone": 56, "exit": 60,
        "gettimeofday": 96, "gettid": 186, "futex": 202, "sched_getaffinity": 204, "restart_syscall": 219,
        "clock_gettime": 228, "clock_nanosleep": 230, "exit_group": 231, "tgkill": 234, "set_robust_list": 273,
        "preadv": 295, "preadv2": 327, "rseq": 334, "clone3": 435,
    }),
    "aarch64": Machine(0xC00000B7, {
        "pread64": 67, "pwrite64": 68, "preadv": 69, "exit": 93, "exit_group": 94, "futex": 98, "set_robust_list": 99,
        "clock_gettime": 113, "clock_nanosleep": 115, "sched_getaffinity": 123, "restart_syscall": 128, "tgkill": 131,
        "rt_sigprocmask": 135, "gettimeofday": 169, "getpid": 172, "gettid": 178, "sendto": 206, "recvfrom": 207,
        "brk": 214, "munmap": 215, "mremap": 216, "clone": 220, "mmap": 222, "mprotect": 226, "madvise": 233,
        "preadv2": 286, "rseq": 293, "clone3": 435,
    }),
}  # fmt: skip

CHECKED = frozenset({"mmap", "mprotect", "sendto", "tgkill", "clone", "clone3"})
"""Calls that are allowed with certain arguments only."""

OF_THREADS = frozenset({
    "clone", "clone3", "exit", "set_robust_list", "rseq", "sched_getaffinity", "clock_nanosleep", "mprotect",
})  # fmt: skip
"""Calls that only a child with threads may make."""

KEPT = {
    "mprotect": "the guard page of a new thread's stack, when no finished thread has left one",
    "clone3": "answered with ENOSYS, so that the C library takes clone",
    "gettimeofday": "kernels whose clock cannot be read without a call",
    "clock_gettime": "kernels whose clock cannot be read without a call",
    "clock_nanosleep": "an encoder's thread that waits for another one",
    "restart_syscall": "the kernel's own call when a wait goes on after a freeze",
    "tgkill": "abort()",
    "gettid": "abort()",
    "getpid": "abort()",
    "preadv": "C libraries without preadv2",
    "mremap": "a buffer of megabytes that grows",
    "munmap": "a buffer of megabytes that is given back",
    "mmap": "a buffer of megabytes",
    "sched_getaffinity": "an encoder that asks for the number of processors",
}
"""Why calls are allowed that small conversions do not make. `make syscalls` measures which are made."""


def build_program(machine: Machine, process: int, *, threads: bool, denied: int = RET_ERRNO | errno.EPERM) -> bytes:
    """Build the filter of the process with that id. `denied` is the action for all other calls."""
    nr, no = machine.numbers, _return(denied)
    allowed = nr.keys() - (frozenset() if threads else OF_THREADS)
    checks = _check_arguments(process, no)
    program = [
        _load_word(ARCH_AT), _jump(IF_EQUAL, machine.audit, 1, 0), _return(RET_KILL_PROCESS), _load_word(NR_AT),
        *(part for name in nr if name in allowed - CHECKED for part in (_jump(IF_EQUAL, nr[name], 0, 1), ALLOW)),
        *(part for name in nr if name in allowed & CHECKED for part in _allow_when(nr[name], *checks[name])),
        no,
    ]  # fmt: skip
    return b"".join(program)


def _check_arguments(process: int, no: bytes) -> dict[str, list[list[bytes]]]:
    """Return the checks of each call in CHECKED."""
    return {
        "mmap": [_require_none(2, PROT_EXEC, no), _require_some(3, MAP_ANONYMOUS, no)],
        "mprotect": [_require_none(2, PROT_EXEC, no)],
        # Without an address only to the connected socket.
        "sendto": [_require_equal(4, 0, no)],
        # abort() signals its own thread.
        "tgkill": [_require_equal(0, process, no, words=1)],
        # A filter cannot read its flags, which lie in memory. On ENOSYS the C library falls back to clone.
        "clone3": [[_return(RET_ERRNO | errno.ENOSYS)]],
        "clone": [_require_some(0, CLONE_THREAD, no), _require_none(0, NEW_NAMESPACES, no)],
    }


def _pack_instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    """Encode one struct sock_filter. The jumps count instructions to skip."""
    return struct.pack("HBBI", code, if_true, if_false, value)


def _load_word(at: int) -> bytes:
    return _pack_instruction(LOAD_WORD, at)


def _jump(test: int, value: int, if_true: int, if_false: int) -> bytes:
    return _pack_instruction(test, value, if_true, if_false)


def _return(what: int) -> bytes:
    return _pack_instruction(RETURN, what)


def _allow_when(number: int, *checks: list[bytes]) -> list[bytes]:
    """Allow a call when every check passes. A check returns, or falls through at its end."""
    body = [part for check in checks for part in check] + [ALLOW]
    return [_jump(IF_EQUAL, number, 0, len(body)), *body]


def _require_none(argument: int, bits: int, no: bytes) -> list[bytes]:
    return [_load_word(ARGUMENTS_AT + 8 * argument), _jump(IF_ANY_BIT, bits, 0, 1), no]


def _require_some(argument: int, bits: int, no: bytes) -> list[bytes]:
    return [_load_word(ARGUMENTS_AT + 8 * argument), _jump(IF_ANY_BIT, bits, 1, 0), no]


def _require_equal(argument: int, value: int, no: bytes, words: int = 2) -> list[bytes]:
    """Compare the whole argument. For an int compare the lower word only."""
    at = ARGUMENTS_AT + 8 * argument
    parts = [(at, value & 0xFFFFFFFF), (at + 4, value >> 32)][:words]
    return [part for place, word in parts for part in (_load_word(place), _jump(IF_EQUAL, word, 1, 0), no)]


ALLOW = _return(RET_ALLOW)
