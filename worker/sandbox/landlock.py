"""Landlock: a process and all its children give up the file system, the network, and signals to other processes.

It is the second layer behind the system-call filter, applied once, in the zygote. Constants: linux/landlock.h. The
numbers of the system calls are the same on every machine (include/uapi/asm-generic/unistd.h).
"""

import ctypes
import os
import struct

from worker.sandbox.libc import libc

CREATE_RULESET, RESTRICT_SELF = 444, 446
VERSION = 1  # LANDLOCK_CREATE_RULESET_VERSION

FILE_SYSTEM = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 5: 0xFFFF}
"""Every right to the file system, by the version of the interface that introduced it."""
NETWORK = {4: 0x3}
"""Bind and connect TCP ports."""
SCOPES = {6: 0x3}
"""Abstract UNIX sockets of processes outside, and signals to them."""


class LandlockMissing(Exception):
    """The kernel has no Landlock, or it is switched off."""


def give_up_files() -> int:
    """Restrict this process to the files that are open already. Return the kernel's version of the interface.

    The process must be single-threaded and must have set PR_SET_NO_NEW_PRIVS. Raises LandlockMissing.
    """
    version = _call(CREATE_RULESET, None, 0, VERSION)
    rights = [_latest(table, version) for table in (FILE_SYSTEM, NETWORK, SCOPES)]
    # struct landlock_ruleset_attr: an older kernel rejects fields that it does not know.
    fields = 1 if version < 4 else 2 if version < 6 else 3
    attributes = struct.pack(f"{fields}Q", *rights[:fields])
    ruleset = _call(CREATE_RULESET, attributes, len(attributes), 0)
    try:
        _call(RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    return version


def _latest(table: dict[int, int], version: int) -> int:
    return max((rights for since, rights in table.items() if since <= version), default=0)


def _call(number: int, *arguments: bytes | int | None) -> int:
    result = int(libc().syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        raise LandlockMissing(os.strerror(ctypes.get_errno()))
    return result
