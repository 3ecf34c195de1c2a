"""The result of a conversion, and ways to look at it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageChops

from conformance import images
from conformance.slow import slowed
from core.options import Options
from engine.request import Converted, Limits, Outcome, Request
from worker.sandbox.supervisor import Handle, Sandbox

LIMITS = {
    "max_pixels": 50_000_000,
    "max_frames": 1000,
    "max_result_bytes": 200 << 20,
    "memory_bytes": 1 << 30,
    "seconds": 120.0,
}
"""The limits of conversions in tests."""
Pixel = float | tuple[float, ...] | None
"""What `getpixel` of Pillow gives."""


@dataclass(frozen=True)
class Result:
    """An outcome and its bytes."""

    outcome: Outcome
    data: bytes

    @property
    def converted(self) -> Converted:
        """The result's description; fails the test when there is none."""
        assert self.outcome.converted is not None, self.outcome.failure
        return self.outcome.converted

    @property
    def failure(self) -> str:
        """The failure's code; fails the test when there is none."""
        assert self.outcome.failure is not None
        return self.outcome.failure.code.value

    @property
    def warnings(self) -> list[str]:
        """The codes of the warnings."""
        return [warned.code.value for warned in self.outcome.warnings]

    def image(self) -> Image.Image:
        """The result decoded, its first frame. Of stills, palettes and bits as the colours or greys that they stand for."""
        stored = self.stored()
        return stored if stored.format == "GIF" or getattr(stored, "n_frames", 1) > 1 else images.unpacked(stored)

    def stored(self) -> Image.Image:
        """The result as Pillow opens it, its first frame."""
        assert self.outcome.failure is None, self.outcome.failure
        return images.decoded(self.data)

    def frames(self, mode: str = "RGBA") -> list[Image.Image]:
        """All frames as Pillow sees them."""
        image = self.image()
        found = []
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            image.load()
            found.append(image.convert(mode))
        return found

    def times(self) -> list[float]:
        """The frames' times in milliseconds as Pillow sees them."""
        image = self.image()
        found = []
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            image.load()
            found.append(image.info.get("duration", 0))
        return found


@contextmanager
def memory_files(upload: bytes) -> Iterator[tuple[int, int]]:
    """File descriptors of an upload with those bytes and of an empty result, as a worker hands them to a sandbox."""
    fds = os.memfd_create("upload"), os.memfd_create("result")
    try:
        os.write(fds[0], upload)
        yield fds
    finally:
        for fd in fds:
            os.close(fd)


def content(fd: int) -> bytes:
    """Return the content of a file."""
    return os.pread(fd, os.fstat(fd).st_size, 0)


class Boxed:
    """Runs jobs in a sandbox. `hold` makes one wait first, in a sandbox of conformance.slow.ZYGOTE."""

    def __init__(self, sandbox: Sandbox, limits: dict[str, Any]) -> None:
        self.sandbox = sandbox
        self._limits = limits

    def __call__(
        self,
        data: bytes,
        *,
        source: str = "jpeg",
        target: str = "png",
        hold: float = 0.0,
        handle: Handle | None = None,
        **limits: float,
    ) -> Result:
        given: dict[str, Any] = self._limits | limits
        request = Request(source=source, target=target, options=Options(), limits=Limits(**given))
        with memory_files(slowed(data, hold)) as (upload, result):
            outcome = self.sandbox.run(request, upload, result, handle or Handle())
            return Result(outcome, content(result))


def apart(one: Image.Image, other: Image.Image) -> float:
    """Return the largest difference of any sample; the sizes and modes must be equal."""
    assert (one.size, one.mode) == (other.size, other.mode)
    extremes = ImageChops.difference(one, other).getextrema()
    return max(high for _, high in extremes) if isinstance(extremes[0], tuple) else extremes[1]


def near(seen: Pixel | Sequence[Pixel], wanted: Pixel | Sequence[Pixel], tolerance: float = 8) -> bool:
    """Return whether two pixels, or two rows of grey ones, are alike; None is like nothing."""
    one, other = (np.asarray(pixel, float) for pixel in (seen, wanted))
    return one.shape == other.shape and bool(np.all(np.abs(one - other) <= tolerance))
