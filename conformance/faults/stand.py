"""The service under fault: two APIs, three workers and a janitor, each behind links, on databases that can be broken."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
from redis import Redis

from conformance.faults.databases import Database, postgres_socket, redis_socket, run_sql, send
from conformance.faults.wires import FAIR, Link, Weather, Wires
from conformance.service import QUICK, Process, free_port, wait_for
from core.database import make_engine
from core.migrations import upgrade
from standalone.postgres import postgres_server
from standalone.redis_server import redis_server

KINDS = ("api", "worker", "janitor")
API_NAMES = ("api-1", "api-2")
WORKER_NAMES = ("worker-1", "worker-2", "worker-3")
NAMES = (*API_NAMES, *WORKER_NAMES, "janitor")
POSTGRES, REDIS = "PostgreSQL", "Redis"

SETTINGS = {
    **QUICK,
    "IMAGEMILL_DRAIN_SECONDS": "3",
    "IMAGEMILL_MAX_ATTEMPTS": "5",
    "IMAGEMILL_WEBHOOKS": "on",
    "IMAGEMILL_WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "IMAGEMILL_WEBHOOK_ALLOW": "127.0.0.0/8",
    "IMAGEMILL_WEBHOOK_HTTP": "true",
}
LASTING = {"fsync": "off", "full_page_writes": "off"}
"""A commit outlives every process, and not the machine; so none needs to wait for a disk."""
DISK = "512m"
"""The size of the disk of PostgreSQL and of the APIs' temporary files, where we may make one."""


def kind_of(name: str) -> str:
    return name.partition("-")[0]


@dataclass(eq=False)
class Stand:
    """What faults are made with. `links` are by (kind of program, database), `doors` are what clients connect to."""

    directory: Path
    wires: Wires
    postgres: Database
    redis: Database
    rule: str = ""
    processes: dict[str, Process] = field(default_factory=dict)
    links: dict[tuple[str, str], Link] = field(default_factory=dict)
    doors: dict[str, Link] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    skews: dict[str, float] = field(default_factory=dict)
    extra: dict[str, dict[str, str]] = field(default_factory=dict)
    seen: set[psutil.Process] = field(default_factory=set)
    _count: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def lay_wires(self) -> None:
        """Make the links of every kind of program, and the doors of the APIs."""
        for kind in KINDS:
            self.links[kind, POSTGRES] = self.wires.link(lambda: postgres_socket(self.postgres.url))
            self.links[kind, REDIS] = self.wires.link(lambda: redis_socket(self.redis.url))
        for name in NAMES:
            self.ports[name] = free_port()
        for name in API_NAMES:
            self.doors[name] = self.wires.link(lambda name=name: ("127.0.0.1", self.ports[name]))  # type: ignore[misc] # a default binds the name

    def start(self, *names: str) -> None:
        """Start programs, all at once, and wait until they answer."""
        for name in names:
            if not self.is_running(name):
                self._spawn(name)
        for name in names:
            process = self.processes[name]
            wait_for(f"{name} to answer", lambda process=process: process.answers() or has_died(process))  # type: ignore[misc]

    def _spawn(self, name: str) -> None:
        kind = kind_of(name)
        self._count += 1
        log = self.directory / f"{self._count:03}-{name}.log"
        spool = self.directory / "disk" / f"spool-{name}"
        spool.mkdir(exist_ok=True, parents=True)
        env = {
            **{key: value for key, value in os.environ.items() if not key.startswith("IMAGEMILL_")},
            **SETTINGS,
            "TMPDIR": str(spool),
            "IMAGEMILL_DATABASE_URL": f"postgresql://postgres@127.0.0.1:{self.links[kind, POSTGRES].port}/imagemill",
            "IMAGEMILL_REDIS_URL": f"redis://127.0.0.1:{self.links[kind, REDIS].port}/0",
            "IMAGEMILL_PORT" if kind == "api" else "IMAGEMILL_PROBE_PORT": str(self.ports[name]),
            **self.extra.get(name, {}),
        }
        command = [sys.executable, "-m", "conformance.faults.program", kind, str(self.skews.get(name, 0.0)), self.rule]
        with log.open("wb") as sink:
            popen = subprocess.Popen(command, env=env, stderr=sink, stdout=sink)
        self.processes[name] = Process(name, popen, log, self.ports[name])

    def is_running(self, name: str) -> bool:
        return name in self.processes and self.processes[name].popen.poll() is None

    def end(self, *names: str, number: signal.Signals = signal.SIGTERM) -> None:
        """Send the signal to programs and wait for their ends."""
        self.signal(number, *names)
        for name in names:
            if name in self.processes:
                self.processes[name].wait(60)

    def signal(self, number: signal.Signals, *names: str) -> None:
        self.remember_children()
        for name in names:
            if self.is_running(name):
                self.processes[name].send(number)

    def remember_children(self) -> list[psutil.Process]:
        """Return the processes that the workers have made, and keep them in mind: none may outlive its worker."""
        found = [child for name in WORKER_NAMES for child in self.children(name)]
        self.seen |= set(found)
        return found

    def children(self, name: str) -> list[psutil.Process]:
        if not self.is_running(name):
            return []
        try:
            return psutil.Process(self.processes[name].pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def zygotes(self) -> list[psutil.Process]:
        pids = {self.processes[name].pid for name in WORKER_NAMES if self.is_running(name)}
        return [child for child in self.remember_children() if parent_of(child) in pids]

    def conversions(self) -> list[psutil.Process]:
        zygotes = {zygote.pid for zygote in self.zygotes()}
        return [child for child in self.remember_children() if parent_of(child) in zygotes]

    def set_weather(self, kind: str, database: str, weather: Weather) -> None:
        self.links[kind, database].set(weather)

    def repair(self) -> None:
        """Bring everything back that a fault took away, in the order in which an operator would."""
        for link in (*self.links.values(), *self.doors.values()):
            if link.weather != FAIR:
                link.set(FAIR)
        for process in self.remember_children():
            send(process, signal.SIGCONT)
        self.signal(signal.SIGCONT, *NAMES)
        for database in (self.postgres, self.redis):
            database.resume()
            database.start()
        self.start(*NAMES)

    def sql(self, *statements: str) -> list[tuple[object, ...]]:
        return run_sql(self.postgres.url, *statements)

    @contextmanager
    def redis_client(self) -> Iterator[Redis]:
        with Redis(unix_socket_path=str(redis_socket(self.redis.url)), decode_responses=True) as client:
            yield client

    def is_answering(self) -> bool:
        """Whether both APIs say that they are ready."""
        try:
            return all(
                httpx.get(f"http://127.0.0.1:{self.ports[name]}/readyz", timeout=5).status_code == 200
                for name in API_NAMES
            )
        except httpx.TransportError:
            return False

    def close(self) -> None:
        self.signal(signal.SIGCONT, *NAMES)
        self.signal(signal.SIGTERM, *NAMES)
        until = time.monotonic() + 8
        while time.monotonic() < until and any(self.is_running(name) for name in NAMES):
            time.sleep(0.1)
        for name in NAMES:
            if self.is_running(name):
                self.end(name, number=signal.SIGKILL)


def parent_of(process: psutil.Process) -> int:
    try:
        return process.ppid()
    except psutil.NoSuchProcess:
        return 0


def is_converting(process: psutil.Process) -> bool:
    """Whether it has a job; the others wait for one."""
    try:
        return process.name() == "converting"
    except psutil.NoSuchProcess:
        return False


def has_died(process: Process) -> bool:
    if process.popen.poll() is not None:
        raise AssertionError(f"{process.name} ended at once:\n{process.log.read_text()[-4000:]}")
    return False


@contextmanager
def new_stand(rule: str = "", settings: Sequence[tuple[str, str]] = ()) -> Iterator[Stand]:
    """The whole service, running; all of it ends with the block."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="imagemill-faults-")))
        directory.chmod(0o711)
        stack.enter_context(small_disk(directory / "disk"))
        more = {
            **LASTING,
            "max_connections": "100",
            "wal_keep_size": "0",
            "max_wal_size": "96MB",
            **dict(settings),
        }
        postgres = stack.enter_context(postgres_server(directory / "disk" / "postgres", more))
        valkey = stack.enter_context(redis_server(directory / "redis"))
        wires = Wires()
        stack.callback(wires.close)
        stand = Stand(directory, wires, Database(stack, postgres), Database(stack, valkey), rule)
        engine = make_engine(stand.postgres.url, pool=1)
        upgrade(engine)
        engine.dispose()
        stand.lay_wires()
        stack.callback(stand.close)
        stand.start(*NAMES)
        wait_for("the APIs to be ready", stand.is_answering)
        yield stand


@contextmanager
def small_disk(place: Path) -> Iterator[None]:
    """A disk that can be filled, where one may be mounted; else a plain directory."""
    place.mkdir(mode=0o711)
    is_done("mount", "-t", "tmpfs", "-o", f"size={DISK},mode=711", "tmpfs", str(place))
    try:
        yield
    finally:
        if place.is_mount():
            is_done("umount", "--lazy", str(place))


def can_mount() -> bool:
    """Whether this user may mount a disk: root may, if its container lets it."""
    with tempfile.TemporaryDirectory() as directory, small_disk(Path(directory) / "disk"):
        return (Path(directory) / "disk").is_mount()


def is_done(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def can_listen(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
