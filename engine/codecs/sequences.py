"""Several frames through Pillow.

Its readers compose films of WebP and AVIF. Its writers are fed one frame at a time.
"""

import io
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from typing import BinaryIO

from PIL import Image, ImageFile

from engine.animation.timing import Clock
from engine.codecs.pillow import choose_profile, is_opaque, read_single_frame
from engine.codecs.plan import WritePlan
from engine.color.colorimetry import Described
from engine.errors import decoding
from engine.image import Frame, FrameKind, Opened
from engine.metadata import Metadata, read_exif_orientation, strip_exif_mark, strip_xmp_orientation


def open_sequence(
    name: str,
    image: ImageFile.ImageFile,
    *,
    depth: int,
    loop_count: int | None,
    needs: int = 0,
    color: Described | None = None,
) -> Opened:
    """Read the header of a still or film. The decoder composes the frames.

    It applies no orientation (Pillow turns AVIF's into EXIF's). `color` is that of the profile unless given.
    """
    count: int = getattr(image, "n_frames", 1)
    metadata, color = _read_metadata(image), color or Described(image.info.get("icc_profile") or None)
    orientation = read_exif_orientation(metadata.exif)
    make = partial(
        Frame, profile=color.profile, problem=color.problem, hdr=color.hdr, orientation=orientation, depth=depth
    )

    def read_animation(images: list[ImageFile.ImageFile]) -> Iterator[Frame]:
        for index in range(count):
            with decoding(name, needs=needs):
                images[0].seek(index)
                images[0].load()
            yield make(images[0].copy(), Fraction(images[0].info.get("duration", 0)))

    still = partial(read_single_frame, name, [image], make, needs=needs)
    return Opened(
        format=name, size=image.size, pixels=image.width * image.height * count, metadata=metadata,
        read=partial(read_animation, [image]) if count > 1 else still,
        kind=FrameKind.ANIMATION if count > 1 else FrameKind.STILL, frames=count,
        loop_count=image.info.get("loop", 0) if loop_count is None else loop_count,
        orientation=orientation, opaque=is_opaque(image),
    )  # fmt: skip


def _read_metadata(image: Image.Image) -> Metadata:
    """Return the metadata that Pillow found."""
    comment = image.info.get("comment", b"")
    return Metadata(
        exif=strip_exif_mark(image.info.get("exif", b"")),
        xmp=strip_xmp_orientation(image.info.get("xmp", b"")),
        comment=comment if isinstance(comment, bytes) else b"",
    )


class FrameSequence(Image.Image):
    """Frames in the shape of Pillow's writers: `seek` brings the next one. `durations` grows with them.

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
        """Show that frame: the present one, the next one, or (after the last) the first again."""
        if frame == self._at + 1 < self.n_frames:
            self._show_frame(next(self._frames))
            self._at = frame
        elif frame not in (0, self._at):
            raise EOFError

    def tell(self) -> int:
        """Return the number of the present frame, from 0."""
        return self._at

    def _show_frame(self, frame: Frame) -> None:
        self.im = frame.image.im
        self._mode = frame.image.mode
        self._size = frame.image.size
        self.info = {"icc_profile": frame.profile} if frame.profile else {}
        if self._clock is not None:
            self.durations.append(self._clock.count_ticks(frame.duration))


def write_pages(frames: Iterator[Frame], plan: WritePlan, sink: BinaryIO) -> int:
    """Write each page with its own size, mode and profile. The first carries the metadata."""
    first = next(frames)
    later = FrameSequence(frames, plan.frames - 1)
    later.encoderinfo = plan.later_settings
    # As a save parameter, the first page's profile would go to pages that have none.
    first.image.info.update(choose_profile(first))
    first.image.save(sink, plan.pillow, save_all=True, append_images=[later], **plan.settings)
    return plan.frames


def encode_sequence(sequence: FrameSequence, plan: WritePlan, **settings: object) -> bytes:
    """Return Pillow's file of all frames."""
    buffer = io.BytesIO()
    profile = {"icc_profile": sequence.info["icc_profile"]} if sequence.info else {}
    sequence.save(
        buffer, plan.pillow, save_all=True, duration=sequence.durations, **plan.settings, **profile, **settings
    )
    return buffer.getvalue()
