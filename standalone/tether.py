"""Become another program that does not outlive its parent: a script of its own, run by `standalone.children`.

    tether.py SIGNAL PARENT UID GID COMMAND...

SIGNAL is what the program gets when the process PARENT ends for whatever reason (Linux; elsewhere
nothing happens then). A UID of -1 keeps the user. It is a script, not a function run between fork
and exec, because that is not safe in a process with threads; it takes about 20 ms.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(orphaned: str, parent: str, uid: str, gid: str, *command: str) -> None:
    """Drop to the user, tie to the parent (in this order: a change of user unties), exec the command."""
    if int(uid) >= 0:
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(orphaned), 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit("the launcher is gone")
    os.execv(command[0], command)  # noqa: S606 - becoming that program is the purpose


if __name__ == "__main__":
    main(*sys.argv[1:])
