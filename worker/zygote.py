"""`python -m worker.zygote CONTROL SUPERVISOR`: a process with all codecs warm that forks one child per job.

It is started with an empty environment and never holds a secret, so its children have none to give away. It is
single-threaded, reads no image itself, and ends with its supervisor: by the kernel's parent-death signal, and by the
end of the control socket.

Control socket, one packet a job: the request as JSON, with three file descriptors: upload, result, and our end of the
job's own socket. On that, the supervisor gets `{"started": pid}` with a pidfd, from the child its outcome, and, when
the child has been reaped, `{"exit": status}`; if the socket ends without that, the zygote is gone.
"""

import gc
import io
import json
import os
import select
import signal
import socket
import sys
from dataclasses import dataclass

from PIL import Image

from core.formats import TARGETS, is_installed
from core.options import Options
from worker.child import run_child
from worker.confine import die_with_parent, give_up_privileges
from worker.opening import prepare_codecs
from worker.pipeline import convert
from worker.request import Limits, Request

LARGEST_REQUEST = 1 << 16
GENEROUS = Limits(max_pixels=1 << 20, max_frames=10, max_result_bytes=1 << 20, memory_bytes=1 << 30, seconds=60)


@dataclass(frozen=True, slots=True)
class Job:
    """A running child, and our end of its job's socket."""

    pid: int
    pidfd: int
    answer: socket.socket


def main() -> None:
    """Serve until the control socket ends."""
    control, supervisor = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    die_with_parent(supervisor)
    give_up_privileges()
    # Ctrl-C reaches the whole group; what becomes of running jobs is the supervisor's decision.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warm_up()
    # What exists now is shared with every child; the collector would touch, and so copy, all of it.
    gc.collect()
    gc.freeze()
    with control:
        serve(control)


def warm_up() -> None:
    """Take every codec through its work once, there and back, so that no child has to load or set up anything."""
    prepare_codecs()
    start = io.BytesIO()
    Image.new("RGBA", (16, 16), (10, 20, 30, 40)).save(start, "PNG")
    for target in filter(is_installed, TARGETS):
        middle, end = io.BytesIO(), io.BytesIO()
        outcome = convert(_plain_request("png", target.name), start.getvalue(), middle)
        if target.reads and outcome.failure is None:
            outcome = convert(_plain_request(target.name, "png"), middle.getvalue(), end)
        if outcome.failure is not None:
            sys.exit(f"{target.title} does not work here: {outcome.failure.detail}")


def _plain_request(source: str, target: str) -> Request:
    return Request(source=source, target=target, options=Options(), limits=GENEROUS)


def serve(control: socket.socket) -> None:
    """Fork for each request, reap each child; return at the end of the control socket, all children gone."""
    jobs: dict[int, Job] = {}
    poller = select.poll()
    poller.register(control, select.POLLIN)
    while True:
        for fd, _ in poller.poll():
            if fd != control.fileno():
                poller.unregister(fd)
                reap(jobs.pop(fd))
            elif (job := accept(control)) is None:
                for left in jobs.values():
                    os.kill(left.pid, signal.SIGKILL)
                return
            elif isinstance(job, Job):
                jobs[job.pidfd] = job
                poller.register(job.pidfd, select.POLLIN)


def accept(control: socket.socket) -> Job | OSError | None:
    """Start the next job: its child, the error of a fork that was refused, or None at the end of the socket."""
    text, fds, _, _ = socket.recv_fds(control, LARGEST_REQUEST, 3)
    if not text:
        return None
    upload, result, answer = fds[0], fds[1], socket.socket(fileno=fds[2])
    try:
        job = start(Request.from_json(text), upload, result, answer)
    except OSError as error:
        # The socket ends without an exit: the supervisor leaves the job to its lease.
        answer.close()
        return error
    finally:
        os.close(upload)
        os.close(result)
    tell(answer, {"started": job.pid}, job.pidfd)
    return job


def start(request: Request, upload: int, result: int, answer: socket.socket) -> Job:
    """Fork the child of a job. Raises OSError when there can be no more processes."""
    zygote = os.getpid()
    pid = os.fork()
    if pid == 0:
        run_child(request, upload, result, answer, zygote)
    return Job(pid, os.pidfd_open(pid), answer)


def reap(job: Job) -> None:
    """Take leave of a child that has ended, and say how."""
    _, status = os.waitpid(job.pid, 0)
    tell(job.answer, {"exit": status})
    os.close(job.pidfd)
    job.answer.close()


def tell(answer: socket.socket, message: dict[str, int], *fds: int) -> None:
    """One packet to the supervisor, who may have left."""
    try:
        socket.send_fds(answer, [json.dumps(message).encode()], fds)
    except OSError as error:
        sys.stderr.write(f"the supervisor of a job does not listen any more: {error}\n")


if __name__ == "__main__":
    main()
