"""The price of the sandbox for a small job: `python -m benchmarks.bench.overhead [TARGET ...]`.

A JPEG of about 500 KB, the same conversion in turn by a bare call of Pillow, by the engine in this process, and through
the sandbox. The differences of each turn count, so that other work of the machine falls on all three.
"""

import io
import os
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

from PIL import Image

from benchmarks.bench.costs import make_picture
from conformance.matrix.limits import DEFAULT_LIMITS
from conformance.running import LIMITS, Boxed
from core.options import Options
from engine.codecs.registry import prepare_codecs
from engine.pipeline import convert
from engine.request import Request
from worker.sandbox.supervisor import Sandbox
from worker.sandbox.zygote import warm_up
from worker.sandbox.zygote_process import make_environment

SIZE = (1600, 1200)
ROUNDS = 60
PAUSE = 0.03
"""Between two jobs, in seconds: as long as a worker takes to store one and fetch the next."""


def main() -> None:
    """Print a row for each target: medians of each way, and of the differences."""
    if "GLIBC_TUNABLES" not in os.environ:
        # As in a zygote: the allocator's ways would otherwise be the sandbox's advantage.
        command = [sys.executable, "-m", "benchmarks.bench.overhead", *sys.argv[1:]]
        os.execve(sys.executable, command, {**os.environ, **make_environment()})  # noqa: S606
    prepare_codecs()
    warm_up()
    data, box = make_picture("JPEG", SIZE), Sandbox()
    box.prepare(jobs=2, budget=4 << 30)
    boxed = Boxed(box, LIMITS)
    print(
        f"| JPEG of {len(data):,} bytes to | bare, ms | engine, ms | sandbox, ms | sandbox - engine | sandbox - bare |"
    )
    print("|---|---|---|---|---|---|")
    for target in sys.argv[1:] or ["jpeg", "webp", "png"]:
        compare_ways(
            target,
            partial(convert_bare, data, target),
            partial(convert_by_engine, data, target),
            partial(boxed, data, target=target),
        )
    box.close()


def convert_bare(data: bytes, target: str) -> None:
    Image.open(io.BytesIO(data)).save(io.BytesIO(), target)


def convert_by_engine(data: bytes, target: str) -> None:
    """Run all steps of the engine in this process."""
    request = Request(source="jpeg", target=target, options=Options(), limits=DEFAULT_LIMITS)
    assert convert(request, data, io.BytesIO()).failure is None


def compare_ways(target: str, *ways: Callable[[], object]) -> None:
    rounds = [[time_call(way) for way in ways] for _ in range(ROUNDS)]
    figures = [statistics.median(times) for times in zip(*rounds, strict=True)]
    figures += [statistics.median(box - inside for _, inside, box in rounds)]
    figures += [statistics.median(box - plain for plain, _, box in rounds)]
    print(f"| {target} |", " | ".join(f"{figure:.1f}" for figure in figures), "|", flush=True)


def time_call(call: Callable[[], object]) -> float:
    time.sleep(PAUSE)
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main()
