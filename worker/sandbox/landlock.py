"""Landlock: a process gives up the file system, the network and signals to strangers, with all that it will start.

A second wall behind the system-call filter, put up once, in the zygote. Constants: linux/landlock.h; the numbers of the
system calls are the same on every machine (include/uapi/asm-generic/unistd.h).
"""

import ctypes
import os
import struct

from worker.sandbox.libc import libc

CREATE_RULESET, RESTRICT_SELF = 444, 446
VERSION = 1  # LANDLOCK_CREATE_RULESET_VERSION

FILE_SYSTEM = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 5: 0xFFFF}
"""What can be handled of the file system from that version of the interface on: every right there is."""
NETWORK = {4: 0x3}
"""To bind, and to connect, a TCP port."""
SCOPES = {6: 0x3}
"""Abstract UNIX sockets, and signals, of processes outside."""


class LandlockMissing(Exception):
    """The kernel has no Landlock, or it is switched off."""


def give_up_files() -> int:
    """Restrict this process to what is open already; the version of the interface that the kernel has.

    Raises LandlockMissing. The process must have given up gaining privileges before (PR_SET_NO_NEW_PRIVS), and must have
    one thread only.
    """
    version = _call(CREATE_RULESET, None, 0, VERSION)
    rights = [_latest(table, version) for table in (FILE_SYSTEM, NETWORK, SCOPES)]
    # struct landlock_ruleset_attr; an older kernel refuses fields that it does not know.
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
