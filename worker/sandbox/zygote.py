"""`python -m worker.sandbox.zygote CONTROL SUPERVISOR [required]`: a process with all codecs warm, forking one child per job.

It starts with an empty environment and never holds a secret, so its children cannot leak one. It is single-threaded and
reads no upload. It ends with its supervisor, by the parent-death signal and by the end of the control socket.

Control socket: the zygote first sends `{"layers": ...}`, what the kernel has for the sandbox. Then it receives packets
of three kinds. A job is a request as JSON with three file descriptors: upload, result, and our end of the job's socket.
`{"keep": n}` is the number of children to keep, busy and waiting ones together. `{"retire": true}` is the last packet:
running children finish, and then the zygote ends.

Job's socket: the supervisor receives `{"started": pid}` with a pidfd, then the child's header and outcome, and
`{"exit": status}` once the child was reaped, and what it used (worker.sandbox.usage). A socket that ends without an exit
status means that the zygote is gone.
"""

import gc
import io
import json
import os
import resource
import select
import signal
import socket
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from core.formats import TARGETS, is_installed
from core.options import Options
from engine.codecs.registry import CodecMismatch, prepare_codecs
from engine.pipeline import convert
from engine.request import Limits, Request
from worker.sandbox import confinement
from worker.sandbox.child import LARGEST_REQUEST, Surroundings, run_child
from worker.sandbox.protocol import REQUIRED
from worker.sandbox.self_check import check_filter
from worker.sandbox.usage import reap_process

GENEROUS = Limits(max_pixels=1 << 20, max_frames=10, max_result_bytes=1 << 20, memory_bytes=1 << 30, seconds=60)
READY = 1
"""Children to keep until a packet says how many."""


@dataclass(frozen=True, slots=True)
class Child:
    """A forked child, and our end of the socket for its job."""

    pid: int
    pidfd: int
    channel: socket.socket


def main() -> None:
    """Serve until the control socket ends."""
    control, supervisor = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    confinement.set_parent_death_signal(supervisor)
    confinement.give_up_privileges()
    confinement.set_process_name("zygote")
    # Ctrl-C reaches the whole group, but the supervisor decides about running jobs.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warm_up()
    warm_up_child = make_child_warm_up()
    with control, Path("/proc/self/statm").open("rb", buffering=0) as statm:
        confinement.drop_capabilities()
        layers = apply_layers()
        refuse_missing_filter(layers["seccomp"])
        # Every child shares the objects that exist now. The collector would touch them, and so copy their pages.
        gc.collect()
        gc.freeze()
        return_free_memory()
        zygote = Zygote(control, warm_up_child, statm, filters=not layers["seccomp"])
        zygote.fork_first()
        # A supervisor with a wrong setting may be gone before we are warm. `serve_jobs` then ends at once.
        with suppress(BrokenPipeError):
            control.send(json.dumps({"layers": layers}).encode())
        zygote.serve_jobs()


def apply_layers() -> dict[str, str]:
    """Try a filter, and give up the file system for good. Return for each layer why it is missing, or nothing."""
    layers = {"seccomp": check_filter(), "landlock": ""}
    try:
        confinement.give_up_files()
    except confinement.LayerMissing as error:
        layers["landlock"] = str(error)
    return layers


def refuse_missing_filter(reason: str) -> None:
    """Exit when a filter is missing that the supervisor requires. The first zygote starts before it can know."""
    if reason and sys.argv[3:] == [REQUIRED]:
        sys.exit(f"the system-call filter is missing: {reason}")


def warm_up() -> None:
    """Run every codec once, there and back, so that no child has to load or set up anything."""
    try:
        prepare_codecs()
    except CodecMismatch as error:
        sys.exit(str(error))
    start = io.BytesIO()
    Image.new("RGBA", (16, 16), (10, 20, 30, 40)).save(start, "PNG")
    for target in filter(is_installed, TARGETS):
        middle, end = io.BytesIO(), io.BytesIO()
        outcome = convert(_make_request("png", target.name), start.getvalue(), middle)
        if target.reads and outcome.failure is None:
            outcome = convert(_make_request(target.name, "png"), middle.getvalue(), end)
        if outcome.failure is not None:
            sys.exit(f"{target.title} does not work here: {outcome.failure.detail}")


def make_child_warm_up() -> Callable[[], None]:
    """Return a small conversion for each child to run before its job. It copies the commonly written pages early."""
    photo = io.BytesIO()
    Image.new("RGB", (32, 32), (10, 20, 30)).save(photo, "JPEG")
    request, data = _make_request("jpeg", "webp"), photo.getvalue()

    def warm_up_child() -> None:
        convert(Request.from_json(request.as_json()), data, io.BytesIO()).as_json()

    return warm_up_child


def return_free_memory() -> None:
    """Give what malloc holds free back to the kernel.

    Else each child would find it in its heap, beyond its limit, and would copy every page of it that it uses.
    """
    trim = getattr(confinement.load_libc(), "malloc_trim", None)  # Only glibc keeps that much, and has this.
    if trim is not None:
        trim(0)


def _make_request(source: str, target: str) -> Request:
    return Request(source=source, target=target, options=Options(), limits=GENEROUS)


class Zygote:
    """Forks children ahead, gives jobs to waiting ones, and reaps them."""

    def __init__(
        self, control: socket.socket, warm_up_child: Callable[[], None], statm: BinaryIO, *, filters: bool
    ) -> None:
        self._control, self._warm_up, self._statm, self._filters = control, warm_up_child, statm, filters
        self._keep = READY
        self._retires = False
        self._waiting: deque[Child] = deque()
        self._busy: dict[int, socket.socket] = {}
        """Our end of the job's socket, by the child's pid."""
        self._children: dict[int, Child] = {}
        """By pidfd."""
        self._poller = select.poll()
        self._poller.register(control, select.POLLIN)

    def fork_first(self) -> None:
        """Fork the first child. When that fails nothing can be converted, so exit with the reason."""
        try:
            self._waiting.append(self._fork_child())
        except OSError as error:
            # Written before the socket ends, so that the reason stands above the supervisor's own line.
            sys.stderr.write(f"no process can be started for conversions: {error}\n")
            sys.exit(1)

    def serve_jobs(self) -> None:
        """Serve until the control socket ends, then kill all children. Retired, serve until the last child has ended."""
        self._fork_ahead()
        while self._children or not self._retires:
            for fd, _ in self._poller.poll():
                if fd != self._control.fileno():
                    self._reap_child(self._children.pop(fd))
                elif not self._read_packet():
                    self._kill_children()
                    return

    def _read_packet(self) -> bool:
        """Read one packet; False at the end of the socket."""
        try:
            text, fds, _, _ = socket.recv_fds(self._control, LARGEST_REQUEST, 3)
        except ConnectionResetError:
            return False
        if fds:
            self._start_job(text, fds)
        elif text:
            self._follow_order(json.loads(text))
        return bool(text)

    def _follow_order(self, order: dict[str, int]) -> None:
        self._retires = "retire" in order
        self._keep = 0 if self._retires else order["keep"]
        if self._retires:
            # A waiting child ends with its socket.
            for child in self._waiting:
                child.channel.close()
        self._fork_ahead()

    def _start_job(self, text: bytes, fds: list[int]) -> None:
        """Give a job to a child. When there is none the job's socket ends, and the supervisor tries again."""
        answer = socket.socket(fileno=fds[2])
        try:
            child = self._take_child()
            # Sent before the child has the socket, so that this message can only be ours.
            send_message(answer, {"started": child.pid}, child.pidfd)
            socket.send_fds(child.channel, [text], fds)
            self._busy[child.pid] = answer
        except (BrokenPipeError, ConnectionResetError):
            # The child has ended: its supervisor may kill it as soon as it knows the pid.
            answer.close()
        except OSError as error:
            answer.close()
            sys.stderr.write(f"a job could not be started: {error}\n")
        finally:
            os.close(fds[0])
            os.close(fds[1])

    def _take_child(self) -> Child:
        """Return a living waiting child, or fork one. Raises OSError when no more can be forked."""
        while self._waiting:
            child = self._waiting.popleft()
            poller = select.poll()
            poller.register(child.pidfd, select.POLLIN)
            if not poller.poll(0):
                return child
        return self._fork_child()

    def _fork_child(self) -> Child:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        surroundings = Surroundings(os.getpid(), self._measure_space(), self._filters)
        with theirs:
            pid = os.fork()
            if pid == 0:
                run_child(theirs, self._warm_up, surroundings)
        child = Child(pid, _open_pidfd(pid), ours)
        self._children[child.pidfd] = child
        self._poller.register(child.pidfd, select.POLLIN)
        return child

    def _measure_space(self) -> int:
        """Return the address space of this process in bytes. A new child has the same."""
        return int(os.pread(self._statm.fileno(), 64, 0).split()[0]) * resource.getpagesize()

    def _fork_ahead(self) -> None:
        """Fork ahead until there is a child for each possible job."""
        while len(self._children) < self._keep:
            try:
                self._waiting.append(self._fork_child())
            except OSError as error:
                sys.stderr.write(f"no child can be forked ahead: {error}\n")
                return

    def _reap_child(self, child: Child) -> None:
        """Reap an ended child, report its exit status, and fork the next one."""
        self._poller.unregister(child.pidfd)
        status, used = reap_process(child.pid)
        os.close(child.pidfd)
        child.channel.close()
        if child in self._waiting:
            self._waiting.remove(child)
        answer = self._busy.pop(child.pid, None)
        if answer is not None:
            send_message(answer, {"exit": status})
            with suppress(BrokenPipeError, ConnectionResetError):
                answer.send(used)
            answer.close()
            # Not for one that died waiting: if every child dies so, this would fork for ever.
            self._fork_ahead()

    def _kill_children(self) -> None:
        for child in self._children.values():
            os.kill(child.pid, signal.SIGKILL)


def _open_pidfd(pid: int) -> int:
    """Open a pidfd. Raises OSError when the kernel refuses it, with the child killed."""
    try:
        return os.pidfd_open(pid)
    except OSError:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise


def send_message(answer: socket.socket, message: dict[str, int], *fds: int) -> None:
    """Send one packet to the supervisor, unless it has closed the socket."""
    with suppress(BrokenPipeError, ConnectionResetError):
        socket.send_fds(answer, [json.dumps(message).encode()], fds)


if __name__ == "__main__":
    main()
