"""Limits that a process sets on itself before it reads hostile bytes. Linux only."""

import ctypes
import os
import resource
import signal
import struct
import sys
from collections.abc import Iterable

from engine.request import Limits
from worker.sandbox.libc import libc

PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
PR_SET_NO_NEW_PRIVS = 38
CAPABILITY_VERSION_3 = 0x2008_0522
"""From <linux/capability.h>: each set has 64 bits."""

FILES = 32
"""Open files of a child. It needs six, and the C libraries need a few."""

CPU_GRACE = 2
"""Seconds of processor time beyond the job's seconds. The deadline is wall-clock time; this stops runaways."""


def set_parent_death_signal(parent: int) -> None:
    """Set the parent-death signal to SIGKILL. Exit at once when the parent has already died.

    The kernel sends it when the thread that forked this process ends.
    """
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def give_up_privileges() -> None:
    """Deny new privileges to every program that this process or its children start."""
    _prctl(PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """Drop all capabilities. A worker should not be root; if it is, its conversions still have no privileges.

    Files are opened from now on with the rights of a normal user who owns root's files.
    """
    header = struct.pack("<Ii", CAPABILITY_VERSION_3, 0)
    # Effective, permitted and inheritable, each in two halves of 32 bits.
    if libc().capset(header, bytes(24)):
        sys.exit(f"capset was refused: errno {ctypes.get_errno()}")


def set_process_name(name: str) -> None:
    """Set the name that `ps` and `top` show, at most 15 bytes."""
    _prctl(PR_SET_NAME, name.encode())


def apply_limits(limits: Limits, *, space: int, grant: int, threads: bool) -> None:
    """Set the resource limits of a child for good.

    Memory is limited as address space beyond `space`, the baseline that the child has from its zygote. Private memory
    cannot grow without address space. A failed allocation is an answer (MemoryError), not a kill. Pages shared with
    the zygote cost nothing and do not count. The soft limit is baseline + `grant`. The supervisor may raise it up to
    the hard limit; the child's system-call filter denies that to the child. A result that grows too large is EFBIG, not
    SIGXFSZ.
    """
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    # Reading the header may take that long, and the conversion may take it again.
    seconds = 2 * int(limits.seconds) + CPU_GRACE
    processors = (os.cpu_count() or 1) if threads else 1
    for kind, soft, hard in (
        (resource.RLIMIT_AS, space + min(grant, limits.memory_bytes), space + limits.memory_bytes),
        (resource.RLIMIT_FSIZE, limits.max_result_bytes, None),
        (resource.RLIMIT_CPU, seconds * processors, seconds * processors + CPU_GRACE),
        (resource.RLIMIT_NOFILE, FILES, None),
        (resource.RLIMIT_CORE, 0, None),
    ):
        resource.setrlimit(kind, (soft, soft if hard is None else hard))
    if not threads:
        # RLIMIT_NPROC counts every thread of this user on the machine, so only 0 is a usable value.
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def close_all_but(kept: Iterable[int]) -> None:
    """Close every other file descriptor."""
    start = 0
    for fd in sorted(set(kept)):
        # Never pass an empty range: some Pythons take (0, 0) for all descriptors.
        if start < fd:
            os.closerange(start, fd)
        start = fd + 1
    os.closerange(start, max(start + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0]))


def _prctl(option: int, value: int | bytes) -> None:
    if libc().prctl(option, value, 0, 0, 0):
        sys.exit(f"prctl({option}) was refused: errno {ctypes.get_errno()}")
