"""Samples of the service under load, second by second: queue, slots, replicas, CPU and memory of the processes."""

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gevent
import psutil

SECONDS = 5.0
ROLES = {"janitor": "janitor", "worker": "worker", "api": "api"}
"""By the module that Python runs."""
SERIES = {
    "queue": 'max(imagemill_queue_messages{namespace=~"NS"})',
    "busy": 'sum(imagemill_worker_slots_busy{namespace=~"NS"})',
    "workers": 'count(imagemill_worker_slots{namespace=~"NS"})',
}
"""The queries for a Prometheus; NS is the namespace."""


@dataclass
class System:
    """Samples of one run: pairs of seconds after the start and value, by series."""

    look: Callable[[], dict[str, float]]
    start: float = field(default_factory=time.time)
    series: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def take_samples(self, every: float = 1.0) -> None:
        """Take samples until killed; a failed look leaves a gap."""
        while True:
            at = time.time() - self.start
            for name, value in self._try_look().items():
                self.series.setdefault(name, []).append((round(at, 2), value))
            gevent.sleep(every)

    def _try_look(self) -> dict[str, float]:
        try:
            return self.look()
        except (OSError, ValueError, LookupError, psutil.Error):
            return {}


def ask_prometheus(address: str, namespace: str) -> Callable[[], dict[str, float]]:
    """Return a look through a Prometheus scraping the service."""

    def look() -> dict[str, float]:
        found = {name: _query_value(address, query.replace("NS", namespace)) for name, query in SERIES.items()}
        return {name: value for name, value in found.items() if value is not None}

    return look


def _query_value(address: str, query: str) -> float | None:
    url = f"{address}/api/v1/query?" + urllib.parse.urlencode({"query": query})
    with urllib.request.urlopen(url, timeout=SECONDS) as answer:
        result = json.load(answer)["data"]["result"]
    return float(result[0]["value"][1]) if result else None


class Processes:
    """Samples from the processes of a service on this machine, found below its launcher."""

    def __init__(self, launcher: psutil.Process) -> None:
        self._launcher = launcher
        self._known: dict[int, psutil.Process] = {}
        self._cpu: dict[int, float] = {}
        self._then = time.monotonic()
        self._pages: dict[str, str] = {}

    def look(self) -> dict[str, float]:
        """Return queue, busy slots, CPU in cores, memory in MiB, open files, and the number of PostgreSQL's processes.

        Those processes are its connections and a fixed few.
        """
        everybody = [self._launcher, *self._launcher.children(recursive=True)]
        roles = {role: p for p in everybody if (role := _find_role(p))}
        found = {
            "service_cores": self._measure_cores(everybody),
            "generator_cores": self._measure_cores([psutil.Process()]),
        }
        self._then = time.monotonic()
        for role, process in roles.items():
            found[f"{role}_mib"] = process.memory_info().rss / 2**20
            found[f"{role}_files"] = float(process.num_fds())
        found["postgres_processes"] = float(sum(process.name() == "postgres" for process in everybody))
        return found | self._read_metrics(roles)

    def _measure_cores(self, processes: list[psutil.Process]) -> float:
        """Return CPU seconds a second since the last look. Ended conversions are in their parents' figures."""
        used = 0.0
        for process in processes:
            try:
                times = process.cpu_times()
            except psutil.Error:
                continue
            total = times.user + times.system + times.children_user + times.children_system
            used += max(0.0, total - self._cpu.get(process.pid, total))
            self._cpu[process.pid] = total
        return used / max(1e-3, time.monotonic() - self._then)

    def _read_metrics(self, roles: dict[str, psutil.Process]) -> dict[str, float]:
        found: dict[str, float] = {}
        asked = (("janitor", "imagemill_queue_messages", "queue"), ("worker", "imagemill_worker_slots_busy", "busy"))
        for role, metric, name in asked:
            if role in roles and (value := self._read_metric(roles[role], metric)) is not None:
                found[name] = value
        return found | {"workers": float("worker" in roles)}

    def _read_metric(self, process: psutil.Process, metric: str) -> float | None:
        with urllib.request.urlopen(f"http://127.0.0.1:{_find_port(process)}/metrics", timeout=SECONDS) as answer:
            page = answer.read().decode()
        return next((float(line.split()[-1]) for line in page.splitlines() if line.startswith(f"{metric} ")), None)


def _find_role(process: psutil.Process) -> str | None:
    """Return the role of a process by its `-m` argument, None for any other."""
    try:
        command = process.cmdline()
    except psutil.Error:
        return None
    module = command[command.index("-m") + 1] if "-m" in command[:-1] else ""
    return ROLES.get(module)


def _find_port(process: psutil.Process) -> int:
    listening = [c for c in process.net_connections("inet") if c.status == psutil.CONN_LISTEN]
    return int(listening[0].laddr.port)


def describe_machine() -> dict[str, Any]:
    """Return the machine's cores and memory."""
    return {"cores": psutil.cpu_count(), "memory_gib": round(psutil.virtual_memory().total / 2**30, 1)}
