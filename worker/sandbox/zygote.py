"""`python -m worker.sandbox.zygote CONTROL SUPERVISOR`: a process with all codecs warm that forks one child per job.

It is started with an empty environment and never holds a secret, so its children have none to give away. It is
single-threaded, reads no image of a stranger, and ends with its supervisor: by the kernel's parent-death signal, and by
the end of the control socket.

Control socket: the zygote begins with `{"layers": ...}`, what the kernel has for the sandbox. It then gets one packet a
job, the request as JSON with three file descriptors: upload, result, and our end of the job's own socket; or
`{"keep": n}`, how many children are to be there, busy ones and ones that wait for a job. On a job's socket the
supervisor gets `{"started": pid}` with a pidfd, from the child a header and its outcome, and, when the child has been
reaped, `{"exit": status}`; if the socket ends without that, the zygote is gone.
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
from worker.sandbox import landlock, seccomp
from worker.sandbox.child import LARGEST_REQUEST, Surroundings, run_child
from worker.sandbox.rlimits import be_called, die_with_parent, drop_capabilities, give_up_privileges

GENEROUS = Limits(max_pixels=1 << 20, max_frames=10, max_result_bytes=1 << 20, memory_bytes=1 << 30, seconds=60)
READY = 1
"""Children to keep while nobody has said how many."""


@dataclass(frozen=True, slots=True)
class Child:
    """A forked child, and our end of the socket by which it gets its job."""

    pid: int
    pidfd: int
    channel: socket.socket


def main() -> None:
    """Serve until the control socket ends."""
    control, supervisor = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    die_with_parent(supervisor)
    give_up_privileges()
    be_called("zygote")
    # Ctrl-C reaches the whole group; what becomes of running jobs is the supervisor's decision.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warm_up()
    rehearse = rehearsal()
    with control, Path("/proc/self/statm").open("rb", buffering=0) as statm:
        drop_capabilities()
        layers = shut_in()
        # What exists now is shared with every child; the collector would touch, and so copy, all of it.
        gc.collect()
        gc.freeze()
        zygote = Zygote(control, rehearse, statm, filters=not layers["seccomp"])
        zygote.fork_first()
        # The supervisor may be gone before we are warm, because a setting of its is wrong; `serve` then ends at once.
        with suppress(BrokenPipeError):
            control.send(json.dumps({"layers": layers}).encode())
        zygote.serve()


def warm_up() -> None:
    """Take every codec through its work once, there and back, so that no child has to load or set up anything."""
    try:
        prepare_codecs()
    except CodecMismatch as error:
        sys.exit(str(error))
    start = io.BytesIO()
    Image.new("RGBA", (16, 16), (10, 20, 30, 40)).save(start, "PNG")
    for target in filter(is_installed, TARGETS):
        middle, end = io.BytesIO(), io.BytesIO()
        outcome = convert(_plain_request("png", target.name), start.getvalue(), middle)
        if target.reads and outcome.failure is None:
            outcome = convert(_plain_request(target.name, "png"), middle.getvalue(), end)
        if outcome.failure is not None:
            sys.exit(f"{target.title} does not work here: {outcome.failure.detail}")


def rehearsal() -> Callable[[], None]:
    """A small conversion for each child to do before its job: it copies the pages that every conversion writes to."""
    photo = io.BytesIO()
    Image.new("RGB", (32, 32), (10, 20, 30)).save(photo, "JPEG")
    request, data = _plain_request("jpeg", "webp"), photo.getvalue()

    def rehearse() -> None:
        convert(Request.from_json(request.as_json()), data, io.BytesIO()).as_json()

    return rehearse


def _plain_request(source: str, target: str) -> Request:
    return Request(source=source, target=target, options=Options(), limits=GENEROUS)


def shut_in() -> dict[str, str]:
    """Give up the file system for good, and try out a filter: for each layer why it is missing, empty where it is not."""
    layers = {"seccomp": _try_filter(), "landlock": ""}
    try:
        landlock.give_up_files()
    except landlock.LandlockMissing as error:
        layers["landlock"] = str(error)
    return layers


def _try_filter() -> str:
    """In a child, since there is no way back; its reason comes by a pipe."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            seccomp.install(seccomp.build(threads=False))
        except seccomp.SeccompMissing as error:
            os.write(writing, str(error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        reason = pipe.read()
    status = os.waitpid(pid, 0)[1]
    return reason or ("its process was killed" if status else "")


class Zygote:
    """Forks ahead, hands jobs to children that wait, and reaps them."""

    def __init__(self, control: socket.socket, rehearse: Callable[[], None], statm: BinaryIO, *, filters: bool) -> None:
        self._control, self._rehearse, self._statm, self._filters = control, rehearse, statm, filters
        self._keep = READY
        self._waiting: deque[Child] = deque()
        self._busy: dict[int, socket.socket] = {}
        """Our end of the job's socket, by the child's pid."""
        self._children: dict[int, Child] = {}
        """By pidfd."""
        self._poller = select.poll()
        self._poller.register(control, select.POLLIN)

    def fork_first(self) -> None:
        """The first child ahead: where that cannot be, nothing can be converted, and this process ends with the reason."""
        try:
            self._waiting.append(self._fork())
        except OSError as error:
            # Written before the socket ends, by which the supervisor knows, so that the reason stands above what it says.
            sys.stderr.write(f"no process can be started for conversions: {error}\n")
            sys.exit(1)

    def serve(self) -> None:
        """Until the control socket ends; then all children are killed."""
        self._refill()
        while True:
            for fd, _ in self._poller.poll():
                if fd != self._control.fileno():
                    self._reap(self._children.pop(fd))
                elif not self._listen():
                    self._end()
                    return

    def _listen(self) -> bool:
        """Take one packet; False at the end of the socket."""
        try:
            text, fds, _, _ = socket.recv_fds(self._control, LARGEST_REQUEST, 3)
        except ConnectionResetError:
            return False
        if fds:
            self._start(text, fds)
        elif text:
            self._keep = int(json.loads(text)["keep"])
            self._refill()
        return bool(text)

    def _start(self, text: bytes, fds: list[int]) -> None:
        """Hand a job to a child. If there can be none, its socket ends: the supervisor leaves the job to its lease."""
        answer = socket.socket(fileno=fds[2])
        try:
            child = self._next()
            # First of all, so that the supervisor knows this message for ours.
            tell(answer, {"started": child.pid}, child.pidfd)
            socket.send_fds(child.channel, [text], fds)
            self._busy[child.pid] = answer
        except (BrokenPipeError, ConnectionResetError):
            # The child has ended since it was told of: its supervisor may kill it from then on.
            answer.close()
        except OSError as error:
            answer.close()
            sys.stderr.write(f"a job could not be started: {error}\n")
        finally:
            os.close(fds[0])
            os.close(fds[1])

    def _next(self) -> Child:
        """A child that waits and lives, forked now if there is none. Raises OSError when there can be no more."""
        while self._waiting:
            child = self._waiting.popleft()
            poller = select.poll()
            poller.register(child.pidfd, select.POLLIN)
            if not poller.poll(0):
                return child
        return self._fork()

    def _fork(self) -> Child:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        surroundings = Surroundings(os.getpid(), self._space(), self._filters)
        with theirs:
            pid = os.fork()
            if pid == 0:
                run_child(theirs, self._rehearse, surroundings)
        child = Child(pid, _pidfd(pid), ours)
        self._children[child.pidfd] = child
        self._poller.register(child.pidfd, select.POLLIN)
        return child

    def _space(self) -> int:
        """Bytes of address space of this process, and so of a child that begins."""
        return int(os.pread(self._statm.fileno(), 64, 0).split()[0]) * resource.getpagesize()

    def _refill(self) -> None:
        """Fork ahead for as many jobs as there may be at the same time."""
        while len(self._children) < self._keep:
            try:
                self._waiting.append(self._fork())
            except OSError as error:
                sys.stderr.write(f"no child can be forked ahead: {error}\n")
                return

    def _reap(self, child: Child) -> None:
        """Take leave of a child that has ended, say how, and fork the next one."""
        self._poller.unregister(child.pidfd)
        _, status = os.waitpid(child.pid, 0)
        os.close(child.pidfd)
        child.channel.close()
        if child in self._waiting:
            self._waiting.remove(child)
        answer = self._busy.pop(child.pid, None)
        if answer is not None:
            tell(answer, {"exit": status})
            answer.close()
            # Not for one that died waiting: it could be all that it does.
            self._refill()

    def _end(self) -> None:
        for child in self._children.values():
            os.kill(child.pid, signal.SIGKILL)


def _pidfd(pid: int) -> int:
    """Raises OSError when there can be none; the child is gone then."""
    try:
        return os.pidfd_open(pid)
    except OSError:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise


def tell(answer: socket.socket, message: dict[str, int], *fds: int) -> None:
    """One packet to the supervisor, who may have heard enough of that job."""
    with suppress(BrokenPipeError, ConnectionResetError):
        socket.send_fds(answer, [json.dumps(message).encode()], fds)


if __name__ == "__main__":
    main()
