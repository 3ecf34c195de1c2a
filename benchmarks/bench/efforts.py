"""The seconds of each format and effort: `python -m benchmarks.bench.efforts [TARGET ...]` prints figures of core/cost_figures.py.

A photograph with grain and a picture of one color are converted in a fork each, in seconds of the processor for each
megapixel. An encoder that is too slow for the whole picture gets a smaller one.
"""

import os
import platform
import sys
import time
from collections.abc import Iterator
from functools import cache, partial
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.bench.costs import make_picture
from benchmarks.bench.memory import make_request, run_apart
from core.formats import READABLE, TARGETS, Format, is_installed
from engine.codecs.registry import prepare_codecs
from engine.pipeline import convert
from worker.sandbox.zygote import warm_up
from worker.sandbox.zygote_process import make_environment

SIZES = ((256, 256), (1024, 1024))
SLOW_SECONDS = 1.0
"""What takes longer for the small picture is not tried with the large one."""

PLAIN = (60, 120, 180)


def main() -> None:
    """Print a row for each way to write, then one for each format to read."""
    if "GLIBC_TUNABLES" not in os.environ:
        # As in a zygote: the allocator's ways are part of what is measured.
        command = [sys.executable, "-m", "benchmarks.bench.efforts", *sys.argv[1:]]
        os.execve(sys.executable, command, {**os.environ, **make_environment()})  # noqa: S606
    prepare_codecs()
    warm_up()
    chosen = set(sys.argv[1:])
    print(f"{find_machine()}\n\n| what | format | effort | photograph, s/MP | one color, s/MP |\n|---|---|---|---|---|")
    for fmt in TARGETS:
        if is_installed(fmt) and (not chosen or fmt.name in chosen):
            for options in list_ways(fmt):
                print_row("write", fmt.name, options, partial(measure_seconds, "ppm", fmt.name, options))
    for fmt in READABLE:
        if not chosen or fmt.name in chosen:
            print_row("read", fmt.name, {}, partial(measure_seconds, fmt.name, "ppm", {}))


def find_machine() -> str:
    """Return the processor's name."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def list_ways(fmt: Format) -> Iterator[dict[str, Any]]:
    """Yield the options that decide on an encoder's time."""
    ways: list[dict[str, Any]] = [{}, {"lossless": True}] if "lossless" in fmt.options else [{}]
    for way in ways:
        for effort in range(10) if "effort" in fmt.options else [None]:
            yield way if effort is None else {**way, "effort": effort}


def print_row(what: str, name: str, options: dict[str, Any], measure: "partial[float]") -> None:
    cells = [f"{measure(kind):.4f}" for kind in ("photograph", "plain")]
    words = f"{what} lossless" if options.get("lossless") else what
    print(f"| {words} | {name} | {options.get('effort', '')} | {' | '.join(cells)} |", flush=True)


def measure_seconds(source: str, target: str, options: dict[str, Any], kind: str) -> float:
    """Return the seconds for each megapixel, of the largest picture that is not too slow."""
    found = 0.0
    for size in SIZES:
        file = make_source(source, kind, size)
        if not os.fstat(file).st_size:
            return 0.0
        taken = float(os.pread(run_apart(partial(time_here, file, source, target, options)), 64, 0) or b"0")
        found = taken / (size[0] * size[1] / 1e6)
        if taken > SLOW_SECONDS:
            break
    return found


@cache
def make_source(name: str, kind: str, size: tuple[int, int]) -> int:
    """Make a memory file with a picture in that format; empty where it is not written here."""
    picture = Image.new("RGB", size, PLAIN) if kind == "plain" else Image.open(BytesIO(make_picture("PNG", size)))
    plain = BytesIO()
    picture.save(plain, "PPM")
    return run_apart(partial(encode_source, name, plain.getvalue()))


def encode_source(name: str, plain: bytes) -> bytes:
    if name == "ppm":
        return plain
    if name == "psd":
        return b""
    sink = BytesIO()
    outcome = convert(make_request("ppm", name, {}), plain, sink)
    return sink.getvalue() if outcome.failure is None else b""


def time_here(file: int, source: str, target: str, options: dict[str, Any]) -> bytes:
    """Time a conversion in this process, in seconds of the processor."""
    data = os.pread(file, os.fstat(file).st_size, 0)
    began = time.process_time()
    outcome = convert(make_request(source, target, options), data, BytesIO())
    taken = time.process_time() - began
    if outcome.failure is not None:
        sys.stderr.write(f"{source} to {target}: {outcome.failure.detail}\n")
    return f"{taken:.6f}".encode()


if __name__ == "__main__":
    main()
