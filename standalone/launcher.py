"""The whole service on one machine, from the check of the port to the last child's end."""

import fcntl
import http.client
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NoReturn

from standalone.children import Program
from standalone.config import DATABASE_URL, REDIS_URL, Config
from standalone.errors import StartupError
from standalone.postgres import postgres_server
from standalone.redis_server import redis_server
from standalone.servers import Server, refusal, usable_directory
from standalone.supervisor import Supervisor, how_it_ended

SECONDS_TO_START = 60
DRAIN_SECONDS = "2"
LOCK = "launcher.lock"

Migration = Callable[[Mapping[str, str]], Program]
Services = Callable[[Mapping[str, str]], Sequence[Program]]


def launch(
    config: Config,
    supervisor: Supervisor,
    announce: Callable[[str], None],
    migration: Migration,
    services: Services,
) -> NoReturn:
    """Start everything, announce the URL when it is ready, and watch until Stopped is raised; then nothing is left.

    `migration` and `services` turn the children's environment into programs.
    Raises StartupError with a sentence when something keeps it from starting.
    """
    with ExitStack() as stack:
        data_dir = usable_directory(config.data_dir)
        stack.enter_context(_only_launcher(data_dir))
        check_port(config.host, config.port)
        env = _environment(config)
        if not config.database_url:
            env[DATABASE_URL] = _serve(stack, supervisor, stack.enter_context(postgres_server(data_dir)))
        if not config.redis_url:
            env[REDIS_URL] = _serve(stack, supervisor, stack.enter_context(redis_server(data_dir)))
        _migrate(supervisor, migration(env))
        stack.enter_context(supervisor.running(services(env)))
        _await_ready(supervisor, config)
        announce(f"http://{_reachable(config.host)}:{config.port}/")
        supervisor.watch()


def our_migration(env: Mapping[str, str]) -> Program:
    """The one-shot that brings the database to this version."""
    return _module("migrations", "core.migrations", env)


def our_services(env: Mapping[str, str]) -> Sequence[Program]:
    """The three that run for good; the ports of the worker's and janitor's probes are whatever is free."""
    return [
        _module("api", "api", env),
        _module("worker", "worker", {**env, "IMAGEMILL_PROBE_PORT": str(_free_port())}),
        _module("janitor", "worker.janitor", {**env, "IMAGEMILL_PROBE_PORT": str(_free_port())}),
    ]


def check_port(host: str, port: int) -> None:
    """StartupError with a sentence unless a server could listen there."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except OSError as problem:
        raise StartupError(
            f"Port {port} on {host} cannot be used: {problem.strerror}. Choose another one, like: make run PORT={_other(port)}"
        ) from None


def _other(port: int) -> int:
    return port + 1 if 1024 <= port < 65_535 else 8001


@contextmanager
def _only_launcher(data_dir: Path) -> Iterator[None]:
    """Hold the directory for us alone; the kernel lets go of it however we end."""
    with os.fdopen(os.open(data_dir / LOCK, os.O_RDWR | os.O_CREAT, 0o600), "r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartupError(
                f"imagemill already runs on {data_dir} (process {lock.read().strip() or 'unknown'}). "
                "Stop it first, or give another directory: make run DATA_DIR=..."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _environment(config: Config) -> dict[str, str]:
    given = {name: value for name, value in config.env.items() if value or not name.startswith("IMAGEMILL_")}
    return {
        "IMAGEMILL_DRAIN_SECONDS": DRAIN_SECONDS,
        **given,
        "IMAGEMILL_HOST": config.host,
        "IMAGEMILL_PORT": str(config.port),
    }


def _serve(stack: ExitStack, supervisor: Supervisor, server: Server) -> str:
    """Start the server, to be stopped when the stack unwinds, and return its URL once it answers."""
    stack.enter_context(supervisor.running([server.program]))
    supervisor.wait_for_server(server.answers, SECONDS_TO_START, lambda: refusal(server.program))
    return server.url


def _migrate(supervisor: Supervisor, program: Program) -> None:
    if status := supervisor.run(program):
        raise StartupError(
            f"The database could not be brought up to date: {program.name} {how_it_ended(status)}, see above."
        )


def _await_ready(supervisor: Supervisor, config: Config) -> None:
    said = "nothing"

    def ready() -> bool:
        nonlocal said
        status, said = _readyz(_reachable(config.host).strip("[]"), config.port)
        return status == 200

    supervisor.wait_for(
        ready,
        SECONDS_TO_START,
        lambda: f"The service was not ready within {SECONDS_TO_START} seconds; /readyz said: {said}",
    )


def _readyz(host: str, port: int) -> tuple[int, str]:
    """The status (0 when nobody answers) and the beginning of the text; no proxy is asked."""
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return answer.status, answer.read(500).decode(errors="replace")
    except (OSError, http.client.HTTPException) as problem:
        return 0, str(problem)
    finally:
        connection.close()


def _reachable(host: str) -> str:
    """An address that a browser on this machine can open, as it stands in a URL."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - read here, not bound
    return f"[{host}]" if ":" in host else host


def _module(name: str, module: str, env: Mapping[str, str]) -> Program:
    return Program(name=name, command=[sys.executable, "-m", module], env=env)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
