"""The child of one job: it warms up, waits for the job, applies the sandbox, converts, and answers.

It is forked ahead, so that neither the fork nor the first touch of memory costs the job time. It runs one job only, so
hostile bytes can never reach a second one.
"""

import io
import os
import socket
import sys
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from engine.codecs.registry import find_threaded
from engine.errors import explain, tell_reason
from engine.pipeline import convert
from engine.request import Header, Outcome, Request, failed
from worker.sandbox import confinement
from worker.sandbox.protocol import GO, encode_stderr
from worker.sandbox.result_file import open_result

LARGEST_REQUEST = 1 << 16


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Facts from the zygote: its process id, its address space in bytes, and whether the kernel has filters."""

    zygote: int
    space: int
    filters: bool


@dataclass(frozen=True, slots=True)
class Job:
    """The job of a child: the request, the files, and its end of the job's socket."""

    request: Request
    upload: int
    result: int
    answer: socket.socket


def run_child(channel: socket.socket, warm_up_child: Callable[[], None], surroundings: Surroundings) -> NoReturn:
    """Run as a child. `channel` brings the one job; `warm_up_child` touches memory first, by a small conversion."""
    status = 1
    try:
        confinement.set_parent_death_signal(surroundings.zygote)
        confinement.set_process_name("waiting")
        confinement.close_all_but({0, 1, 2, channel.fileno()})
        warnings.simplefilter("ignore")
        warm_up_child()
        filters = {
            threads: confinement.build_filter(threads=threads) for threads in (False, True) if surroundings.filters
        }
        job = _receive_job(channel)
        if job is not None:
            _run_job(job, filters, surroundings.space)
        status = 0
    except BaseException:  # noqa: BLE001 - without an answer the supervisor says decoder_crashed
        traceback.print_exc(file=sys.stderr)
    finally:
        os._exit(status)


def _receive_job(channel: socket.socket) -> Job | None:
    """Wait for the job; None when the zygote is gone."""
    text, fds, _, _ = socket.recv_fds(channel, LARGEST_REQUEST, 3)
    channel.close()
    if not text:
        return None
    return Job(Request.from_json(text), fds[0], fds[1], socket.socket(fileno=fds[2]))


def _run_job(job: Job, filters: dict[bool, bytes], space: int) -> None:
    """Apply the sandbox and convert. From then on this process reaches the job's two files and its socket only."""
    confinement.set_process_name("converting")
    words = _capture_stderr()
    request = job.request
    try:
        threads = bool({request.source, request.target} & find_threaded())
        granted = request.granted_bytes or request.limits.memory_bytes
        # Before the filter: some C libraries implement fstat with a call that takes paths.
        size = os.fstat(job.upload).st_size
        confinement.apply_limits(request.limits, space=space, granted=granted, threads=threads)
        if filters:
            confinement.install_filter(filters[threads])
        outcome = _convert_upload(job, size)
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        if text := words.getvalue():
            job.answer.send(encode_stderr(text))
    job.answer.send(outcome.as_json())


def _capture_stderr() -> io.StringIO:
    """Keep stderr for the supervisor. A child must not write to the log itself."""
    os.dup2(1, 2)
    sys.stderr = words = io.StringIO()
    return words


def _convert_upload(job: Job, size: int) -> Outcome:
    limits = job.request.limits

    def wait_for_memory(header: Header) -> None:
        job.answer.send(header.as_json())
        if job.answer.recv(len(GO)) != GO:
            sys.exit("the supervisor is gone")

    try:
        data = os.pread(job.upload, size, 0)
        return convert(job.request, data, open_result(job.result, limits.max_result_bytes), wait_for_memory)
    except MemoryError as error:
        return failed(explain(error, limits), tell_reason(error))
