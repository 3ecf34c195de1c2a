"""Send damaged requests, and watch the service."""

import itertools
import random
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

import httpx
import psutil

from conformance.bad_requests.stand import Holdings, Stand, take_stock, wait_for_stock
from conformance.raw_fuzz.mutations import damage
from conformance.raw_fuzz.requests import REQUESTS
from conformance.service import PATIENCE

QUIET_SECONDS = 0.2
"""How long to wait for more of an answer. Of half a request there is none."""
THREADS = 6
LOOK_EVERY = 200
MOST_GROWTH = 48 << 20
"""How much memory may grow after the first quarter, which is warming up."""
STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
ALLOWED = frozenset({503, 507})
"""Statuses above 500 that are promised: too much at a time, and no room."""


@dataclass
class Campaign:
    """What was sent and seen so far."""

    seed: int
    statuses: Counter[int] = field(default_factory=Counter)
    bad: list[tuple[int, str]] = field(default_factory=list)
    """The number of a case, and what is wrong with its answer."""
    memory: list[int] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def sent(self) -> int:
        """Return how many requests were sent. Status 0 is no answer."""
        return sum(self.statuses.values())

    @property
    def accepted(self) -> int:
        """Return how many requests may have left something: those that were taken, and failed conversions."""
        return sum(count for status, count in self.statuses.items() if 200 <= status < 300 or status == 422)


def make_case(stand: Stand, seed: int, number: int) -> bytes:
    """Return the damaged request of that number."""
    dice = random.Random(f"{seed}:{number}")  # noqa: S311 - to be repeated
    return damage(dice, [stand.fill(request, keyed=False) for request in REQUESTS])


def run_campaign(stand: Stand, *, seed: int, seconds: float, count: int | None = None) -> Campaign:
    """Send requests for so many seconds, or so many of them."""
    campaign, lock, numbers = Campaign(seed), threading.Lock(), itertools.count()
    began = time.monotonic()

    def work() -> None:
        while time.monotonic() - began < seconds:
            with lock:
                number = next(numbers)
            if count is not None and number >= count:
                return
            answer = send_bytes(stand.address(keyed=False), make_case(stand, seed, number))
            with lock:
                judge_answer(campaign, number, answer)
                if campaign.sent % LOOK_EVERY == 0:
                    look_at_service(stand, campaign)

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(work) for _ in range(THREADS)]:
            done.result()
    look_at_service(stand, campaign)
    campaign.seconds = time.monotonic() - began
    return campaign


def send_bytes(address: tuple[str, int], data: bytes) -> bytes:
    """Send them, and return what comes back until it is quiet."""
    answer = b""
    with socket.create_connection(address, timeout=PATIENCE) as wire, suppress(ConnectionError, TimeoutError):
        wire.sendall(data)
        wire.settimeout(QUIET_SECONDS)
        while block := wire.recv(65536):
            answer += block
            if is_whole(answer):
                break
    return answer


def is_whole(answer: bytes) -> bool:
    """Return whether the first answer has its length in it."""
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    return length is not None and len(body) >= int(length[1])


def judge_answer(campaign: Campaign, number: int, answer: bytes) -> None:
    """Count an answer, and note one that is wrong."""
    if not answer:
        campaign.statuses[0] += 1
        return
    found = STATUS.match(answer)
    status = int(found[1]) if found else -1
    campaign.statuses[status] += 1
    if found is None or (status >= 500 and status not in ALLOWED):
        campaign.bad.append((number, repr(answer[:200])))


def look_at_service(stand: Stand, campaign: Campaign) -> None:
    """Ask for liveness, and take the memory."""
    httpx.get(f"http://127.0.0.1:{stand.open_api.probe_port}/livez", timeout=PATIENCE).raise_for_status()
    campaign.memory.append(psutil.Process(stand.open_api.pid).memory_info().rss)


def find_faults(stand: Stand, campaign: Campaign, before: Holdings) -> list[str]:
    """Return a sentence for each thing that is wrong after a campaign."""
    after = wait_for_stock(stand, before, most_rows=campaign.accepted)
    faults = [f"case {number} of seed {campaign.seed}: {what}" for number, what in campaign.bad]
    if stand.open_api.popen.poll() is not None:
        faults.append("the API has ended")
    log = stand.open_api.log.read_text(encoding="utf-8", errors="replace")
    if "Traceback" in log:
        line = next(line for line in log.splitlines() if "Traceback" in line)
        # The end of it says what and where.
        faults.append(f"a traceback in the log, ending: {line[-1500:]}")
    faults += [
        f"{name}: {count} rows, {before.rows[name]} before, {campaign.accepted} requests accepted"
        for name, count in after.rows.items()
        if count > before.rows[name] + campaign.accepted
    ]
    if after.files > before.files or after.connections > before.connections:
        faults.append(
            f"open files {after.files}, connections {after.connections}, before {before.files} and {before.connections}"
        )
    if (grown := measure_growth(campaign.memory)) > MOST_GROWTH:
        faults.append(f"the API grew by {grown >> 20} MiB")
    return faults


def measure_growth(memory: Sequence[int]) -> int:
    """Return how much the last quarter's highest is above the second quarter's."""
    quarter = len(memory) // 4
    return max(memory[-quarter:]) - max(memory[quarter : 2 * quarter]) if quarter else 0


def fuzz_service(stand: Stand, *, seed: int, seconds: float, count: int | None = None) -> tuple[Campaign, list[str]]:
    """Run a campaign between two looks at what is held. Return it, and what is wrong."""
    before = take_stock(stand)
    campaign = run_campaign(stand, seed=seed, seconds=seconds, count=count)
    return campaign, find_faults(stand, campaign, before)
