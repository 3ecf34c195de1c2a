"""A crowd of large conversions, and tiny ones beside it: `python -m benchmarks.bench.crowd [--slots N] [--large N]`.

Each large one takes most of its limit when it has a processor of its own. They run in so many slots of one sandbox, and
one more slot converts tiny ones all the time. Compare the figures of one run with each other: tiny ones alone and
beside the crowd.
"""

import argparse
import statistics
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from benchmarks.bench.costs import make_picture
from conformance.running import LIMITS, memory_files
from core.options import Options
from engine.request import Limits, Request
from worker.sandbox.supervisor import Handle, Sandbox

LARGE = (1152, 864)
"""About two seconds as AVIF of this effort."""
EFFORT = 5

TINY = (64, 48)
ROUNDS = 40
PAUSE_SECONDS = 0.05
MEMORY = 16 << 30
"""Enough for all, so that none waits for memory."""


def main() -> None:
    """Print a row for the large ones, then the tiny ones alone and beside them."""
    asked = read_arguments()
    box, limits = Sandbox(), Limits(**{**LIMITS, "seconds": asked.seconds})
    box.prepare(jobs=asked.slots + 1, budget=MEMORY)
    try:
        tiny = partial(convert, box, make_picture("JPEG", TINY), "webp", Options(), limits)
        large = partial(convert, box, make_picture("JPEG", LARGE), "avif", Options(effort=EFFORT), limits)
        alone = [time_call(tiny) for _ in range(ROUNDS)]
        with ThreadPoolExecutor(asked.slots) as slots:
            began = time.monotonic()
            jobs = [slots.submit(large) for _ in range(asked.large)]
            beside = time_beside(tiny, jobs)
            ends = Counter(job.result() for job in jobs)
            took = time.monotonic() - began
    finally:
        box.close()
    print(f"{asked.large} large ones in {asked.slots} slots, limit {asked.seconds:g} s: {dict(ends)}, {took:.0f} s")
    print(f"tiny ones alone:  {show_spread(alone)}\ntiny ones beside: {show_spread(beside)}")


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure a crowd of large conversions, and tiny ones beside it.")
    parser.add_argument("--slots", type=int, default=20, help="how many large ones are taken at the same time")
    parser.add_argument("--large", type=int, default=20, help="how many large ones there are")
    parser.add_argument("--seconds", type=float, default=6.0, help="the limit of each conversion")
    return parser.parse_args()


def convert(box: Sandbox, data: bytes, target: str, options: Options, limits: Limits) -> str:
    """Return `succeeded` or the code of the failure."""
    request = Request(source="jpeg", target=target, options=options, limits=limits)
    with memory_files(data) as (upload, result):
        failure = box.run(request, upload, result, Handle()).failure
    return "succeeded" if failure is None else failure.code.value


def time_beside(tiny: "partial[str]", jobs: "list[Future[str]]") -> list[float]:
    """Convert tiny ones until the large ones are over."""
    taken = []
    while not all(job.done() for job in jobs):
        taken.append(time_call(tiny))
        time.sleep(PAUSE_SECONDS)
    return taken


def time_call(call: "partial[str]") -> float:
    began = time.monotonic()
    assert call() == "succeeded"
    return (time.monotonic() - began) * 1000


def show_spread(times: list[float]) -> str:
    high = sorted(times)[int(len(times) * 0.95)]
    return f"p50 {statistics.median(times):.0f} ms, p95 {high:.0f} ms, {len(times)} of them"


if __name__ == "__main__":
    main()
