"""What a process does to itself before it reads hostile bytes: Linux only."""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

from worker.request import Limits

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38

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


def limit_self(limits: Limits) -> None:
    """Resource limits of a child, from which it cannot come back.

    Memory is counted as address space beyond what the child already has from its zygote: private memory cannot grow
    without it, a failed allocation is an answer (MemoryError) and not a kill, and the pages shared with the zygote,
    which cost nothing, do not count. A result that gets too large is EFBIG, not SIGXFSZ.
    """
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    seconds = int(limits.seconds) + CPU_GRACE
    for kind, soft, hard in (
        (resource.RLIMIT_AS, _address_space() + limits.memory_bytes, None),
        (resource.RLIMIT_FSIZE, limits.max_result_bytes, None),
        (resource.RLIMIT_CPU, seconds, seconds + CPU_GRACE),
        (resource.RLIMIT_NOFILE, FILES, None),
        (resource.RLIMIT_NPROC, 0, None),
        (resource.RLIMIT_CORE, 0, None),
    ):
        resource.setrlimit(kind, (soft, soft if hard is None else hard))


def close_all_but(kept: Iterable[int]) -> None:
    """Close every other file descriptor."""
    start = 0
    for fd in sorted(set(kept)):
        # An empty range must not be asked for: some Pythons take (0, 0) for all there are.
        if start < fd:
            os.closerange(start, fd)
        start = fd + 1
    os.closerange(start, max(start + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0]))


def _address_space() -> int:
    pages = int(Path("/proc/self/statm").read_bytes().split()[0])
    return pages * resource.getpagesize()


def _prctl(option: int, value: int) -> None:
    if _libc().prctl(option, value, 0, 0, 0):
        sys.exit(f"prctl({option}) was refused: errno {ctypes.get_errno()}")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
