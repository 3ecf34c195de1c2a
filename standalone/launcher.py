"""The whole service on one machine, from the check of the port to the last child's end."""

import errno
import fcntl
import http.client
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from core.setting_names import unknown_names, warn_unknown
from standalone.access import open_our_code
from standalone.account import Account, account_environment, choose_account
from standalone.children import Program
from standalone.config import DATABASE_URL, REDIS_URL, Config
from standalone.errors import StartupError, WrongSetting
from standalone.postgres import has_cluster, postgres_server
from standalone.redis_server import redis_server
from standalone.servers import Server, owner_of, refusal, usable_directory
from standalone.supervisor import Supervisor, how_it_ended

SECONDS_TO_START = 180
DRAIN_SECONDS = "2"
API_DRAIN_SECONDS = "2"
"""How long what runs may take after Ctrl-C, where nothing else is set: a person waits at the terminal."""
MOMENT_SECONDS = 5.0
LOCK = "launcher.lock"
LOOPBACK = "127.0.0.1"
PLACES_OF_ROOT = frozenset({"TMPDIR", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"})
"""Variables that name directories; root's own are closed to others."""

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

    `migration` and `services` turn the children's environment into programs. As root these run as the system user.
    Raises StartupError with a sentence when something keeps it from starting.
    """
    began = time.monotonic()
    with ExitStack() as stack:
        account = choose_account()
        if not config.data_dir.exists():
            # A start that is refused leaves no new directory behind; an old one knows who runs already.
            check_port(config.host, config.port, account)
        data_dir = usable_directory(config.data_dir)
        stack.enter_context(_only_launcher(data_dir))
        check_port(config.host, config.port, account)
        for sentence in warn_unknown(config.env):
            supervisor.say(sentence)
        if account:
            supervisor.narrate(f"This is root, so everything but this launcher runs as the user {account.name}.")
            open_our_code(account)
        env = _environment(config, account) | _start_databases(stack, supervisor, config, data_dir)
        supervisor.narrate("Bringing the database up to date.")
        _migrate(supervisor, replace(migration(env), account=account))
        supervisor.narrate("Starting API, worker and janitor.")
        programs = [replace(program, account=account) for program in services(env)]
        stack.enter_context(supervisor.running(programs))
        _await_ready(supervisor, config, [program.probe_port for program in programs if program.probe_port])
        supervisor.narrate(f"Ready after {time.monotonic() - began:.0f} s.")
        for fact in what_to_know(config, data_dir):
            supervisor.narrate(fact)
        announce(f"http://{_reachable(config.host)}:{config.port}/")
        supervisor.watch()


def what_to_know(config: Config, data_dir: Path) -> Iterator[str]:
    """Yield what a newcomer wonders about when it runs."""
    place = "the PostgreSQL that was given" if config.database_url else data_dir
    yield f"Jobs and images are in {place}; they stay when this stops."
    yield "No keys are asked for: whoever can open this address can convert, and see or delete a job by its id."
    yield "Ctrl-C stops it. Open this in a browser:"


def _start_databases(stack: ExitStack, supervisor: Supervisor, config: Config, data_dir: Path) -> dict[str, str]:
    """Start those that were not given, and return their URLs as settings."""
    urls = {}
    if not config.database_url:
        new = "" if has_cluster(data_dir) else ", with a new database this time"
        supervisor.narrate(f"Starting PostgreSQL{new}.")
        urls[DATABASE_URL] = _serve(stack, supervisor, stack.enter_context(postgres_server(data_dir)))
    if not config.redis_url:
        supervisor.narrate("Starting Redis.")
        urls[REDIS_URL] = _serve(stack, supervisor, stack.enter_context(redis_server(data_dir)))
    return urls


def our_migration(env: Mapping[str, str]) -> Program:
    """The one-shot that brings the database to this version."""
    return _module("migrations", "core.migrations", env)


def our_services(env: Mapping[str, str]) -> Sequence[Program]:
    """The three that run for good; the ports of the worker's and janitor's probes are whatever is free."""
    api = _draining(_module("api", "api", env), "IMAGEMILL_API_DRAIN_SECONDS", API_DRAIN_SECONDS)
    worker = _draining(_probed("worker", "worker", env), "IMAGEMILL_DRAIN_SECONDS", DRAIN_SECONDS)
    return [api, worker, _probed("janitor", "janitor", env)]


def check_port(host: str, port: int, account: Account | None) -> None:
    """Raise StartupError with a sentence unless a server of the account could listen there."""
    if account and port < _first_free_for_all():
        raise WrongSetting(
            f"Port {port} is for root alone, and as root the API runs as the user {account.name}. "
            f"Choose a port from {_first_free_for_all()}, like: make run PORT=8080, and put a proxy on port {port}."
        )
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except OSError as problem:
        raise _port_refusal(host, port, problem) from None


def _port_refusal(host: str, port: int, problem: OSError) -> StartupError:
    if isinstance(problem, socket.gaierror) or problem.errno == errno.EADDRNOTAVAIL:
        return WrongSetting(
            f"IMAGEMILL_HOST is {host}, which is no address of this machine ({problem.strerror}). "
            "Take 127.0.0.1 for this machine alone, or 0.0.0.0 for the whole network."
        )
    refused = WrongSetting if problem.errno == errno.EACCES else StartupError
    return refused(
        f"Port {port} on {host} cannot be used: {problem.strerror}. Choose another one, like: make run PORT={_other(port)}"
    )


def _first_free_for_all() -> int:
    """Return the lowest port that a user without rights may listen on."""
    try:
        return int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    except (OSError, ValueError):
        return 1024


def _other(port: int) -> int:
    return port + 1 if 1024 <= port < 65_535 else 8001


@contextmanager
def _only_launcher(data_dir: Path) -> Iterator[None]:
    """Hold the directory for us alone; the kernel lets go of it however we end."""
    try:
        descriptor = os.open(data_dir / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as problem:
        raise WrongSetting(
            f"{data_dir / LOCK} cannot be opened: {problem.strerror}. It belongs to {owner_of(data_dir / LOCK)}, who ran "
            "this here before. Run it as that user, or give another directory: make run DATA_DIR=..."
        ) from None
    with os.fdopen(descriptor, "r+") as lock:
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


def _environment(config: Config, account: Account | None) -> dict[str, str]:
    """Return what the children get: what was given, without root's own places when they are not root.

    Misspelt names go, for they have been told once, and each child would tell them again.
    """
    unknown = unknown_names(config.env)
    given = {name: value for name, value in config.env.items() if value or not name.startswith("IMAGEMILL_")}
    given = {name: value for name, value in given.items() if name not in unknown}
    if account:
        given = {name: value for name, value in given.items() if name not in PLACES_OF_ROOT}
        given |= account_environment(account)
    return {
        "IMAGEMILL_DRAIN_SECONDS": DRAIN_SECONDS,
        "IMAGEMILL_API_DRAIN_SECONDS": API_DRAIN_SECONDS,
        # The address is the last thing that stands on the terminal, until something is wrong.
        "IMAGEMILL_LOG_LEVEL": "warning",
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
            f"The database could not be brought up to date: {program.name} {how_it_ended(status)}, as it says above. "
            "If IMAGEMILL_DATABASE_URL was given, look whether it names a PostgreSQL that answers."
        )


def _await_ready(supervisor: Supervisor, config: Config, probe_ports: Sequence[int]) -> None:
    """Wait for all of them: a worker that is about to refuse its settings would leave a page that converts nothing."""
    pages = [(LOOPBACK, port, "/livez") for port in probe_ports]
    pages.append((_reachable(config.host).strip("[]"), config.port, "/readyz"))
    said = "nothing"

    def ready() -> bool:
        nonlocal said
        while pages:
            status, said = _ask(*pages[0])
            if status != 200:
                return False
            del pages[0]
        return True

    supervisor.wait_for(
        ready,
        SECONDS_TO_START,
        lambda: f"The service was not ready within {SECONDS_TO_START} seconds; {pages[0][2]} said: {said}",
    )


def _ask(host: str, port: int, path: str) -> tuple[int, str]:
    """Return the status (0 when nobody answers) and the beginning of the text; no proxy is asked."""
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", path)
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
    return Program(name=name, command=[sys.executable, "-m", module], env=env, judges_settings=True)


def _draining(program: Program, setting: str, longest: str) -> Program:
    """Give the program the time that its own setting allows for what it has begun, and a moment to end."""
    try:
        seconds = float(program.env.get(setting) or longest)
    except ValueError:
        # The program will say so.
        seconds = 0
    first, *later = program.notices
    return replace(program, notices=(replace(first, seconds=max(first.seconds, seconds + MOMENT_SECONDS)), *later))


def _probed(name: str, module: str, env: Mapping[str, str]) -> Program:
    port = _free_port()
    settings = {"IMAGEMILL_PROBE_HOST": LOOPBACK, "IMAGEMILL_PROBE_PORT": str(port)}
    return replace(_module(name, module, {**env, **settings}), probe_port=port)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
