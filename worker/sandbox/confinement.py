"""The confinement of zygote and children: a process gives up its rights before it reads hostile bytes.

The zygote gives up privileges and files, for itself and all its children. A child adds its limits and its filter.
Linux only.
"""

import ctypes
import math
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Iterable
from functools import cache

from engine.request import Limits
from worker.sandbox import landlock, seccomp

PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_MODE_FILTER = 2
CAPABILITY_VERSION_3 = 0x2008_0522
"""From <linux/capability.h>: each set has 64 bits."""

FILES = 32
"""Open files of a child. It needs six, and the C libraries need a few."""

CPU_GRACE = 4
"""Seconds of processor time beyond the job's seconds. The supervisor kills earlier; this holds when it has no time to."""


class LayerMissing(Exception):
    """The kernel lacks a layer of the sandbox, or refuses it."""


@cache
def load_libc() -> ctypes.CDLL:
    """Load the C library once per process, before a filter could deny it."""
    return ctypes.CDLL(None, use_errno=True)


def set_parent_death_signal(parent: int) -> None:
    """Set the parent-death signal to SIGKILL. Exit at once when the parent has already died.

    The kernel sends it when the thread that forked this process ends.
    """
    _call_prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def set_process_name(name: str) -> None:
    """Set the name for `ps` and `top`, at most 15 bytes."""
    _call_prctl(PR_SET_NAME, name.encode())


def close_all_but(kept: Iterable[int]) -> None:
    """Close every other file descriptor."""
    start = 0
    for fd in sorted(set(kept)):
        # Never pass an empty range: some Pythons take (0, 0) for all descriptors.
        if start < fd:
            os.closerange(start, fd)
        start = fd + 1
    os.closerange(start, max(start + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0]))


def give_up_privileges() -> None:
    """Deny new privileges to this process, its children, and every program of theirs."""
    _call_prctl(PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """Drop all capabilities. A worker should not be root; if it is, its conversions still have no privileges.

    Files are opened from now on with the rights of a normal user who owns root's files.
    """
    header = struct.pack("<Ii", CAPABILITY_VERSION_3, 0)
    # Effective, permitted and inheritable, each in two halves of 32 bits.
    if load_libc().capset(header, bytes(24)):
        sys.exit(f"capset was refused: errno {ctypes.get_errno()}")


def give_up_files() -> None:
    """Restrict this process to its open files. Raises LayerMissing.

    The process must be single-threaded and must have called `give_up_privileges`.
    """
    version = _call_landlock(landlock.CREATE_RULESET, None, 0, landlock.VERSION)
    attributes = landlock.pack_ruleset(version)
    ruleset = _call_landlock(landlock.CREATE_RULESET, attributes, len(attributes), 0)
    try:
        _call_landlock(landlock.RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def build_filter(*, threads: bool) -> bytes:
    """Build the system-call filter of this process, with or without threads. Raises LayerMissing."""
    machine = seccomp.MACHINES.get(platform.machine())
    if machine is None:
        raise LayerMissing(f"no list of system calls for {platform.machine()}")
    return seccomp.build_program(machine, os.getpid(), threads=threads)


def install_filter(program: bytes) -> None:
    """Put a filter on this thread and its future threads, for good. Raises LayerMissing.

    The process must have called `give_up_privileges`.
    """
    code = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: the number of instructions, and where they are.
    packed = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
    prog = ctypes.create_string_buffer(packed, len(packed))
    if load_libc().prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(prog), 0, 0):
        raise LayerMissing(os.strerror(ctypes.get_errno()))


def apply_limits(limits: Limits, *, space: int, granted: int, threads: bool) -> None:
    """Set the resource limits of a child for good.

    Memory is limited as address space beyond `space`, the baseline that the child has from its zygote. Private memory
    cannot grow without address space. A failed allocation is an answer (MemoryError), not a kill. Pages shared with
    the zygote cost nothing and do not count. The soft limit is baseline + `granted`. The supervisor may raise it up to
    the hard limit; the child's system-call filter denies that to the child. A result that grows too large is EFBIG, not
    SIGXFSZ.
    """
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    # Reading the header may take that long, and the conversion may take it again. The kernel sums over threads, too.
    seconds = 2 * math.ceil(limits.seconds) + CPU_GRACE
    for kind, soft, hard in (
        (resource.RLIMIT_AS, space + min(granted, limits.memory_bytes), space + limits.memory_bytes),
        (resource.RLIMIT_FSIZE, limits.max_result_bytes, None),
        (resource.RLIMIT_CPU, seconds, seconds + CPU_GRACE),
        (resource.RLIMIT_NOFILE, FILES, None),
        (resource.RLIMIT_CORE, 0, None),
    ):
        resource.setrlimit(kind, (soft, soft if hard is None else hard))
    if not threads:
        # RLIMIT_NPROC counts every thread of this user on the machine, so only 0 is a usable value.
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def _call_prctl(option: int, value: int | bytes) -> None:
    if load_libc().prctl(option, value, 0, 0, 0):
        sys.exit(f"prctl({option}) was refused: errno {ctypes.get_errno()}")


def _call_landlock(number: int, *arguments: bytes | int | None) -> int:
    result = int(load_libc().syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        raise LayerMissing(os.strerror(ctypes.get_errno()))
    return result
