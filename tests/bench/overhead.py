"""What the sandbox costs a small job: `python -m tests.bench.overhead` beside the bare call of Pillow.

A JPEG of about 500 KB, the same conversion in turn through the sandbox and in this process. The difference of each
pair counts, so that what else the machine does falls on both.
"""

import io
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

from PIL import Image

from tests.bench.costs import picture
from tests.engine.conftest import LIMITS
from tests.engine.running import Boxed
from worker.sandbox import Sandbox

SIZE = (1600, 1200)
ROUNDS = 60
PAUSE = 0.03
"""Between two jobs, in seconds: as long as a worker takes to store one and fetch the next."""


def main() -> None:
    """A row for each target."""
    data, box = picture("JPEG", SIZE), Sandbox()
    box.prepare(jobs=2, budget=4 << 30)
    boxed = Boxed(box, LIMITS)
    print(f"| JPEG of {len(data):,} bytes to | bare, ms | sandbox, ms | median difference, ms |\n|---|---|---|---|")
    for target in sys.argv[1:] or ["jpeg", "webp"]:
        compare(target, partial(boxed, data, target=target), partial(bare, data, target))
    box.close()


def bare(data: bytes, target: str) -> None:
    Image.open(io.BytesIO(data)).save(io.BytesIO(), target)


def compare(target: str, sandboxed: Callable[[], object], plain: Callable[[], object]) -> None:
    pairs = [(taken(plain), taken(sandboxed)) for _ in range(ROUNDS)]
    plains, boxes = zip(*pairs, strict=True)
    extra = statistics.median(box - plain for plain, box in pairs)
    print(f"| {target} | {statistics.median(plains):.1f} | {statistics.median(boxes):.1f} | {extra:.1f} |", flush=True)


def taken(call: Callable[[], object]) -> float:
    time.sleep(PAUSE)
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main()
