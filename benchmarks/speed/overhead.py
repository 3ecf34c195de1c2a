"""The price of the sandbox: one conversion of a 500 KB image in a child, beside the same Pillow calls in this process."""

import io
import statistics
import time
from dataclasses import dataclass

from PIL import Image

from benchmarks.speed.photos import Photo
from conformance.matrix.limits import DEFAULT_LIMITS
from conformance.running import memory_files
from core.options import Options
from engine.request import Request
from worker.sandbox.supervisor import Handle, Sandbox

ROUNDS = 60
WANTED_BYTES = 500_000


@dataclass(frozen=True, slots=True)
class Overhead:
    """Medians in milliseconds; `bytes_` of the upload."""

    bytes_: int
    sandbox: float
    bare: float
    apart: float


def make_upload(photo: Photo) -> bytes:
    """Make a JPEG of about 500 KB."""
    out = io.BytesIO()
    for quality in range(95, 20, -5):
        out = io.BytesIO()
        photo.image.save(out, "JPEG", quality=quality)
        if out.tell() <= WANTED_BYTES:
            break
    return out.getvalue()


def measure_overhead(box: Sandbox, photo: Photo) -> Overhead:
    """Measure JPEG to BMP in both ways, in turns. BMP costs least beside the decoding."""
    data = make_upload(photo)
    pairs = [(_time_sandbox(box, data), _time_bare(data)) for _ in range(ROUNDS)]
    sandbox, bare = ([pair[place] * 1000 for pair in pairs] for place in (0, 1))
    apart = statistics.median(one - other for one, other in zip(sandbox, bare, strict=True))
    return Overhead(len(data), statistics.median(sandbox), statistics.median(bare), apart)


def _time_sandbox(box: Sandbox, data: bytes) -> float:
    request = Request(source="jpeg", target="bmp", options=Options(), limits=DEFAULT_LIMITS)
    began = time.monotonic()
    with memory_files(data) as (upload, result):
        outcome = box.run(request, upload, result, Handle())
    took = time.monotonic() - began
    if outcome.failure is not None:
        raise RuntimeError(outcome.failure.detail)
    return took


def _time_bare(data: bytes) -> float:
    began = time.monotonic()
    out = io.BytesIO()
    with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
        image.save(out, "BMP")
    return time.monotonic() - began
