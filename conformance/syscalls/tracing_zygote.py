"""A zygote whose children report every system call that they make behind their filter.

The kernel hands each call of a child to a helper process (seccomp's user notification), which counts it and lets it go
on. What the filter denies is denied here too. A line of JSON a child is written to the file of `find_log`.
"""

import ctypes
import fcntl
import json
import os
import platform
import select
import socket
import struct
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from engine.request import Request
from worker.sandbox import child, confinement, seccomp, zygote

SECCOMP_SET_MODE_FILTER = 1
NEW_LISTENER = 8
RET_USER_NOTIF = 0x7FC00000
RECEIVE, ANSWER = 0xC050_2100, 0xC018_2101
"""SECCOMP_IOCTL_NOTIF_RECV and SECCOMP_IOCTL_NOTIF_SEND."""
CONTINUE = 1
CALLS = {
    "x86_64": {"seccomp": 317, "sendmsg": 46, "prctl": 157},
    "aarch64": {"seccomp": 277, "sendmsg": 211, "prctl": 167},
}
"""`sendmsg` hands the listener to the helper, so it is not watched. `prctl` installs the worker's filter."""

WATCHED: list[tuple[Request, socket.socket]] = []
"""In a child: its job, and the socket to its helper."""


def find_log(supervisor: int) -> Path:
    """Return the file that the children of that supervisor write to."""
    return Path(tempfile.gettempdir()) / f"imagemill-syscalls-{supervisor}.jsonl"


def main() -> None:
    """Serve as the worker's zygote does, with children that are watched."""
    log = os.open(find_log(int(sys.argv[2])), os.O_WRONLY | os.O_APPEND)
    work, close, install = child._run_job, confinement.close_all_but, confinement.install_filter

    def run_watched(job: child.Job, filters: dict[bool, bytes], space: int) -> None:
        WATCHED.append((job.request, start_helper(job.request, log)))
        work(job, filters, space)

    def keep_log(kept: Iterable[int]) -> None:
        close([*kept, log])

    def install_both(program: bytes) -> None:
        if WATCHED:
            hand_over_listener(WATCHED[0][1])
        install(program)

    vars(child).update(_run_job=run_watched)
    vars(confinement).update(close_all_but=keep_log, install_filter=install_both)
    zygote.main()


def start_helper(request: Request, log: int) -> socket.socket:
    """Fork the helper before the limits deny it. Return the socket to it."""
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        ours.close()
        _, fds, _, _ = socket.recv_fds(theirs, 16, 1)
        calls = count_calls(fds[0])
        line = {"source": request.source, "target": request.target, "calls": calls}
        os.write(log, json.dumps(line).encode() + b"\n")
        os._exit(0)
    theirs.close()
    return ours


def hand_over_listener(channel: socket.socket) -> None:
    """Ask the kernel to notify about every call from now on, and send the listener to the helper."""
    listener = install_listener()
    socket.send_fds(channel, [b"x"], [listener])
    os.close(listener)
    channel.close()


def count_calls(listener: int) -> dict[str, int]:
    """Let every call go on until the watched process has ended. Count those behind the worker's own filter."""
    counts, begun, poller = Counter[int](), False, select.poll()
    poller.register(listener, select.POLLIN)
    while poller.poll()[0][1] & select.POLLIN:
        packet = bytearray(80)
        # The process may end between the poll and either call.
        with suppress(OSError):
            fcntl.ioctl(listener, RECEIVE, packet)
            number = struct.unpack_from("i", packet, 16)[0]
            if begun:
                counts[number] += 1
            begun = begun or number == CALLS[platform.machine()]["prctl"]
            fcntl.ioctl(listener, ANSWER, struct.pack("QqiI", *struct.unpack_from("Q", packet), 0, 0, CONTINUE))
    return {str(number): count for number, count in counts.items()}


def install_listener() -> int:
    """Put the notifying filter on this thread and its future threads. Return the listener."""
    calls = CALLS[platform.machine()]
    program = b"".join((
        seccomp._load_word(seccomp.NR_AT),
        seccomp._jump(seccomp.IF_EQUAL, calls["sendmsg"], 0, 1),
        seccomp.ALLOW,
        seccomp._return(RET_USER_NOTIF),
    ))  # fmt: skip
    code = ctypes.create_string_buffer(program, len(program))
    packed = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
    libc = confinement.load_libc()
    listener = int(libc.syscall(ctypes.c_long(calls["seccomp"]), SECCOMP_SET_MODE_FILTER, NEW_LISTENER, packed))
    if listener < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return listener


if __name__ == "__main__":
    main()
