"""What conversions take of memory: `python -m benchmarks.bench.memory [NAME ...]` prints the factors of engine/capabilities.py.

Each conversion runs in a fork, whose address space at its highest is compared with that at its start. A factor is the
slope between two sizes, in bytes for each pixel. The pictures are like photographs with grain, one for each pixel mode.
"""

import os
import resource
import sys
from collections.abc import Callable, Mapping
from functools import cache, partial
from io import BytesIO
from pathlib import Path
from typing import Any

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
from worker.sandbox.zygote_process import environment

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
"""Ways to write, whose files may also take more to read."""
EFFORTS = tuple(
    (name, {"effort": effort}) for name in ("png", "webp", "avif", "heic", "jxl") for effort in (0, 5, 7, 9)
)
EFFORTS += (("jxl", {"effort": 9, "lossless": True}),)


def main() -> None:
    """A row for each format and way of writing, a column for each pixel mode."""
    if "GLIBC_TUNABLES" not in os.environ:
        # As in a zygote: the allocator's ways are part of what is measured.
        command = [sys.executable, "-m", "benchmarks.bench.memory", *sys.argv[1:]]
        os.execve(sys.executable, command, {**os.environ, **environment()})  # noqa: S606
    prepare_codecs()
    warm_up()
    chosen = set(sys.argv[1:])
    for what, name, call in (*singles(), *several()):
        if not chosen or name in chosen or what in chosen:
            print(what, name, *(f"{mode} {factor:.1f}" for mode, factor in call().items()), flush=True)


Rows = tuple[tuple[str, str, Callable[[], dict[str, float]]], ...]


def singles() -> Rows:
    """Decoders and encoders of one picture, and the steps between them."""
    written = [fmt.name for fmt in TARGETS if is_installed(fmt)]
    return (
        *(("read", fmt.name, partial(by_mode, fmt.name, "bmp", made=fmt.name)) for fmt in READABLE),
        *(("write", name, partial(by_mode, "tiff", name)) for name in written),
        *((f"read {set_}", name, partial(by_mode, name, "bmp", set_, made=name)) for name, set_ in ODDITIES),
        *((f"write {set_}", name, partial(by_mode, "tiff", name, set_)) for name, set_ in (*ODDITIES, *EFFORTS)),
        ("steps", "orientation", partial(by_mode, "tiff", "tiff", {"orientation": 6})),
        ("steps", "profile", partial(by_mode, "tiff", "tiff", {"icc_profile": rgb_profile()})),
    )


def several() -> Rows:
    """Decoders and encoders of animations and pages, for each pixel of each further frame."""
    return (
        *(("read frames", name, partial(by_frame, name, "pdf")) for name in FILMS),
        *(("write frames", name, partial(by_frame, "png", name)) for name in ANIMATED),
    )


def by_mode(source: str, target: str, settings: Settings = NO_SETTINGS, made: str = "tiff") -> dict[str, float]:
    """Bytes for each pixel; modes that the source does not hold come as another, and count as what they were."""
    found = {}
    for mode in MODES if not settings else MODES[2:]:
        for size in (SMALL, LARGE):
            raw(mode, size)
        files = [apart(partial(encoded, made, mode, size, settings)) for size in (SMALL, LARGE)]
        if all(os.fstat(file).st_size for file in files):
            options = settings if target != "bmp" and made == "tiff" and "icc_profile" not in settings else {}
            options = {name: value for name, value in options.items() if name != "orientation"}
            low, high = (peak(file, source, target, options) for file in files)
            found[mode] = (high - low) / (LARGE[0] * LARGE[1] - SMALL[0] * SMALL[1])
    return found


def encoded(name: str, mode: str, size: tuple[int, int], settings: Settings) -> bytes:
    """A picture in that format, by way of the engine itself where it is not what the engine begins with."""
    picture = Image.open(BytesIO(os.pread(raw(mode, size), 1 << 30, 0)))
    if name == "psd":
        return psd(on_white(picture) if mode == "RGBA" else picture, layers=-1) if mode in {"RGB", "RGBA"} else b""
    out, sink = BytesIO(), BytesIO()
    exif = Image.Exif()
    exif[274] = settings.get("orientation", 1)
    picture.save(out, "TIFF", exif=exif, icc_profile=settings.get("icc_profile") if mode != "L" else None)
    if name == "tiff" or find_target(name) is None:
        return out.getvalue()
    outcome = convert(request("tiff", name, settings), out.getvalue(), sink)
    return sink.getvalue() if outcome.failure is None else b""


@cache
def raw(mode: str, size: tuple[int, int]) -> int:
    """A memory file with a photograph as TIFF."""

    def made() -> bytes:
        out = BytesIO()
        photograph(mode, size).save(out, "TIFF")
        return out.getvalue()

    return apart(made)


def photograph(mode: str, size: tuple[int, int]) -> Image.Image:
    """Soft shapes and grain; its transparency is soft too."""
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


def request(source: str, target: str, options: Settings) -> Request:
    return Request(source=source, target=target, options=Options(**options), limits=LIMITS)


def by_frame(source: str, target: str) -> dict[str, float]:
    """Bytes for each pixel of each further frame, and (still) for each pixel of one frame."""
    low, high = (peak(apart(partial(film, source, count, FRAME)), source, target, {}) for count in FRAMES)
    large = peak(apart(partial(film, source, FRAMES[0], (FRAME[0] * 3, FRAME[1] * 3))), source, target, {})
    area = FRAME[0] * FRAME[1]
    each = (high - low) / ((FRAMES[1] - FRAMES[0]) * area)
    return {"each": each, "still": (large - low) / (8 * area) - each * (FRAMES[0] - 1)}


def film(name: str, count: int, size: tuple[int, int]) -> bytes:
    frames = [photograph("RGBA", size).rotate(20 * index) for index in range(count)]
    out, sink = BytesIO(), BytesIO()
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:], duration=50, compress_level=1)
    if name == "png":
        return out.getvalue()
    outcome = convert(request("png", name, {}), out.getvalue(), sink)
    return sink.getvalue() if outcome.failure is None else b""


def peak(file: int, source: str, target: str, options: Settings) -> int:
    """Bytes of address space that a conversion takes beyond what was there and the upload."""
    return int(os.pread(apart(partial(measure, file, source, target, options)), 64, 0))


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


def measure(file: int, source: str, target: str, options: Settings) -> bytes:
    data = os.pread(file, os.fstat(file).st_size, 0)
    before = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    result = os.memfd_create("result")
    outcome = convert(request(source, target, options), data, open_result(result, LIMITS.max_result_bytes))
    if outcome.failure is not None:
        sys.stderr.write(f"{source} to {target}: {outcome.failure.detail}\n")
    status = Path("/proc/self/status").read_text()
    return str(int(status.partition("VmPeak:")[2].split()[0]) * 1024 - before).encode()


if __name__ == "__main__":
    main()
