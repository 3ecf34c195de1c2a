"""What conversions take of memory: `python -m tests.bench.memory` prints the factors of worker/forecast.py.

Each conversion runs in a fork, whose address space at its highest is compared with that at its start. A factor is the
slope between two sizes, in bytes for each pixel; of several kinds of picture the highest counts.
"""

import os
import random
import resource
import sys
from collections.abc import Callable, Iterable
from functools import partial
from io import BytesIO
from pathlib import Path

from PIL import Image

from core.formats import READABLE, TARGETS, find_target
from core.options import Options
from worker.opening import prepare_codecs
from worker.pipeline import convert
from worker.request import Limits, Request
from worker.result_file import open_result
from worker.zygote import warm_up
from worker.zygote_process import environment

LIMITS = Limits(max_pixels=1 << 28, max_frames=1000, max_result_bytes=1 << 30, memory_bytes=1 << 40, seconds=600)
SMALL, LARGE = (768, 768), (1536, 1536)
FRAMES = (4, 12)
FRAME = (600, 400)
MODES = ("L", "RGB", "RGBA", "I;16")
ANIMATED = ("gif", "webp", "png", "avif", "tiff", "pdf")


def main() -> None:
    """Three tables: decoders, encoders, and encoders by frame."""
    if "GLIBC_TUNABLES" not in os.environ:
        # As in a zygote: the allocator's ways are part of what is measured.
        command = [sys.executable, "-m", "tests.bench.memory", *sys.argv[1:]]
        os.execve(sys.executable, command, {**os.environ, **environment()})  # noqa: S606
    prepare_codecs()
    warm_up()
    chosen = set(sys.argv[1:])
    for fmt in READABLE:
        if not chosen or fmt.name in chosen:
            report("read", fmt.name, (slope(encoded(fmt.name, mode), fmt.name, "bmp") for mode in MODES))
    for fmt in TARGETS:
        if not chosen or fmt.name in chosen:
            report("write", fmt.name, (slope(encoded("tiff", mode), "tiff", fmt.name) for mode in MODES))
    for name in ANIMATED:
        if not chosen or name in chosen:
            report("frames", name, [by_frame(name)])


def report(what: str, name: str, factors: Iterable[float | None]) -> None:
    print(what, name, *(f"{factor:.1f}" if factor is not None else "-" for factor in factors), flush=True)


def encoded(name: str, mode: str) -> tuple[int, int] | None:
    """Noise in both sizes as memory files, by way of the engine itself where Pillow does not write that mode."""
    if find_target(name) is None:
        return None
    small, large = (apart(partial(made, name, mode, size)) for size in (SMALL, LARGE))
    return (small, large) if os.fstat(small).st_size and os.fstat(large).st_size else None


def made(name: str, mode: str, size: tuple[int, int]) -> bytes:
    bands = {"L": 1, "RGB": 3, "RGBA": 4, "I;16": 2}[mode]
    picture = Image.frombytes(mode, size, random.Random(1).randbytes(size[0] * size[1] * bands))  # noqa: S311
    out, sink = BytesIO(), BytesIO()
    picture.save(out, "TIFF")
    if name == "tiff":
        return out.getvalue()
    outcome = convert(request("tiff", name), out.getvalue(), sink)
    return sink.getvalue() if outcome.failure is None else b""


def request(source: str, target: str) -> Request:
    return Request(source=source, target=target, options=Options(), limits=LIMITS)


def slope(files: tuple[int, int] | None, source: str, target: str) -> float | None:
    if files is None:
        return None
    low, high = (peak(file, source, target) for file in files)
    return (high - low) / (LARGE[0] * LARGE[1] - SMALL[0] * SMALL[1])


def by_frame(target: str) -> float:
    """Bytes for each pixel of each further frame."""
    low, high = (peak(apart(partial(animation, count)), "png", target) for count in FRAMES)
    return (high - low) / ((FRAMES[1] - FRAMES[0]) * FRAME[0] * FRAME[1])


def animation(count: int) -> bytes:
    numbers = random.Random(2)  # noqa: S311
    frames = [Image.frombytes("RGBA", FRAME, numbers.randbytes(FRAME[0] * FRAME[1] * 4)) for _ in range(count)]
    out = BytesIO()
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:], duration=50, compress_level=1)
    return out.getvalue()


def peak(file: int, source: str, target: str) -> int:
    """Bytes of address space that a conversion takes beyond what was there."""
    return int(os.pread(apart(partial(measure, file, source, target)), 64, 0))


def apart(call: Callable[[], bytes]) -> int:
    """A memory file with what that gives in a fork: what this process frees its forks would use again unseen."""
    answer = os.memfd_create("answer")
    pid = os.fork()
    if pid == 0:
        try:
            os.write(answer, call())
        except (OSError, ValueError, KeyError) as error:
            sys.stderr.write(f"{error}\n")
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    return answer


def measure(file: int, source: str, target: str) -> bytes:
    data = os.pread(file, os.fstat(file).st_size, 0)
    before = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    result = os.memfd_create("result")
    outcome = convert(request(source, target), data, open_result(result, LIMITS.max_result_bytes))
    if outcome.failure is not None:
        sys.stderr.write(f"{source} to {target}: {outcome.failure.detail}\n")
    status = Path("/proc/self/status").read_text()
    return str(int(status.partition("VmPeak:")[2].split()[0]) * 1024 - before).encode()


if __name__ == "__main__":
    main()
