"""A master with its replica over TCP, a Sentinel that watches them, and a name that moves from one to the other."""

import contextlib
import socket
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import redis

from conformance.service import free_port, wait_for

PASSWORD = "of-redis"  # noqa: S105 - of a server of this test
SENTINEL_PASSWORD = "of-the-sentinel"  # noqa: S105 - of a server of this test
MASTER = "mymaster"
PIECE = 65_536


@dataclass
class Server:
    """One running server."""

    port: int
    password: str
    client: redis.Redis = field(init=False)

    def __post_init__(self) -> None:
        self.client = redis.Redis(port=self.port, password=self.password, decode_responses=True)

    def role(self) -> str:
        return str(self.client.execute_command("ROLE")[0])  # type: ignore[no-untyped-call] # untyped in redis-py

    def is_in_step(self) -> bool:
        told = self.client.info("replication")
        return (told["role"], told.get("master_link_status")) == ("slave", "up")


@contextmanager
def tcp_redis(
    binary: Path, directory: Path, *, mode: str = "", password: str = PASSWORD, **settings: str
) -> Iterator[Server]:
    """Run a server with a configuration of its own; `mode` may be `--sentinel`. Settings have `_` for `-`."""
    port = int(settings.pop("port", free_port()))
    folder = directory / str(port)
    folder.mkdir()
    lines = {"bind": "127.0.0.1", "port": str(port), "dir": str(folder), "requirepass": password, **settings}
    config = folder / "server.conf"
    config.write_text("".join(f"{name.replace('_', '-')} {value}\n" for name, value in lines.items()))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([binary, config, *([mode] if mode else [])], stdout=log, stderr=log)
    server = Server(port, password)
    try:
        wait_for(f"the server on {port}", lambda: answers(server))
        yield server
    finally:
        server.client.close()
        process.kill()
        process.wait()


def answers(server: Server) -> bool:
    try:
        return bool(server.client.ping())
    except redis.RedisError:
        return False


@dataclass
class ReplicaSet:
    """A master, its replica, and the Sentinel."""

    first: Server
    second: Server
    sentinel: Server

    @property
    def url(self) -> str:
        """The first of the Sentinels is away."""
        places = f"127.0.0.1:{free_port()},127.0.0.1:{self.sentinel.port}"
        return f"redis+sentinel://:{PASSWORD}@{places}/{MASTER}/0?sentinel_password={SENTINEL_PASSWORD}"

    def promote_by_sentinel(self) -> None:
        self.sentinel.client.execute_command("SENTINEL", "FAILOVER", MASTER)  # type: ignore[no-untyped-call] # untyped in redis-py

    def promote_by_hand(self) -> None:
        """The old master follows the new one, and keeps its connections."""
        self.second.client.execute_command("REPLICAOF", "NO", "ONE")  # type: ignore[no-untyped-call] # untyped in redis-py
        self.first.client.execute_command("REPLICAOF", "127.0.0.1", self.second.port)  # type: ignore[no-untyped-call] # untyped in redis-py


@contextmanager
def replica_set(binary: Path, directory: Path) -> Iterator[ReplicaSet]:
    with ExitStack() as stack:

        def start(mode: str = "", password: str = PASSWORD, **settings: str) -> Server:
            return stack.enter_context(tcp_redis(binary, directory, mode=mode, password=password, **settings))

        common = {"masterauth": PASSWORD, "appendonly": "no", "save": '""', "repl_diskless_sync_delay": "0"}
        first = start(**common)
        second = start(replicaof=f"127.0.0.1 {first.port}", **common)
        wait_for("the replica", second.is_in_step)
        sentinel = start(
            "--sentinel",
            SENTINEL_PASSWORD,
            sentinel=f"monitor {MASTER} 127.0.0.1 {first.port} 1\n"
            f"sentinel auth-pass {MASTER} {PASSWORD}\n"
            f"sentinel down-after-milliseconds {MASTER} 2000\n"
            f"sentinel failover-timeout {MASTER} 10000",
        )
        wait_for("the Sentinel to know both", lambda: bool(_replicas(sentinel)))
        yield ReplicaSet(first, second, sentinel)


def _replicas(sentinel: Server) -> object:
    with contextlib.suppress(redis.RedisError):
        return sentinel.client.sentinel_slaves(MASTER)
    return None


class Name:
    """A port that leads to a server, as a name does: who is connected stays where he is when it moves."""

    def __init__(self, target: int) -> None:
        self.target = target
        name = self

        class Through(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with socket.create_connection(("127.0.0.1", name.target)) as far:
                    back = threading.Thread(target=_pass_on, args=(far, self.request))
                    back.start()
                    _pass_on(self.request, far)
                    back.join()

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Through)
        self.port = int(self._server.server_address[1])
        self._serving = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._serving.start()

    def close(self) -> None:
        """Every connection must have ended."""
        self._server.shutdown()
        self._serving.join()
        self._server.server_close()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := one.recv(PIECE):
            other.sendall(piece)
    for end in (one, other):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
