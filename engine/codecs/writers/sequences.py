"""Pillow's own writers: stills, TIFF pages, WebP and AVIF animations, fed one frame at a time."""

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from imagecodecs import qoi_encode
from PIL import Image

from engine.animation.timing import Clock
from engine.codecs.writers.plan import Plan
from engine.containers import bmff, riff
from engine.image import Frame

QOI_SPACE = 13
"""Where a QOI says that its colours are sRGB: 0."""


class FrameSequence(Image.Image):
    """Frames as Pillow's writers ask for them: `seek` brings the next one. `durations` grows with them.

    A list of images would hold all of them in memory; the writers only need `n_frames`, `seek` and `tell`.
    """

    def __init__(self, frames: Iterator[Frame], count: int, clock: Clock | None = None) -> None:
        super().__init__()
        self.n_frames = count
        self.is_animated = count > 1
        self.durations: list[int] = []
        self._frames = frames
        self._clock = clock
        self._at = -1
        self.seek(0)

    def seek(self, frame: int) -> None:
        """Show that frame; it is the one that is shown, the next one, or (after the last) the first again."""
        if frame == self._at + 1 < self.n_frames:
            self._show(next(self._frames))
            self._at = frame
        elif frame not in (0, self._at):
            raise EOFError

    def tell(self) -> int:
        """The number of the frame that is shown, from 0."""
        return self._at

    def _show(self, frame: Frame) -> None:
        self.im = frame.image.im
        self._mode = frame.image.mode
        self._size = frame.image.size
        self.info = {"icc_profile": frame.profile} if frame.profile else {}
        if self._clock is not None:
            self.durations.append(self._clock.ticks(frame.duration))


def write_still(frame: Frame, plan: Plan, sink: BinaryIO) -> tuple[int, int]:
    """One picture; its size in pixels."""
    frame.image.save(sink, plan.pillow, **plan.settings, **profile_of(frame))
    return frame.image.size


def write_qoi(frame: Frame, _plan: Plan, sink: BinaryIO) -> tuple[int, int]:
    """One picture through imagecodecs: Pillow's encoder is Python and takes two seconds for a megapixel."""
    data = bytearray(qoi_encode(np.asarray(frame.image)))
    data[QOI_SPACE] = 0
    sink.write(data)
    return frame.image.size


def profile_of(frame: Frame) -> dict[str, Any]:
    """The save parameter for the frame's colour profile, where it has one."""
    return {"icc_profile": frame.profile} if frame.profile else {}


def write_pages(frames: Iterator[Frame], plan: Plan, sink: BinaryIO) -> int:
    """TIFF: each page with its own size, mode and profile; the first carries the metadata."""
    first = next(frames)
    later = FrameSequence(frames, plan.frames - 1)
    later.encoderinfo = plan.later_settings
    # As a save parameter, the first page's profile would go to pages that have none.
    first.image.info.update(profile_of(first))
    first.image.save(sink, plan.pillow, save_all=True, append_images=[later], **plan.settings)
    return plan.frames


def write_webp(frames: Iterator[Frame], plan: Plan, sink: BinaryIO) -> int:
    """Animated WebP; libwebp makes one frame of equal neighbours and adds their times."""
    clock = Clock(1, most=(1 << 24) - 1)
    data = _encoded(FrameSequence(frames, plan.frames, clock), plan, loop=min(plan.plays, 65_535))
    if clock.rounded:
        plan.warn_rounded("WebP", 1)
    sink.write(riff.say_alpha(data) if riff.shows_through(data) else data)
    return riff.frames(data)


def write_avif(frames: Iterator[Frame], plan: Plan, sink: BinaryIO) -> int:
    """AVIF image sequence; its frames last a millisecond at least."""
    clock = Clock(1, least=1, most=(1 << 31) - 1)
    data = _encoded(FrameSequence(frames, plan.frames, clock), plan)
    if clock.rounded:
        plan.warn_rounded("AVIF", 1)
    sink.write(bmff.set_plays(data, plan.plays))
    return plan.frames


def _encoded(sequence: FrameSequence, plan: Plan, **settings: Any) -> bytes:
    buffer = io.BytesIO()
    profile = {"icc_profile": sequence.info["icc_profile"]} if sequence.info else {}
    sequence.save(
        buffer, plan.pillow, save_all=True, duration=sequence.durations, **plan.settings, **profile, **settings
    )
    return buffer.getvalue()
