"""What an attack costs: memory, descriptors and log of the API, and how others fare meanwhile."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import psutil

from conformance.attacks.target import PNG, Target

MIB = 1 << 20
PAUSE_SECONDS = 0.05
ANSWER_SECONDS = 10.0
"""What takes longer is no answer."""
OTHER = {"X-Forwarded-For": "203.0.113.9"}
"""Others come from another address than the attacker."""


@dataclass
class Cost:
    """The figures of one attack."""

    rest_mib: float = 0.0
    peak_mib: float = 0.0
    descriptors: int = 0
    log_bytes: int = 0
    probes: list[float] = field(default_factory=list)
    others: list[float] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)


def find_percentile(seconds: list[float], share: float) -> float:
    """The value that this share of them does not exceed; 0 without any."""
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * share))] if seconds else 0.0


@contextmanager
def watched(target: Target) -> Iterator[Cost]:
    """Measure until the end of the block, and be another user and a probe meanwhile."""
    process = psutil.Process(target.api.pid)
    result = target.make_result(20_000)
    cost, over = Cost(rest_mib=process.memory_info().rss / MIB), threading.Event()
    log_before = target.api.log.stat().st_size

    def measure() -> None:
        while not over.wait(PAUSE_SECONDS):
            cost.peak_mib = max(cost.peak_mib, process.memory_info().rss / MIB)
            cost.descriptors = max(cost.descriptors, process.num_fds())

    def probe() -> None:
        while not over.wait(PAUSE_SECONDS):
            _ask(cost, cost.probes, "probe", "GET", f"{target.url}/livez")

    def be_another() -> None:
        while not over.wait(PAUSE_SECONDS):
            _ask(cost, cost.others, "status", "GET", f"{target.url}/v1/jobs/{result}")
            _ask(cost, cost.others, "download", "GET", f"{target.url}/v1/jobs/{result}/result")
            _ask(cost, cost.others, "upload", "POST", f"{target.url}/v1/jobs")

    threads = [threading.Thread(target=work, daemon=True) for work in (measure, probe, be_another)]
    for thread in threads:
        thread.start()
    try:
        yield cost
    finally:
        over.set()
        for thread in threads:
            thread.join(2 * ANSWER_SECONDS)
        cost.log_bytes = target.api.log.stat().st_size - log_before


def _ask(cost: Cost, seconds: list[float], what: str, method: str, url: str) -> None:
    """Ask on a connection of its own, as a stranger would who comes now."""
    form = {"files": {"file": ("a.png", PNG)}, "data": {"target_format": "jpeg"}} if method == "POST" else {}
    began = time.monotonic()
    try:
        answer = httpx.request(method, url, headers=OTHER, timeout=ANSWER_SECONDS, **form)  # type: ignore[arg-type] # options of httpx
        if answer.status_code >= 400:
            cost.unanswered.append(f"{what}: {answer.status_code}")
            return
    except httpx.HTTPError as error:
        cost.unanswered.append(f"{what}: {type(error).__name__}")
        return
    seconds.append(time.monotonic() - began)
