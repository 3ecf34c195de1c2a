"""The ruleset of Landlock: no file system, no TCP, no signals to processes outside.

Landlock is the second layer behind the system-call filter. Constants: linux/landlock.h. The numbers of the system calls
are the same on every machine (include/uapi/asm-generic/unistd.h).
"""

import struct

CREATE_RULESET, RESTRICT_SELF = 444, 446
VERSION = 1  # LANDLOCK_CREATE_RULESET_VERSION

FILE_SYSTEM = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 5: 0xFFFF}
"""Every right to the file system, by the version of the interface that introduced it."""
NETWORK = {4: 0x3}
"""Bind and connect TCP ports."""
SCOPES = {6: 0x3}
"""Abstract UNIX sockets of processes outside, and signals to them."""


def pack_ruleset(version: int) -> bytes:
    """Return a struct landlock_ruleset_attr with every right of that version of the interface."""
    rights = [_find_rights(table, version) for table in (FILE_SYSTEM, NETWORK, SCOPES)]
    # An older kernel rejects fields that it does not know.
    fields = 1 if version < 4 else 2 if version < 6 else 3
    return struct.pack(f"{fields}Q", *rights[:fields])


def _find_rights(table: dict[int, int], version: int) -> int:
    return max((rights for since, rights in table.items() if since <= version), default=0)
