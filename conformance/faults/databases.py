"""PostgreSQL and Redis that are killed, stopped, paused and started again on the same data."""

import signal
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import psutil
import psycopg2

from conformance.service import wait_for
from standalone.children import Child, start_program, stop_children
from standalone.servers import Server

START_SECONDS = 60.0


class Database:
    """One server. `socket` is where it listens. All is done from the thread that made it: its life is tied to that."""

    def __init__(self, stack: ExitStack, server: Server) -> None:
        self.server = server
        self.child: Child | None = None
        stack.callback(self.stop)
        self.start()

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def process(self) -> psutil.Process:
        assert self.child is not None
        return psutil.Process(self.child.process.pid)

    def is_running(self) -> bool:
        return self.child is not None and self.child.process.poll() is None

    def start(self) -> None:
        """Start it unless it runs, and wait until it answers."""
        until = time.monotonic() + START_SECONDS
        while not (self.is_running() and self.server.answers()):
            if not self.is_running():
                self.child = start_program(self.server.program)
            assert time.monotonic() < until, f"{self.server.program.name} does not start again"
            time.sleep(0.05)

    def stop(self) -> None:
        if self.child is not None:
            self.resume()
            stop_children([self.child])

    def kill(self) -> None:
        self.family(signal.SIGKILL)
        wait_for("its end", lambda: not self.is_running())

    def pause(self) -> None:
        self.family(signal.SIGSTOP)

    def resume(self) -> None:
        self.family(signal.SIGCONT)

    def family(self, number: signal.Signals) -> None:
        """Send a signal to the server and to all processes that it has made."""
        if not self.is_running():
            return
        for process in (self.process, *self.process.children(recursive=True)):
            send(process, number)


def send(process: psutil.Process, number: signal.Signals) -> None:
    """Send a signal; a process that has just ended gets none."""
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def postgres_socket(url: str) -> Path:
    query = parse_qs(urlsplit(url).query)
    return Path(query["host"][0]) / f".s.PGSQL.{query['port'][0]}"


def redis_socket(url: str) -> Path:
    return Path(unquote(url.removeprefix("unix://")))


def run_sql(url: str, *statements: str, database: str = "imagemill") -> list[tuple[object, ...]]:
    """Run statements one by one, each in a transaction of its own; the rows of the last one."""
    socket = postgres_socket(url)
    rows: list[tuple[object, ...]] = []
    with closing(connect(socket, database)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
                rows = cursor.fetchall() if cursor.description else []
    return rows


def connect(socket: Path, database: str = "imagemill") -> "psycopg2.extensions.connection":
    return psycopg2.connect(
        host=str(socket.parent),
        port=socket.name.rpartition(".")[2],
        user="postgres",
        dbname=database,
        connect_timeout=5,
    )


def try_again(work: Callable[[], object], seconds: float = 20.0) -> None:
    """Do the work; a server that has just come back may refuse it for a moment."""
    until = time.monotonic() + seconds
    while True:
        try:
            work()
        except (psycopg2.OperationalError, OSError):
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return
