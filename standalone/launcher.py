"""The whole service on one machine, from the check of the port to the last child's end."""

import errno
import fcntl
import http.client
import json
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
from standalone.facts import list_facts
from standalone.postgres import has_cluster, postgres_server
from standalone.redis_server import redis_server
from standalone.servers import Server, explain_refusal, name_owner, usable_directory
from standalone.storage import measure_volume, plan_storage
from standalone.watcher import Watcher, describe_ending

SECONDS_TO_START = 180
DRAIN_SECONDS = "2"
API_DRAIN_SECONDS = "2"
"""How long what runs may take after Ctrl-C, where nothing else is set: a person waits at the terminal."""
MOMENT_SECONDS = 5.0
NO_REDIS = f"The Redis of {REDIS_URL} cannot be used. Images are accepted, but none is converted until it can."
LOCK = "launcher.lock"
MAX_STORED_BYTES = "IMAGEMILL_MAX_STORED_BYTES"
LOOPBACK = "127.0.0.1"
PLACES_OF_ROOT = frozenset({"TMPDIR", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"})
"""Variables that name directories; root's own are closed to others."""

Migration = Callable[[Mapping[str, str]], Program]
Services = Callable[[Mapping[str, str]], Sequence[Program]]


def launch_service(
    config: Config,
    watcher: Watcher,
    announce: Callable[[str], None],
    migration: Migration,
    services: Services,
) -> NoReturn:
    """Start everything, announce the URL once all is ready, and watch until Stopped is raised. Leave no process behind.

    `migration` and `services` turn the children's environment into programs. As root these run as the system user.
    Raises StartupError with a sentence when something keeps the service from starting.
    """
    began = time.monotonic()
    with ExitStack() as stack:
        account = choose_account()
        if not config.data_dir.exists():
            # A start that is refused leaves no new directory behind; an old one knows who runs already.
            check_port(config.host, config.port, account)
        data_dir = usable_directory(config.data_dir)
        stack.enter_context(_lock_directory(data_dir))
        check_port(config.host, config.port, account)
        for sentence in warn_unknown(config.env):
            watcher.say(sentence)
        if account:
            watcher.narrate(f"This is root, so everything but this launcher runs as the user {account.name}.")
            open_our_code(account)
        env = _make_environment(config, account) | _start_databases(stack, watcher, config, data_dir)
        watcher.narrate("Bringing the database up to date.")
        _migrate_database(watcher, replace(migration(env), account=account))
        watcher.narrate("Starting API, worker and janitor.")
        programs = [replace(program, account=account) for program in services(env)]
        stack.enter_context(watcher.keep_running(programs))
        page = _await_ready(watcher, config, [program.probe_port for program in programs if program.probe_port])
        watcher.narrate(f"Ready after {time.monotonic() - began:.0f} s.")
        if config.redis_url and lacks_redis(page):
            watcher.say(NO_REDIS)
        for fact in list_facts(config, data_dir):
            watcher.narrate(fact)
        announce(f"http://{_find_browser_host(config.host)}:{config.port}/")
        watcher.watch_children()


def lacks_redis(page: str) -> bool:
    """Return whether /readyz says that Redis cannot be used. The API is ready without it."""
    try:
        return bool(json.loads(page)["parts"]["redis"] != "ok")
    except (ValueError, LookupError, TypeError):
        return False


def _start_databases(stack: ExitStack, watcher: Watcher, config: Config, data_dir: Path) -> dict[str, str]:
    """Start PostgreSQL and Redis unless given, and return their URLs and the room of the first as settings."""
    urls = {}
    if not config.database_url:
        new = "" if has_cluster(data_dir) else ", with a new database this time"
        watcher.narrate(f"Starting PostgreSQL{new}.")
        plan = plan_storage(measure_volume(data_dir))
        server = stack.enter_context(postgres_server(data_dir, plan.server_settings))
        urls[DATABASE_URL] = _start_server(stack, watcher, server)
        if not config.env.get(MAX_STORED_BYTES):
            urls[MAX_STORED_BYTES] = str(plan.limit)
    if not config.redis_url:
        watcher.narrate("Starting Redis.")
        urls[REDIS_URL] = _start_server(stack, watcher, stack.enter_context(redis_server(data_dir)))
    return urls


def make_migration(env: Mapping[str, str]) -> Program:
    """Return the program of the migrations."""
    return _make_program("migrations", "core.migrations", env)


def make_services(env: Mapping[str, str]) -> Sequence[Program]:
    """Return api, worker and janitor; the probes of the last two get free ports."""
    api = _allow_draining(_make_program("api", "api", env), "IMAGEMILL_API_DRAIN_SECONDS", API_DRAIN_SECONDS)
    worker = _allow_draining(_make_probed_program("worker", "worker", env), "IMAGEMILL_DRAIN_SECONDS", DRAIN_SECONDS)
    return [api, worker, _make_probed_program("janitor", "janitor", env)]


def check_port(host: str, port: int, account: Account | None) -> None:
    """Raise StartupError with a sentence unless a server of the account could listen there."""
    if account and port < _read_lowest_port():
        raise WrongSetting(
            f"Port {port} is for root alone, and as root the API runs as the user {account.name}. "
            f"Choose a port from {_read_lowest_port()}, like: make run PORT=8080, and put a proxy on port {port}."
        )
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except OSError as problem:
        raise _explain_refused_port(host, port, problem) from None


def _explain_refused_port(host: str, port: int, problem: OSError) -> StartupError:
    if isinstance(problem, socket.gaierror) or problem.errno == errno.EADDRNOTAVAIL:
        return WrongSetting(
            f"IMAGEMILL_HOST is {host}, which is no address of this machine ({problem.strerror}). "
            "Take 127.0.0.1 for this machine alone, or 0.0.0.0 for the whole network."
        )
    refused = WrongSetting if problem.errno == errno.EACCES else StartupError
    return refused(
        f"Port {port} on {host} cannot be used: {problem.strerror}. Choose another port, like: make run PORT={_suggest_port(port)}"
    )


def _read_lowest_port() -> int:
    """Return the lowest port for users without rights."""
    try:
        return int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    except (OSError, ValueError):
        return 1024


def _suggest_port(port: int) -> int:
    return port + 1 if 1024 <= port < 65_535 else 8001


@contextmanager
def _lock_directory(data_dir: Path) -> Iterator[None]:
    """Hold the directory for this launcher alone. The kernel releases the lock at our end, whatever ends us."""
    try:
        descriptor = os.open(data_dir / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as problem:
        raise WrongSetting(
            f"{data_dir / LOCK} cannot be opened: {problem.strerror}. It belongs to {name_owner(data_dir / LOCK)}, who ran "
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


def _make_environment(config: Config, account: Account | None) -> dict[str, str]:
    """Return the children's environment: ours, without root's own places when they are not root.

    Misspelt names are left out. They have been told once, and each child would tell them again.
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
        # The address stays the last line on the terminal until something is wrong.
        "IMAGEMILL_LOG_LEVEL": "warning",
        **config.limits,
        **given,
        "IMAGEMILL_HOST": config.host,
        "IMAGEMILL_PORT": str(config.port),
    }


def _start_server(stack: ExitStack, watcher: Watcher, server: Server) -> str:
    """Start the server until the stack unwinds, and return its URL once it answers."""
    stack.enter_context(watcher.keep_running([server.program]))
    watcher.wait_for_server(server.answers, SECONDS_TO_START, lambda: explain_refusal(server.program))
    return server.url


def _migrate_database(watcher: Watcher, program: Program) -> None:
    if status := watcher.run_to_end(program):
        raise StartupError(
            f"The database could not be brought up to date: {program.name} {describe_ending(status)}, as it says above. "
            "If IMAGEMILL_DATABASE_URL was given, look whether it names a PostgreSQL that answers."
        )


def _await_ready(watcher: Watcher, config: Config, probe_ports: Sequence[int]) -> str:
    """Wait for all of them, and return the page /readyz. Without a worker the service would convert nothing."""
    pages = [(LOOPBACK, port, "/livez") for port in probe_ports]
    pages.append((_find_browser_host(config.host).strip("[]"), config.port, "/readyz"))
    said = "nothing"

    def is_ready() -> bool:
        nonlocal said
        while pages:
            status, said = _ask_page(*pages[0])
            if status != 200:
                return False
            del pages[0]
        return True

    watcher.wait_for(
        is_ready,
        SECONDS_TO_START,
        lambda: f"The service was not ready within {SECONDS_TO_START} seconds; {pages[0][2]} said: {said}",
    )
    return said


def _ask_page(host: str, port: int, path: str) -> tuple[int, str]:
    """Return the status (0 without an answer) and the beginning of the text. No proxy is asked."""
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(500).decode(errors="replace")
    except (OSError, http.client.HTTPException) as problem:
        return 0, str(problem)
    finally:
        connection.close()


def _find_browser_host(host: str) -> str:
    """Return the host for a browser on this machine, as it stands in a URL."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - read here, not bound
    return f"[{host}]" if ":" in host else host


def _make_program(name: str, module: str, env: Mapping[str, str]) -> Program:
    return Program(name=name, command=[sys.executable, "-m", module], env=env, judges_settings=True)


def _allow_draining(program: Program, setting: str, longest: str) -> Program:
    """Give the program the seconds of its drain setting, and a moment to end."""
    try:
        seconds = float(program.env.get(setting) or longest)
    except ValueError:
        # The program will say so.
        seconds = 0
    first, *later = program.notices
    return replace(program, notices=(replace(first, seconds=max(first.seconds, seconds + MOMENT_SECONDS)), *later))


def _make_probed_program(name: str, module: str, env: Mapping[str, str]) -> Program:
    port = _find_free_port()
    settings = {"IMAGEMILL_PROBE_HOST": LOOPBACK, "IMAGEMILL_PROBE_PORT": str(port)}
    return replace(_make_program(name, module, {**env, **settings}), probe_port=port)


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
