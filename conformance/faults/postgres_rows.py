"""Faults of PostgreSQL: gone, silent, read-only, full, locked, without room for connections, another server."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress

import psycopg2

from conformance.faults.databases import connect, postgres_socket, send, try_again
from conformance.faults.program_rows import again, done, each_of, rest, restart
from conformance.faults.rows import Fault, Row
from conformance.faults.stand import NAMES, POSTGRES, Stand
from conformance.faults.traffic import Manner
from conformance.faults.wires import FAIR, Weather
from core.database import make_engine
from core.migrations import upgrade

OTHERS = "FROM pg_stat_activity WHERE datname = 'imagemill' AND pid <> pg_backend_pid()"
LATE_SECONDS = 0.9
LONG_LOCK = 6.5
"""Longer than the time limit of a statement."""


def terminate_backends(stand: Stand) -> None:
    stand.sql(f"SELECT pg_terminate_backend(pid) {OTHERS}")


def cancel_statements(stand: Stand) -> None:
    stand.sql(f"SELECT pg_cancel_backend(pid) {OTHERS} AND state = 'active'")


def kill_one_backend(stand: Stand) -> None:
    """One backend dies of SIGKILL, and PostgreSQL ends all others and recovers."""
    ((pid,),) = stand.sql(f"SELECT pid {OTHERS} ORDER BY backend_start LIMIT 1")
    for child in stand.postgres.process.children():
        if child.pid == pid:
            send(child, signal.SIGKILL)


def configured(setting: str, value: str) -> Fault:
    """Make a fault of a setting, in force at once for new transactions."""

    @contextmanager
    def fault(stand: Stand) -> Iterator[None]:
        stand.sql(f"ALTER SYSTEM SET {setting} = {value}", "SELECT pg_reload_conf()")
        try:
            yield
        finally:
            stand.sql(
                "SET default_transaction_read_only = off", f"ALTER SYSTEM RESET {setting}", "SELECT pg_reload_conf()"
            )

    return fault


def locked(table: str, mode: str = "ACCESS EXCLUSIVE") -> Fault:
    @contextmanager
    def fault(stand: Stand) -> Iterator[None]:
        with closing(connect(postgres_socket(stand.postgres.url))) as connection, connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {table} IN {mode} MODE")
            yield

    return fault


def take_connections(stand: Stand, taken: ExitStack) -> None:
    """Connect until there is no more room."""
    with suppress(psycopg2.OperationalError):
        for _ in range(200):
            taken.enter_context(closing(connect(postgres_socket(stand.postgres.url), "postgres")))


@contextmanager
def no_room(stand: Stand) -> Iterator[None]:
    """Somebody else takes every connection, those of our programs too."""
    with ExitStack() as taken:
        take_connections(stand, taken)
        for child in stand.postgres.process.children():
            if " imagemill " in " ".join(child.cmdline()):
                send(child, signal.SIGTERM)
        time.sleep(0.3)
        take_connections(stand, taken)
        yield


@contextmanager
def idle_connections(stand: Stand) -> Iterator[None]:
    """Somebody else takes every free connection; ours stay."""
    with ExitStack() as taken:
        take_connections(stand, taken)
        yield


@contextmanager
def closed_database(stand: Stand) -> Iterator[None]:
    """The database takes no connections, as while it is renamed or restored."""
    _in_postgres(
        stand, "ALTER DATABASE imagemill ALLOW_CONNECTIONS false", f"SELECT pg_terminate_backend(pid) {OTHERS}"
    )
    try:
        yield
    finally:
        _in_postgres(stand, "ALTER DATABASE imagemill ALLOW_CONNECTIONS true")


def _in_postgres(stand: Stand, *statements: str) -> None:
    with closing(connect(postgres_socket(stand.postgres.url), "postgres")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


def without_partition(table: str) -> Fault:
    """Make a fault in which today's partition is missing; it comes back with its bytes."""

    @contextmanager
    def fault(stand: Stand) -> Iterator[None]:
        ((day, following),) = stand.sql("SELECT (now() AT TIME ZONE 'UTC')::date, (now() AT TIME ZONE 'UTC')::date + 1")
        name = f"{table}_{str(day).replace('-', '')}"
        try_again(lambda: stand.sql("SET lock_timeout = '2s'", f"ALTER TABLE {table} DETACH PARTITION {name}"))
        try:
            yield
        finally:
            try_again(
                lambda: stand.sql(
                    f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{day}') TO ('{following}')"
                )
            )

    return fault


@contextmanager
def full_disk(stand: Stand) -> Iterator[None]:
    """No byte more fits on the disk of the data."""
    big = stand.directory / "disk" / "big"
    assert big.parent.is_mount(), "only a disk of our own may be filled"
    with big.open("wb") as sink, suppress(OSError):
        while True:
            sink.write(bytes(1 << 20))
            sink.flush()
    try:
        yield
    finally:
        big.unlink()


@contextmanager
def restarted_server(stand: Stand) -> Iterator[None]:
    stand.postgres.stop()
    yield
    stand.postgres.start()


@contextmanager
def late_for_workers(stand: Stand) -> Iterator[None]:
    """The server is away, and the workers find it a little later than the janitor."""
    stand.postgres.stop()
    yield
    stand.set_weather("worker", POSTGRES, Weather(is_refusing=True))
    stand.postgres.start()
    time.sleep(LATE_SECONDS)
    stand.set_weather("worker", POSTGRES, FAIR)


@contextmanager
def migrated_again(stand: Stand) -> Iterator[None]:
    """The migrations run as at an upgrade, while all programs serve."""
    engine = make_engine(stand.postgres.url, pool=1)
    for _ in range(3):
        upgrade(engine)
    engine.dispose()
    yield


@contextmanager
def vacuumed(stand: Stand) -> Iterator[None]:
    """Maintenance by hand: VACUUM FULL of the jobs holds everything up for its time."""
    worker = threading.Thread(target=lambda: [stand.sql("VACUUM FULL jobs", "REINDEX TABLE jobs") for _ in range(3)])
    worker.start()
    yield
    worker.join(30)


def postgres(name: str, says: str, fault: Fault, **more: object) -> Row:
    return Row(name=f"postgres-{name}", kind="PostgreSQL", says=says, fault=fault, **more)  # type: ignore[arg-type] # fields of Row


def kill_server(stand: Stand) -> None:
    stand.postgres.kill()


def on(method: str) -> Callable[[Stand], object]:
    return lambda stand: getattr(stand.postgres, method)()


ROWS = (
    postgres("restart", "stopped, and started again", restarted_server, is_quick=True, keeps_attempts=True),
    postgres("away", "stopped for longer than a lease, while conversions run", restarted_server, seconds=5.5,
             manner=Manner(hold=6.0), keeps_attempts=True),
    postgres("away-late", "the same, and the workers find it a second later than the janitor", late_for_workers, seconds=5.5,
             manner=Manner(hold=6.0), keeps_attempts=True),
    postgres("kill", "SIGKILL of all its processes", done(kill_server), keeps_attempts=True),
    postgres("backend-kill", "SIGKILL of one backend: the server recovers", done(kill_one_backend), keeps_attempts=True),
    postgres("terminate", "every connection ended by the server, six times", again(terminate_backends), keeps_attempts=True),
    postgres("cancel", "every running statement canceled, twenty times", again(cancel_statements, every=0.15, times=20), keeps_attempts=True),
    postgres("stop", "SIGSTOP of all its processes: it is silent", done(on("pause")), seconds=5.5, keeps_attempts=True),
    postgres("read-only", "default_transaction_read_only", configured("default_transaction_read_only", "on"), keeps_attempts=True),
    postgres("no-room", "others take every connection, and ours are ended", no_room, keeps_attempts=True),
    postgres("idle-crowd", "others hold every free connection", idle_connections, keeps_attempts=True),
    postgres("closed", "the database takes no connections", closed_database, keeps_attempts=True),
    postgres("lock-jobs", "ACCESS EXCLUSIVE on jobs for 3 s", locked("jobs")),
    postgres("lock-jobs-long", "ACCESS EXCLUSIVE on jobs, longer than a statement may take", locked("jobs"), seconds=LONG_LOCK),
    postgres("lock-uploads", "ACCESS EXCLUSIVE on uploads", locked("uploads")),
    postgres("lock-results", "ACCESS EXCLUSIVE on results, longer than a statement may take", locked("results"), seconds=LONG_LOCK),
    postgres("lock-owners", "EXCLUSIVE on owners: no turn can be taken", locked("owners", "EXCLUSIVE")),
    postgres("lock-keys", "ACCESS EXCLUSIVE on idempotency", locked("idempotency")),
    postgres("lock-outbox", "ACCESS EXCLUSIVE on webhooks", locked("webhooks")),
    postgres("no-uploads-partition", "today's partition of uploads is missing", without_partition("uploads")),
    postgres("no-results-partition", "today's partition of results is missing", without_partition("results"), seconds=1.5),
    postgres("disk-full", "no byte more fits on its disk", full_disk, needs_disk=True, manner=Manner(megabytes=0.3, hold=0.0)),
    postgres("migrate-again", "the migrations run three times while all serve", migrated_again, keeps_attempts=True),
    postgres("vacuum-full", "VACUUM FULL and REINDEX of jobs, three times", vacuumed),
    postgres("slow", "SIGSTOP for 0.4 s, CONT for 0.1 s, again and again",
             each_of(*(on("pause"), rest(0.4), on("resume"), rest(0.1)) * 8)),
    postgres("restart-with-all", "restarted while every program is killed",
             each_of(restart(signal.SIGKILL, *NAMES), on("stop")), loses_answers=True),
)  # fmt: skip
