"""Become another program, tied to the life of its parent: a script of its own, run by `standalone.children`.

    tether.py SIGNAL PARENT UID GID COMMAND...

SIGNAL is what the program gets when the process PARENT ends for whatever reason (Linux; elsewhere
nothing happens then). A UID of -1 keeps the user. It is a script, not a function run between fork
and exec, because that is not safe in a process with threads; it takes about 20 ms.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38


def main(orphaned: str, parent: str, uid: str, gid: str, *command: str) -> None:
    """Become the user, tie to the parent (in this order: a change of user unties), exec the command."""
    libc = ctypes.CDLL(None)
    if int(uid) >= 0:
        drop_rights(libc, int(uid), int(gid))
    if sys.platform == "linux":
        libc.prctl(PR_SET_PDEATHSIG, int(orphaned), 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit("the launcher is gone")
    try:
        os.execv(command[0], command)  # noqa: S606 - becoming that program is the purpose
    except OSError as problem:
        sys.exit(f"{command[0]} cannot be run: {problem.strerror}")


def drop_rights(libc: ctypes.CDLL, uid: int, gid: int) -> None:
    """Become the user without a capability, and with no way to get one back."""
    if sys.platform == "linux":
        number = 0
        # The kernel refuses the first number that is no capability.
        while libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0:
            number += 1
    try:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    except OSError as problem:
        sys.exit(f"root may not become another user here ({problem.strerror}); run this as an ordinary user")
    if sys.platform == "linux":
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
