"""What a process does to itself before it reads hostile bytes: Linux only."""

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
"""Of <linux/capability.h>: 64 bits a set."""

FILES = 32
"""Open files that a child may have; it needs six and a few of the C libraries' own."""

CPU_GRACE = 2
"""Seconds of processor time beyond the job's seconds: the clock on the wall is the limit, this is for runaways."""


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when the thread that forked it ends; leave at once if it is gone already."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def give_up_privileges() -> None:
    """No program that this process or its children start can gain rights."""
    _prctl(PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """Give up what root may beyond its files. A worker should not be root; if it is, its conversions are less.

    What this process and its children open later is judged as for any user who owns root's files.
    """
    header = struct.pack("<Ii", CAPABILITY_VERSION_3, 0)
    # Effective, permitted and inheritable, each in two halves of 32 bits.
    if libc().capset(header, bytes(24)):
        sys.exit(f"capset was refused: errno {ctypes.get_errno()}")


def be_called(name: str) -> None:
    """What `ps` and `top` show; at most 15 bytes."""
    _prctl(PR_SET_NAME, name.encode())


def limit_self(limits: Limits, *, space: int, grant: int, threads: bool) -> None:
    """Resource limits of a child, from which it cannot come back.

    Memory is counted as address space beyond `space`, what the child has from its zygote: private memory cannot grow
    without it, a failed allocation is an answer (MemoryError) and not a kill, and the pages shared with the zygote,
    which cost nothing, do not count. At first it is `grant`; the supervisor may raise that up to the limit, the child,
    behind its filter, cannot. A result that gets too large is EFBIG, not SIGXFSZ.
    """
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    # Reading the header has that time, and the conversion again.
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
        # It counts threads too, and those of the user on the whole machine: so it is none, or it is no limit.
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def close_all_but(kept: Iterable[int]) -> None:
    """Close every other file descriptor."""
    start = 0
    for fd in sorted(set(kept)):
        # An empty range must not be asked for: some Pythons take (0, 0) for all there are.
        if start < fd:
            os.closerange(start, fd)
        start = fd + 1
    os.closerange(start, max(start + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0]))


def _prctl(option: int, value: int | bytes) -> None:
    if libc().prctl(option, value, 0, 0, 0):
        sys.exit(f"prctl({option}) was refused: errno {ctypes.get_errno()}")
