"""Faults of clients, of the machine, and several at once."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import psutil

from conformance.faults import postgres_rows, redis_rows
from conformance.faults.network_rows import PAIRS, SILENT, weathered
from conformance.faults.program_rows import done, each_of, restarted, signaled
from conformance.faults.rows import Fault, Row
from conformance.faults.stand import API_NAMES, NAMES, WORKER_NAMES, Stand
from conformance.faults.traffic import Manner

BUSY_SECONDS = 30
"""At most."""
KILL, TERM = signal.SIGKILL, signal.SIGTERM
HALF_FORM = (
    b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 900000\r\n\r\n"
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + bytes(200_000)
)


@contextmanager
def half_uploads(stand: Stand) -> Iterator[None]:
    """Clients send a part of a form and are gone, forty times."""
    for number in range(40):
        with (
            suppress(OSError),
            socket.create_connection(("127.0.0.1", stand.doors[API_NAMES[number % 2]].port), 5) as one,
        ):
            one.sendall(HALF_FORM)
        time.sleep(0.05)
    yield


@contextmanager
def standing_uploads(stand: Stand) -> Iterator[None]:
    """Sixty clients send a part of a form, and then nothing."""
    with ExitStack() as stack:
        for number in range(60):
            port = stand.doors[API_NAMES[number % 2]].port
            stack.enter_context(socket.create_connection(("127.0.0.1", port), 5)).sendall(HALF_FORM[:70_000])
        yield


def together(*faults: Fault) -> Fault:
    """Make a fault of several at once."""

    @contextmanager
    def fault(stand: Stand) -> Iterator[None]:
        with ExitStack() as stack:
            for each in faults:
                stack.enter_context(each(stand))
            yield

    return fault


@contextmanager
def full_spool(stand: Stand) -> Iterator[None]:
    """The disk of the APIs' temporary files is full. It is that of PostgreSQL too."""
    with postgres_rows.full_disk(stand):
        yield


def limited(kind: int, soft: int) -> Fault:
    """Make a fault of a limit of the kernel on both APIs."""

    @contextmanager
    def fault(stand: Stand) -> Iterator[None]:
        processes = [psutil.Process(stand.processes[name].pid) for name in API_NAMES]
        before = [process.rlimit(kind) for process in processes]
        for process, (_, hard) in zip(processes, before, strict=True):
            process.rlimit(kind, (soft, hard))
        yield
        for process, limits in zip(processes, before, strict=True):
            process.rlimit(kind, limits)

    return fault


@contextmanager
def busy_machine(_: Stand) -> Iterator[None]:
    """Two other programs take what they get of the processors."""
    burn = [
        sys.executable,
        "-c",
        f"import time\nend = time.monotonic() + {BUSY_SECONDS}\nwhile time.monotonic() < end: pass",
    ]
    others = [subprocess.Popen(burn) for _ in range(2)]
    yield
    for other in others:
        other.kill()
        other.wait()


def client(name: str, says: str, fault: Fault, **more: object) -> Row:
    return Row(name=name, kind="clients", says=says, fault=fault, **more)  # type: ignore[arg-type] # fields of Row


def several(name: str, says: str, *faults: Fault, **more: object) -> Row:
    return Row(name=name, kind="several", says=says, fault=together(*faults), **more)  # type: ignore[arg-type] # fields of Row


NOTHING = done(lambda _: None)

ROWS = (
    client("clients-leave", "half of the clients send all, leave before the answer, and send it again", NOTHING,
           manner=Manner(leave=0.5)),
    client("clients-twice", "half of the clients send the same to both APIs at once", NOTHING, manner=Manner(twice=0.5),
           is_quick=True),
    client("clients-twice-killed", "the same, and an API is killed", signaled(KILL, "api-2"), manner=Manner(twice=0.5),
           loses_answers=True),
    client("clients-half", "forty clients send a part of a form and are gone", half_uploads),
    client("clients-stand", "sixty clients send a part of a form and then nothing", standing_uploads),
    client("clients-cancel", "half of the jobs are canceled", NOTHING, manner=Manner(cancel=0.5)),
    client("clients-cancel-kill", "half of the jobs are canceled, and all workers killed", signaled(KILL, *WORKER_NAMES),
           manner=Manner(cancel=0.5)),
    client("clients-cancel-redis", "half of the jobs are canceled while Redis is away", redis_rows.restarted_server,
           manner=Manner(cancel=0.5)),
    client("clients-cancel-drain", "half of the jobs are canceled while the workers drain",
           restarted(TERM, *WORKER_NAMES), manner=Manner(cancel=0.5)),
    client("clients-burst", "three times as many submissions", NOTHING, manner=Manner(rate=30.0, hold=0.3)),
    client("clients-leave-postgres", "half leave before the answer, and PostgreSQL restarts", postgres_rows.restarted_server,
           manner=Manner(leave=0.5)),
    several("both-restart", "PostgreSQL and Redis restarted", postgres_rows.restarted_server, redis_rows.restarted_server),
    several("both-silent", "PostgreSQL and Redis silent", each_of(postgres_rows.on("pause"), redis_rows.on("pause")),
            seconds=5.5),
    several("flush-and-kill", "FLUSHALL, and all workers killed", done(redis_rows.ask("FLUSHALL")), signaled(KILL, *WORKER_NAMES)),
    several("ghosts-and-kill", "all that is held is acknowledged by somebody else, and all workers killed",
        done(redis_rows.acknowledge_all), signaled(KILL, *WORKER_NAMES)),
    several("flush-and-janitor", "FLUSHALL, and the janitor killed", done(redis_rows.ask("FLUSHALL")), signaled(KILL, "janitor")),
    several("worker-cut-and-kill", "workers cut from PostgreSQL, then killed",
            weathered(PAIRS["worker-postgres"], SILENT), signaled(KILL, "worker-1", "worker-2")),
    several("api-and-worker", "an API and a worker killed", signaled(KILL, "api-2", "worker-2"), loses_answers=True),
    several("janitor-and-redis", "the janitor killed while Redis restarts", redis_rows.restarted_server, signaled(KILL, "janitor")),
    several("drain-without-redis", "workers drain while Redis is silent",
            done(lambda stand: stand.redis.pause()), done(lambda stand: stand.end(*WORKER_NAMES)), seconds=5.5),
    several("drain-without-postgres", "workers drain while PostgreSQL is away",
            postgres_rows.restarted_server, signaled(TERM, "worker-1", "worker-2"), seconds=5.0),
    several("everything", "the whole machine is switched off",
            each_of(lambda stand: stand.signal(KILL, *NAMES), postgres_rows.on("kill"), redis_rows.on("kill")),
            loses_answers=True),
    client("api-few-files", "the APIs may open 40 files", limited(psutil.RLIMIT_NOFILE, 40), loses_answers=True),
    client("api-spool-full", "no byte more fits on the disk of temporary files", full_spool,
           manner=Manner(megabytes=1.5, rate=10.0, hold=0.0), needs_disk=True),
    client("machine-busy", "other programs take the processors", busy_machine),
)  # fmt: skip
