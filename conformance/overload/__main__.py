"""`make overload`: measure what the service can take, then offer it twice as much, and judge what becomes of it.

`--seconds 300` is how long the overload lasts; 1 when an accepted job was lost, a refusal had no Retry-After, an answer was
none of the two, or the API's memory grew by more than `--most-mib`.
"""

import argparse
import asyncio
import sys
import threading
from dataclasses import dataclass, field
from io import BytesIO

import httpx
import numpy as np
import psutil
from PIL import Image

from conformance.attacks.measuring import MIB, find_percentile
from conformance.attacks.target import running_service
from conformance.overload.traffic import ANSWER_SECONDS, Seen, Sender
from conformance.service import Process

SENDERS = 16
REFUSED = frozenset({"busy", "queue_full", "rate_limited", "too_many_waiting"})
GOOD = frozenset({"succeeded"}) | REFUSED


@dataclass
class Memory:
    """The memory of the API in MiB, once a second."""

    process: psutil.Process
    samples: list[float] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        while not self.over.wait(1):
            self.samples.append(self.process.memory_info().rss / MIB)

    @property
    def growth(self) -> float:
        """The last tenth beside the first one."""
        part = max(1, len(self.samples) // 10)
        return sum(self.samples[-part:]) / part - sum(self.samples[:part]) / part if self.samples else 0.0


def make_picture(side: int) -> bytes:
    """Noise, so that a conversion costs something."""
    sink = BytesIO()
    noise = np.random.default_rng(1).integers(0, 256, (side, side, 3), dtype=np.uint8)
    Image.fromarray(noise).save(sink, "PNG")
    return sink.getvalue()


async def measure(api: Process, given: argparse.Namespace) -> tuple[float, Seen, Seen]:
    """The sustainable rate, a calm phase at half of it, and the overload."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
    url = f"http://127.0.0.1:{api.probe_port}"
    async with httpx.AsyncClient(base_url=url, timeout=ANSWER_SECONDS, limits=limits) as http:
        sender = Sender(http, make_picture(given.side))
        await sender.send_closed(3, SENDERS)
        full = await sender.send_closed(given.calm, SENDERS)
        rate = len(full.totals) / given.calm
        print(f"sustainable: {rate:.1f} jobs/s")
        calm = await sender.send_open(given.calm, max(0.5, rate / 2))
        print(show_phase("half of it", calm), flush=True)
        crowd = await sender.send_open(given.seconds, max(1.0, 2 * rate))
    return rate, calm, crowd


def show_phase(name: str, seen: Seen) -> str:
    """A phase as a line."""
    return (
        f"{name}: {dict(seen.codes)}; submit p50 {_ms(seen.submits, 0.5)} p95 {_ms(seen.submits, 0.95)}, "
        f"job p50 {_ms(seen.totals, 0.5)} p95 {_ms(seen.totals, 0.95)}, "
        f"refusal p50 {_ms(seen.refusals, 0.5)} p95 {_ms(seen.refusals, 0.95)}"
    )


def judge(crowd: Seen, memory: Memory, most_mib: float) -> list[str]:
    """What the overload broke. No latency is judged: the sender uses the same machine."""
    found = [f"{number} {code}" for code, number in crowd.codes.items() if code not in GOOD]
    if crowd.without_retry_after:
        found.append(f"{crowd.without_retry_after} refusals without Retry-After")
    if memory.growth > most_mib:
        found.append(f"memory grew by {memory.growth:.0f} MiB")
    return found


def main() -> int:
    """Run it. Return the exit status."""
    parser = argparse.ArgumentParser(prog="make overload", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--calm", type=float, default=20, help="seconds of each measure before it")
    parser.add_argument("--side", type=int, default=600, help="the picture's side in pixels")
    parser.add_argument("--queue-seconds", type=float, default=2, help="IMAGEMILL_MAX_QUEUE_SECONDS")
    parser.add_argument("--most-mib", type=float, default=40)
    given = parser.parse_args()
    with running_service() as service:
        api = service.start("api", log_level="warning", max_queue_seconds=str(given.queue_seconds), max_waiters="20000")
        service.start("worker", log_level="warning", slots="2")
        service.start("janitor", log_level="warning")
        memory = Memory(psutil.Process(api.pid))
        threading.Thread(target=memory.watch, daemon=True).start()
        rate, calm, crowd = asyncio.run(measure(api, given))
        memory.over.set()
    print(show_phase(f"twice as much ({2 * rate:.1f}/s for {given.seconds:g} s)", crowd))
    for name, before, after in (("submit", calm.submits, crowd.submits), ("job", calm.totals, crowd.totals)):
        ratios = (find_percentile(after, share) / max(0.001, find_percentile(before, share)) for share in (0.5, 0.95))
        print(f"{name}, beside the calm phase: p50 x{next(ratios):.2f}, p95 x{next(ratios):.2f}")
    print(f"memory: {memory.samples[0]:.0f} MiB first, {max(memory.samples):.0f} most, grown by {memory.growth:.0f}")
    broken = judge(crowd, memory, given.most_mib)
    print("; ".join(broken) or "nothing lost, all others told so")
    return 1 if broken else 0


def _ms(seconds: list[float], share: float) -> str:
    return f"{find_percentile(seconds, share) * 1000:.0f} ms"


if __name__ == "__main__":
    sys.exit(main())
