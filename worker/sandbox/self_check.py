"""Try the system-call filter in a child before any job: it must deny what a child that was taken over would do."""

import ctypes
import os
import socket
from collections.abc import Callable, Mapping

from worker.sandbox import confinement

PTRACE_SEIZE = 0x4206
"""Attaches without stopping the process, and lets it go when the tracer ends."""


def trace_zygote() -> None:
    """Attach to the parent as a debugger does."""
    if confinement.load_libc().ptrace(PTRACE_SEIZE, ctypes.c_int(os.getppid()), None, None) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def fork_process() -> None:
    """Fork. The new process ends at once."""
    if os.fork() == 0:
        os._exit(0)


LARGEST_ANSWER = 4096

DEEDS: Mapping[str, Callable[[], object]] = {
    "start a process": fork_process,
    "trace the zygote": trace_zygote,
    "open a socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
    "open a file": lambda: os.open("/", os.O_RDONLY),
    "signal the zygote": lambda: os.kill(os.getppid(), 0),
}
"""What a child must be denied: the ways to other processes, to Redis and PostgreSQL, and to files."""


HOLDS = "holds"


def check_filter() -> str:
    """Try the filter in a child, because it cannot be removed. Return why it does not hold here, or nothing."""
    # A socket: behind the filter a child may send, but not write to a pipe.
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        pid = os.fork()
        if pid == 0:
            try:
                theirs.send(_try_deeds().encode())
            finally:
                os._exit(0)
        theirs.close()
        answer = ours.recv(LARGEST_ANSWER).decode()
    os.waitpid(pid, 0)
    if answer == HOLDS:
        return ""
    return answer or "the process that tried it was killed"


def _try_deeds() -> str:
    """Install the filter. Return why it cannot be installed, what it does not deny, or HOLDS."""
    try:
        confinement.install_filter(confinement.build_filter(threads=False))
    except confinement.LayerMissing as error:
        return str(error)
    undenied = [name for name, deed in DEEDS.items() if not _is_denied(deed)]
    return f"it does not deny a child to {', to '.join(undenied)}" if undenied else HOLDS


def _is_denied(deed: Callable[[], object]) -> bool:
    try:
        deed()
    except OSError as error:
        # Any other error comes from behind the filter.
        return isinstance(error, PermissionError)
    return False
