"""The memory of conversions: `python -m benchmarks.bench.memory [NAME ...]` prints the factors of engine/capabilities.py.

Each conversion runs in a fork. Its factor is the growth of the address space from the start to the peak, as a slope
between two sizes, in bytes for each pixel. The pictures are like photographs with grain, one for each pixel mode.
"""

import os
import resource
import sys
from collections.abc import Callable, Mapping
from functools import cache, partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from imagecodecs import jpegxl_encode
from PIL import Image

from conformance.profiles import rgb_profile
from conformance.psd import on_white, psd
from core.formats import READABLE, TARGETS, find_target, is_installed
from core.options import Options
from engine.codecs.registry import prepare_codecs
from engine.pipeline import convert
from engine.request import Limits, Request
from worker.sandbox.result_file import open_result
from worker.sandbox.zygote import warm_up
from worker.sandbox.zygote_process import make_environment

LIMITS = Limits(max_pixels=1 << 28, max_frames=1000, max_result_bytes=1 << 30, memory_bytes=1 << 40, seconds=600)
SMALL, LARGE = (1000, 1000), (2000, 2000)
FRAMES = (4, 12)
FRAME = (600, 400)
MODES = ("L", "I;16", "RGB", "RGBA")
FILMS = ("gif", "webp", "png", "avif")
ANIMATED = (*FILMS, "tiff", "pdf")

Settings = Mapping[str, Any]
NO_SETTINGS: Settings = {}

ODDITIES: tuple[tuple[str, Settings], ...] = (
    ("jpeg", {"progressive": True}), ("jpeg", {"progressive": True, "quality": 95}), ("webp", {"lossless": True}),
    ("avif", {"quality": 95}), ("heic", {"quality": 95}), ("jxl", {"lossless": True}), ("jp2", {"quality": 75}),
)  # fmt: skip
"""Ways to write. Their files may also need more memory to read."""
EFFORTS = tuple(
    (name, {"effort": effort}) for name in ("png", "webp", "avif", "heic", "jxl") for effort in (0, 5, 7, 9)
)
EFFORTS += (("jxl", {"effort": 9, "lossless": True}),)


def main() -> None:
    """Print a row for each format and way of writing, with a figure for each pixel mode."""
    if "GLIBC_TUNABLES" not in os.environ:
        # As in a zygote: the allocator's ways are part of what is measured.
        command = [sys.executable, "-m", "benchmarks.bench.memory", *sys.argv[1:]]
        os.execve(sys.executable, command, {**os.environ, **make_environment()})  # noqa: S606
    prepare_codecs()
    warm_up()
    chosen = set(sys.argv[1:])
    for what, name, call in (*list_singles(), *list_several()):
        if not chosen or name in chosen or what in chosen:
            print(what, name, *(f"{mode} {factor:.1f}" for mode, factor in call().items()), flush=True)


Rows = tuple[tuple[str, str, Callable[[], dict[str, float]]], ...]


def list_singles() -> Rows:
    """Return the measurements of one picture: decoders, encoders, and the steps between them."""
    written = [fmt.name for fmt in TARGETS if is_installed(fmt)]
    return (
        *(("read", fmt.name, partial(measure_modes, fmt.name, "bmp", made=fmt.name)) for fmt in READABLE),
        *(("write", name, partial(measure_modes, "tiff", name)) for name in written),
        *((f"read {set_}", name, partial(measure_modes, name, "bmp", set_, made=name)) for name, set_ in ODDITIES),
        *((f"write {set_}", name, partial(measure_modes, "tiff", name, set_)) for name, set_ in (*ODDITIES, *EFFORTS)),
        ("steps", "orientation", partial(measure_modes, "tiff", "tiff", {"orientation": 6})),
        ("steps", "profile", partial(measure_modes, "tiff", "tiff", {"icc_profile": rgb_profile()})),
    )


def list_several() -> Rows:
    """Return the measurements of several frames: decoders and encoders of animations and pages."""
    return (
        *(("read frames", name, partial(measure_frames, name, "pdf")) for name in (*FILMS, "jxl")),
        *(("write frames", name, partial(measure_frames, "png", name)) for name in ANIMATED),
    )


def measure_modes(source: str, target: str, settings: Settings = NO_SETTINGS, made: str = "tiff") -> dict[str, float]:
    """Return the bytes for each pixel, by mode. A source without a mode holds another; it counts as the original one."""
    found = {}
    for mode in MODES if not settings else MODES[2:]:
        for size in (SMALL, LARGE):
            make_raw(mode, size)
        files = [run_apart(partial(make_file, made, mode, size, settings)) for size in (SMALL, LARGE)]
        if all(os.fstat(file).st_size for file in files):
            options = settings if target != "bmp" and made == "tiff" and "icc_profile" not in settings else {}
            options = {name: value for name, value in options.items() if name != "orientation"}
            low, high = (measure_peak(file, source, target, options) for file in files)
            found[mode] = (high - low) / (LARGE[0] * LARGE[1] - SMALL[0] * SMALL[1])
    return found


def make_file(name: str, mode: str, size: tuple[int, int], settings: Settings) -> bytes:
    """Make a picture in that format: a TIFF, converted by the engine itself."""
    picture = Image.open(BytesIO(os.pread(make_raw(mode, size), 1 << 30, 0)))
    if name == "psd":
        return psd(on_white(picture) if mode == "RGBA" else picture, layers=-1) if mode in {"RGB", "RGBA"} else b""
    out, sink = BytesIO(), BytesIO()
    exif = Image.Exif()
    exif[274] = settings.get("orientation", 1)
    picture.save(out, "TIFF", exif=exif, icc_profile=settings.get("icc_profile") if mode != "L" else None)
    if name == "tiff" or find_target(name) is None:
        return out.getvalue()
    outcome = convert(make_request("tiff", name, settings), out.getvalue(), sink)
    return sink.getvalue() if outcome.failure is None else b""


@cache
def make_raw(mode: str, size: tuple[int, int]) -> int:
    """Make a memory file with a photograph as TIFF."""

    def write_tiff() -> bytes:
        out = BytesIO()
        photograph(mode, size).save(out, "TIFF")
        return out.getvalue()

    return run_apart(write_tiff)


def photograph(mode: str, size: tuple[int, int]) -> Image.Image:
    """Make a picture of soft shapes and grain. Its transparency is soft too."""
    soft = Image.effect_mandelbrot(size, (-2, -1.2, 1, 1.2), 60)
    grain = Image.effect_noise(size, 40)
    grey = Image.blend(soft, grain, 0.2)
    if mode == "L":
        return grey
    if mode == "I;16":
        return Image.frombytes("I;16", size, Image.merge("LA", (grain, grey)).tobytes())
    turned = grey.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    picture = Image.merge("RGB", (grey, turned, Image.blend(grey, turned, 0.5)))
    if mode == "RGBA":
        picture.putalpha(soft)
    return picture


def make_request(source: str, target: str, options: Settings) -> Request:
    return Request(source=source, target=target, options=Options(**options), limits=LIMITS)


def measure_frames(source: str, target: str) -> dict[str, float]:
    """Return the bytes for each pixel of each further frame, and (still) for each pixel of one frame."""
    low, high = (
        measure_peak(run_apart(partial(make_film, source, count, FRAME)), source, target, {}) for count in FRAMES
    )
    large = measure_peak(
        run_apart(partial(make_film, source, FRAMES[0], (FRAME[0] * 3, FRAME[1] * 3))), source, target, {}
    )
    area = FRAME[0] * FRAME[1]
    each = (high - low) / ((FRAMES[1] - FRAMES[0]) * area)
    return {"each": each, "still": (large - low) / (8 * area) - each * (FRAMES[0] - 1)}


def make_film(name: str, count: int, size: tuple[int, int]) -> bytes:
    frames = [photograph("RGBA", size).rotate(20 * index) for index in range(count)]
    out, sink = BytesIO(), BytesIO()
    if name == "jxl":
        return bytes(jpegxl_encode(np.stack([np.asarray(frame) for frame in frames]), distance=1.0, numthreads=1))
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:], duration=50, compress_level=1)
    if name == "png":
        return out.getvalue()
    outcome = convert(make_request("png", name, {}), out.getvalue(), sink)
    return sink.getvalue() if outcome.failure is None else b""


def measure_peak(file: int, source: str, target: str, options: Settings) -> int:
    """Return the bytes of address space of a conversion, without those at its start and without the upload."""
    return int(os.pread(run_apart(partial(measure_here, file, source, target, options)), 64, 0))


def run_apart(call: Callable[[], bytes]) -> int:
    """Run the call in a fork, and return its answer as a memory file. Later forks would reuse memory freed here, unseen."""
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


def measure_here(file: int, source: str, target: str, options: Settings) -> bytes:
    data = os.pread(file, os.fstat(file).st_size, 0)
    before = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    result = os.memfd_create("result")
    outcome = convert(make_request(source, target, options), data, open_result(result, LIMITS.max_result_bytes))
    if outcome.failure is not None:
        sys.stderr.write(f"{source} to {target}: {outcome.failure.detail}\n")
    status = Path("/proc/self/status").read_text()
    return str(int(status.partition("VmPeak:")[2].split()[0]) * 1024 - before).encode()


if __name__ == "__main__":
    main()
