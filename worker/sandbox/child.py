"""What happens in the child of one job: it gets ready, waits for the job, shuts itself in, converts, and answers.

It is forked ahead, so that the fork and the memory that a first conversion touches cost the job no time. It is thrown
away afterwards, whatever the bytes that it read have made of it.
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

from engine.errors import explain
from engine.pipeline import convert
from engine.request import Header, Outcome, Request, failed
from worker.sandbox import seccomp
from worker.sandbox.protocol import GO, said
from worker.sandbox.result_file import open_result
from worker.sandbox.rlimits import be_called, close_all_but, die_with_parent, limit_self

LARGEST_REQUEST = 1 << 16

THREADED = frozenset({"avif", "heic"})
"""Formats whose libraries may start threads; all others get none.

libde265 and x265 start some though they are set to one. libaom and dav1d, set to one, start none; other libraries that
Pillow may be built with for AVIF do.
"""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a child knows from its zygote: its process id, its address space in bytes, and whether there are filters."""

    zygote: int
    space: int
    filters: bool


@dataclass(frozen=True, slots=True)
class Job:
    """What a child was given: the request, the files, and its end of the job's socket."""

    request: Request
    upload: int
    result: int
    answer: socket.socket


def run_child(channel: socket.socket, rehearse: Callable[[], None], surroundings: Surroundings) -> NoReturn:
    """Live as a child: `channel` brings the one job; `rehearse` is a conversion that warms up."""
    status = 1
    try:
        die_with_parent(surroundings.zygote)
        be_called("waiting")
        close_all_but({0, 1, 2, channel.fileno()})
        warnings.simplefilter("ignore")
        rehearse()
        filters = {threads: seccomp.build(threads=threads) for threads in (False, True) if surroundings.filters}
        job = _receive(channel)
        if job is not None:
            _work(job, filters, surroundings.space)
        status = 0
    except BaseException:  # noqa: BLE001 - without an answer the supervisor says decoder_crashed
        traceback.print_exc(file=sys.stderr)
    finally:
        os._exit(status)


def _receive(channel: socket.socket) -> Job | None:
    """The job; None when the zygote is gone."""
    text, fds, _, _ = socket.recv_fds(channel, LARGEST_REQUEST, 3)
    channel.close()
    if not text:
        return None
    return Job(Request.from_json(text), fds[0], fds[1], socket.socket(fileno=fds[2]))


def _work(job: Job, filters: dict[bool, bytes], space: int) -> None:
    """Nothing that the upload makes of this process gets further than the job's two files and its socket."""
    be_called("converting")
    words = _silence()
    request = job.request
    try:
        threads = bool({request.source, request.target} & THREADED)
        grant = request.grant or request.limits.memory_bytes
        # Asked for now: some C libraries do it by way of a call that takes paths.
        size = os.fstat(job.upload).st_size
        limit_self(request.limits, space=space, grant=grant, threads=threads)
        if filters:
            seccomp.install(filters[threads])
        outcome = _convert(job, size)
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        if text := words.getvalue():
            job.answer.send(said(text))
    job.answer.send(outcome.as_json())


def _silence() -> io.StringIO:
    """What comes on stderr is kept for the supervisor: the log is no place for a stranger to write to."""
    os.dup2(1, 2)
    sys.stderr = words = io.StringIO()
    return words


def _convert(job: Job, size: int) -> Outcome:
    limits = job.request.limits

    def admit(header: Header) -> None:
        job.answer.send(header.as_json())
        if job.answer.recv(len(GO)) != GO:
            sys.exit("the supervisor is gone")

    try:
        data = os.pread(job.upload, size, 0)
        return convert(job.request, data, open_result(job.result, limits.max_result_bytes), admit)
    except MemoryError as error:
        return failed(explain(error, limits))
