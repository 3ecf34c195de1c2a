"""Access for the system user, and for nobody else, to files in root's directories.

The kernel's access lists name one user. Where a file system has none, the bits for all others are the only way.
The format is that of <linux/posix_acl_xattr.h>: a version, then entries of a tag, permissions and an id, sorted.
"""

import compileall
import errno
import os
import stat
import struct
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from standalone.account import Account

READ, PASS = 4, 1
ATTRIBUTE = "system.posix_acl_access"
VERSION = struct.pack("<I", 2)
ENTRY = struct.Struct("<HHI")
OWNER, USER, GROUP, NAMED_GROUP, MASK, OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
NO_ID = 0xFFFF_FFFF

ROOMS = ("api", "core", "engine", "janitor", "worker")
"""The packages that the account's programs import."""


class Entry(NamedTuple):
    """One line of an access list."""

    tag: int
    permissions: int
    id: int


def open_our_code(account: Account) -> None:
    """Let the account read the environment and this project's packages, and reach the interpreter.

    The packages are compiled here. The account cannot write bytecode, so each of its processes would compile them.
    """
    rooms = [room for name in ROOMS if (room := Path(__file__).parents[1] / name).is_dir()]
    for room in rooms:
        compileall.compile_dir(room, quiet=2)
        return_bytecode(room)
    for tree in (Path(sys.prefix), *rooms):
        grant_reading(account, tree)
    for place in (sys.executable, os.__file__):
        grant_passage(account, Path(place))


def return_bytecode(room: Path) -> None:
    """Give the bytecode to the owner of the sources: an ordinary user, if the launcher was started by sudo."""
    owner = room.stat()
    # The owner could make any name here a link to what is not his, so nothing is followed, not even a directory.
    for directory, _, files, descriptor in os.fwalk(room):
        if os.path.basename(directory) == "__pycache__":  # noqa: PTH119 - os.fwalk gives text
            os.chown(descriptor, owner.st_uid, owner.st_gid)
            for name in files:
                os.chown(name, owner.st_uid, owner.st_gid, dir_fd=descriptor, follow_symlinks=False)


def grant_passage(account: Account, path: Path) -> None:
    """Let the account pass through every directory above `path` and above its target, but not list them."""
    for directory in {*path.absolute().parents, *path.resolve().parents}:
        grant_permissions(account, directory, PASS)


def grant_reading(account: Account, tree: Path) -> None:
    """Let the account read all files below `tree`, and run those with the owner's bit for it."""
    grant_passage(account, tree)
    for directory, _, files in os.walk(tree):
        grant_permissions(account, Path(directory), READ | PASS)
        for name in files:
            file = Path(directory, name)
            if not file.is_symlink():
                grant_permissions(account, file, READ | (PASS if file.stat().st_mode & stat.S_IXUSR else 0))


def grant_permissions(account: Account, path: Path, permissions: int) -> None:
    """Give the account the permissions on one file or directory, if it lacks them."""
    status = path.stat()
    if status.st_mode & permissions == permissions:
        return
    entries = _read_list(path, status.st_mode)
    if _find_permissions(account, entries, status) & permissions == permissions:
        return
    try:
        os.setxattr(path, ATTRIBUTE, _pack_list(_add_user(account.uid, permissions, entries)))
    except OSError as problem:
        if problem.errno not in {errno.ENOTSUP, errno.EOPNOTSUPP}:
            raise
        path.chmod(stat.S_IMODE(status.st_mode) | permissions)


def _find_permissions(account: Account, entries: Iterable[Entry], status: os.stat_result) -> int:
    """Return the kernel's permissions for the account. Its only group is its own."""
    granted = {(entry.tag, entry.id): entry.permissions for entry in entries}
    mask = granted.get((MASK, NO_ID), 7)
    if status.st_uid == account.uid:
        return granted[OWNER, NO_ID]
    if (USER, account.uid) in granted:
        return granted[USER, account.uid] & mask
    if status.st_gid == account.gid:
        return granted[GROUP, NO_ID] & mask
    return granted[OTHER, NO_ID]


def _add_user(uid: int, permissions: int, entries: list[Entry]) -> list[Entry]:
    """Return the list with the permissions added for the user, and with no others added to the mask."""
    old = {(entry.tag, entry.id): entry.permissions for entry in entries}
    mask = old.get((MASK, NO_ID), old[GROUP, NO_ID])
    new = old | {(USER, uid): old.get((USER, uid), 0) | permissions, (MASK, NO_ID): mask | permissions}
    return sorted(Entry(tag, granted, id_) for (tag, id_), granted in new.items())


def _read_list(path: Path, mode: int) -> list[Entry]:
    """Return the access list. Without one, make it from the mode."""
    try:
        raw = os.getxattr(path, ATTRIBUTE)
    except OSError:
        bits = {OWNER: mode >> 6, GROUP: mode >> 3, OTHER: mode}
        return [Entry(tag, value & 7, NO_ID) for tag, value in bits.items()]
    return [Entry(tag, permissions, id_) for tag, permissions, id_ in ENTRY.iter_unpack(raw[len(VERSION) :])]


def _pack_list(entries: Iterable[Entry]) -> bytes:
    return VERSION + b"".join(ENTRY.pack(*entry) for entry in entries)
