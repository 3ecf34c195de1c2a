"""The chunks of an APNG's animation (PNG specification, third edition, section 11.3.3), those that contradict each other included.

Whoever cannot follow an animation shows the picture for programs without animations. That is whole; an animation from which
frames are missing is not.
"""

import struct
from collections.abc import Callable
from fractions import Fraction

from engine.containers.disposal import Disposal
from engine.containers.png_chunks import ENDLESS, NO_CHUNK
from engine.containers.png_file import PngFile
from engine.containers.png_frames import BLEND_OVER, DISPOSALS, FrameControl
from engine.containers.png_samples import correct_sum, find_most
from engine.errors import corrupt, truncated

MISCOUNTED = "it tells a wrong number of frames"
CONTRADICTORY = "its animation contradicts itself, so the picture for programs without animations was taken"
CHUNKS = frozenset({b"acTL", b"fcTL", b"fdAT"})


def _read_animation(png: PngFile, body: memoryview, seen: set[bytes]) -> None:
    if len(body) == 8 and b"IDAT" not in seen and not png.declared_frames:
        png.declared_frames, png.loop_count = struct.unpack(">II", body)


def _follow_sequence(png: PngFile, body: memoryview) -> bool:
    """Count a chunk of a frame. Say whether it can be read: nothing behind a contradiction is."""
    if not png.declared_frames:
        return False
    if int.from_bytes(body[:4], "big") != png.sequence:
        png.note(CONTRADICTORY)
    png.sequence += 1
    return CONTRADICTORY not in png.flaws


def _read_frame_control(png: PngFile, body: memoryview, _seen: set[bytes]) -> None:
    png.counted_frames += 1
    if not _follow_sequence(png, body):
        return
    control = _unpack_control(png, body)
    if control is None:
        png.note(CONTRADICTORY)
    else:
        png.frames.append((control, []))


def _unpack_control(png: PngFile, body: memoryview) -> FrameControl | None:
    """Return the header of a frame, None when it is no header, or that of a frame outside of the picture."""
    if len(body) != 26:
        return None
    _, width, height, x, y, part, whole, dispose, blend = struct.unpack(">IIIIIHHBB", body)
    if not (width and height and x + width <= png.width and y + height <= png.height):
        return None
    duration = Fraction(part * 1000, whole or 100)
    return FrameControl(width, height, x, y, duration, DISPOSALS.get(dispose, Disposal.KEEP), blend == BLEND_OVER)


def _read_image_data(png: PngFile, body: memoryview, _seen: set[bytes]) -> None:
    # Without a frame's header before it, this is the default image, which is no part of the animation.
    if png.frames:
        png.frames[-1][1].append(body)


def _read_frame_data(png: PngFile, body: memoryview, _seen: set[bytes]) -> None:
    if not _follow_sequence(png, body):
        return
    if png.frames:
        png.frames[-1][1].append(body[4:])
    else:
        png.note(CONTRADICTORY)


READ_FILM: dict[bytes, Callable[[PngFile, memoryview, set[bytes]], None]] = {
    b"acTL": _read_animation,
    b"fcTL": _read_frame_control,
    b"IDAT": _read_image_data,
    b"fdAT": _read_frame_data,
}


def check_animation(png: PngFile) -> None:
    """Leave an animation that contradicts itself. Raise ConversionError when frames, or their pixels, are missing."""
    if png.counted_frames < png.declared_frames:
        raise truncated()
    if CONTRADICTORY in png.flaws:
        if not {ENDLESS, NO_CHUNK}.isdisjoint(png.flaws):
            raise truncated()
        png.frames.clear()
        png.dropped |= CHUNKS
        return
    if len(png.frames) != png.declared_frames:
        png.note(MISCOUNTED)
    if any(not parts for _, parts in png.frames):
        raise corrupt("a frame has no data")
    if png.frames and png.flaws:
        _check_last_frame(png)


def _check_last_frame(png: PngFile) -> None:
    control, parts = png.frames[-1]
    if correct_sum(b"".join(parts), find_most(control.width, control.height, png.bits)) is None:
        raise truncated()
