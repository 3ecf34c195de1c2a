"""The system-call filter of a child, as a program for the kernel.

It allows memory, reading and writing open files, sleeping, exiting and, where a codec needs them, threads. Everything
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
        "read": 0, "write": 1, "close": 3, "fstat": 5, "poll": 7, "lseek": 8, "mmap": 9, "mprotect": 10, "munmap": 11,
        "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "pread64": 17, "pwrite64": 18,
        "readv": 19, "writev": 20, "sched_yield": 24, "mremap": 25, "madvise": 28, "nanosleep": 35, "getpid": 39,
        "sendto": 44, "recvfrom": 45, "clone": 56, "exit": 60, "ftruncate": 77, "gettimeofday": 96, "getrusage": 98,
        "sysinfo": 99, "times": 100, "sigaltstack": 131, "gettid": 186, "futex": 202, "sched_getaffinity": 204,
        "restart_syscall": 219, "clock_gettime": 228, "clock_getres": 229, "clock_nanosleep": 230, "exit_group": 231,
        "tgkill": 234, "ppoll": 271, "set_robust_list": 273, "preadv": 295, "pwritev": 296, "getrandom": 318,
        "preadv2": 327, "pwritev2": 328, "rseq": 334, "clone3": 435,
    }),
    "aarch64": Machine(0xC00000B7, {
        "ftruncate": 46, "close": 57, "lseek": 62, "read": 63, "write": 64, "readv": 65, "writev": 66, "pread64": 67,
        "pwrite64": 68, "preadv": 69, "pwritev": 70, "ppoll": 73, "fstat": 80, "exit": 93, "exit_group": 94,
        "futex": 98, "set_robust_list": 99, "nanosleep": 101, "clock_gettime": 113, "clock_getres": 114,
        "clock_nanosleep": 115, "sched_getaffinity": 123, "sched_yield": 124, "restart_syscall": 128, "tgkill": 131,
        "sigaltstack": 132, "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139, "times": 153,
        "getrusage": 165, "gettimeofday": 169, "getpid": 172, "gettid": 178, "sysinfo": 179, "sendto": 206,
        "recvfrom": 207, "brk": 214, "munmap": 215, "mremap": 216, "clone": 220, "mmap": 222, "mprotect": 226,
        "madvise": 233, "getrandom": 278, "preadv2": 286, "pwritev2": 287, "rseq": 293, "clone3": 435,
    }),
}  # fmt: skip

CHECKED = frozenset({"mmap", "mprotect", "sendto", "tgkill", "clone", "clone3"})
"""Calls that are allowed with certain arguments only."""


def build_program(machine: Machine, process: int, *, threads: bool, denied: int = RET_ERRNO | errno.EPERM) -> bytes:
    """Build the filter of the process with that id. `denied` is the action for all other calls."""
    nr, no = machine.numbers, _return(denied)
    program = [
        _load_word(ARCH_AT), _jump(IF_EQUAL, machine.audit, 1, 0), _return(RET_KILL_PROCESS), _load_word(NR_AT),
        *(part for name, number in nr.items() if name not in CHECKED for part in (_jump(IF_EQUAL, number, 0, 1), ALLOW)),
        *_allow_when(nr["mmap"], _require_none(2, PROT_EXEC, no), _require_some(3, MAP_ANONYMOUS, no)),
        *_allow_when(nr["mprotect"], _require_none(2, PROT_EXEC, no)),
        # Without an address only to the connected socket.
        *_allow_when(nr["sendto"], _require_equal(4, 0, no)),
        # abort() signals its own thread.
        *_allow_when(nr["tgkill"], _require_equal(0, process, no, words=1)),
        # A filter cannot read its flags, which lie in memory. On ENOSYS the C library falls back to clone.
        *_allow_when(nr["clone3"], [_return(RET_ERRNO | errno.ENOSYS)]),
        *(_allow_when(nr["clone"], _require_some(0, CLONE_THREAD, no), _require_none(0, NEW_NAMESPACES, no)) if threads else ()),
        no,
    ]  # fmt: skip
    return b"".join(program)


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
