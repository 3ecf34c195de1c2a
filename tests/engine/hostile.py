"""A zygote whose children do what an upload tells them to, as if its bytes had taken them over.

An upload `do NAME` calls the function of that name here; any other is converted as usual.
"""

import ctypes
import errno
import json
import mmap
import os
import platform
import resource
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from core.failures import Failure, FailureCode
from engine import pipeline
from engine.request import Converted, Header, Outcome, Request, Source, failed
from worker.sandbox import child, seccomp, zygote
from worker.sandbox.confinement import load_libc

COLUMN = {"x86_64": 0, "aarch64": 1}[platform.machine()]
NUMBERS = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "io_uring_setup": (425, 425), "bpf": (321, 280),
    "unshare": (272, 97), "keyctl": (250, 219), "userfaultfd": (323, 282), "personality": (135, 92), "setns": (308, 268),
    "perf_event_open": (298, 241), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "memfd_create": (319, 279),
    "execveat": (322, 281), "mount": (165, 40), "openat2": (437, 437), "sendmsg": (46, 211), "fcntl": (72, 25),
    "process_vm_writev": (311, 271), "kill": (62, 129), "connect": (42, 203), "bind": (49, 200), "socketpair": (53, 199),
    "io_uring_enter": (426, 426), "pidfd_send_signal": (424, 424), "add_key": (248, 217), "open_by_handle_at": (304, 265),
    "init_module": (175, 105), "shmget": (29, 194), "pipe2": (293, 59), "dup": (32, 23), "getdents64": (217, 61),
    "prlimit64": (302, 261), "chroot": (161, 51), "landlock_restrict_self": (446, 446), "memfd_secret": (447, 447),
    "ioctl": (16, 29), "prctl": (157, 167), "rt_sigqueueinfo": (129, 138), "seccomp": (317, 277), "tkill": (200, 130),
}  # fmt: skip
"""System calls by their numbers on x86_64 and aarch64."""
LAST_NUMBER = 600
"""Beyond the newest system call."""
TRAMPOLINES = {"x86_64": {335, 336}, "aarch64": set[int]()}
"""uretprobe and uprobe, which the kernel makes of its own and filters on no process: whoever else makes one dies."""

JOB: list[child.Job] = []
READY = Converted(format="png", width=1, height=1, frames=1)
SEEN = Source(format="jpeg", width=1, height=1, frames=1)


def main() -> None:
    """As the zygote's, but for what its children do."""
    work = child._run_job

    def remembered(job: child.Job, filters: dict[bool, bytes], space: int) -> None:
        JOB.append(job)
        work(job, filters, space)

    vars(child).update(_run_job=remembered, convert=convert)
    zygote.main()


def convert(request: Request, data: bytes, sink: BinaryIO, admit: Callable[[Header], None]) -> Outcome:
    if not data.startswith(b"do "):
        return pipeline.convert(request, data, sink, admit)
    name, _, argument = data.decode()[3:].partition(" ")
    try:
        answer = f"succeeded: {DEEDS[name](argument)}"
    except OSError as error:
        answer = f"denied: {error.strerror or error}"
    return failed(Failure(FailureCode.INTERNAL, answer))


def run_program(_: str) -> None:
    os.execv("/bin/true", ["true"])  # noqa: S606


def start_thread(_: str) -> str:
    done: list[str] = []
    try:
        thread = threading.Thread(target=lambda: done.append("it ran"))
        thread.start()
    except RuntimeError as error:
        raise OSError(str(error)) from error
    thread.join()
    return done[0]


def by_number(name: str) -> int:
    result = int(load_libc().syscall(ctypes.c_long(NUMBERS[name][COLUMN]), 0, 0, 0, 0, 0, 0))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def sweep(_: str) -> str:
    """Try every system call that is not on the list, with nothing but zeros. Name those that were not denied."""
    ours = {*seccomp.MACHINES[platform.machine()].numbers.values(), *TRAMPOLINES[platform.machine()]}
    undenied = [number for number in range(LAST_NUMBER) if number not in ours and not is_denied(number)]
    return f"undenied: {undenied}"


def is_denied(number: int) -> bool:
    result = int(load_libc().syscall(ctypes.c_long(number), 0, 0, 0, 0, 0, 0))
    return result < 0 and ctypes.get_errno() == errno.EPERM


def write_file(path: str) -> None:
    Path(path).write_text("written")


def executable_memory(_: str) -> None:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC).close()


def send_descriptor(_: str) -> None:
    socket.send_fds(JOB[0].answer, [b"x"], [JOB[0].upload])


def more_memory(_: str) -> None:
    try:
        resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40))
    except ValueError as error:
        raise OSError(str(error)) from error


def environment(_: str) -> str:
    return json.dumps(sorted(os.environ)).replace('"', "'")


def speak(_: str) -> str:
    os.write(2, b"not for the log\n")
    return str(Path("/proc/self/fd/2").readlink())


def hog(_: str) -> None:
    kept = []
    while True:
        kept.append(bytearray(1 << 20))


def spin(_: str) -> None:
    while True:
        pass


def leave(_: str) -> None:
    os._exit(0)


def say(text: str) -> None:
    """And wait for what comes of it."""
    JOB[0].answer.send(text.encode())
    spin("")


def say_much(_: str) -> None:
    JOB[0].answer.send(b"x" * 100_000)
    spin("")


def flood(_: str) -> None:
    while True:
        JOB[0].answer.send(b'{"stderr": "more and more"}')


def two_headers(_: str) -> None:
    header = Header(source_area=1, target_area=1, frames=1, alpha=False).as_json()
    JOB[0].answer.send(header)
    JOB[0].answer.send(header)
    spin("")


def huge_header(_: str) -> None:
    JOB[0].answer.send(Header(source_area=(1 << 32) - 1, target_area=(1 << 32) - 1, frames=1000, alpha=True).as_json())
    JOB[0].answer.recv(16)
    hog("")


def claim_success(_: str) -> None:
    JOB[0].answer.send(Outcome(source=SEEN, converted=READY, failure=None, warnings=()).as_json())
    spin("")


def fill_result(_: str) -> None:
    at, block = 0, bytes(1 << 20)
    while True:
        at += os.pwrite(JOB[0].result, block, at)


def die(number: str) -> None:
    """By a signal that the process sends to itself."""
    signal.raise_signal(int(number))


DEEDS: dict[str, Callable[[str], object]] = {
    "socket": lambda _: socket.socket(),
    "unix-socket": lambda _: socket.socketpair(),
    "read-file": lambda path: Path(path).read_bytes(),
    "list-folder": lambda path: list(Path(path).iterdir()),
    "stat-file": lambda path: Path(path).stat().st_size,
    "write-file": write_file,
    "delete-file": lambda path: Path(path).unlink(),
    "fork": lambda _: os.fork(),
    "exec": run_program,
    "signal-parent": lambda _: os.kill(os.getppid(), 0),
    "signal-any": lambda pid: os.kill(int(pid), 0),
    "thread": start_thread,
    "environment": environment,
    "environment-file": lambda _: Path("/proc/self/environ").read_bytes(),
    "memory-of-parent": lambda _: Path(f"/proc/{os.getppid()}/mem").read_bytes(),
    "call": by_number,
    "executable-memory": executable_memory,
    "send-descriptor": send_descriptor,
    "more-memory": more_memory,
    "speak": speak,
    "sweep": sweep,
    "crash": lambda _: ctypes.string_at(0),
    "abort": lambda _: os.abort(),
    "die": die,
    "spin": spin,
    "hog": hog,
    "leave": leave,
    "say": say,
    "say-much": say_much,
    "flood": flood,
    "two-headers": two_headers,
    "huge-header": huge_header,
    "claim-success": claim_success,
    "fill-result": fill_result,
}

if __name__ == "__main__":
    main()
