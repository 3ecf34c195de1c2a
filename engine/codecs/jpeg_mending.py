"""Tell a JPEG with a flawed wrapping from one with missing pixels.

libjpeg makes a picture of either, and tells the first thing that it had to pass over. So the wrapping is made anew, and
what it still tells is of the pixels.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import simplejpeg

from core.losses import ImageDamaged, Loss
from engine.containers import jpeg_scans, jpeg_tails
from engine.containers.jpeg_scans import SOS, JpegFile
from engine.containers.jpeg_tails import Layout
from engine.errors import ConversionError, corrupt, truncated

EARLY_END = "premature end"
DAMAGE = "corrupt jpeg data"
EXTRA = re.compile(r"(\d+) extraneous bytes before marker 0x(..)")

TRIES = 6
"""libjpeg counts some bytes of a tail with their stuffing, some without."""

MOST_RUNS, MOST_SCANS = 20_000, 30
"""Each is decoded alone when there are bytes before marks, a scan with all before it."""


@dataclass(frozen=True, slots=True)
class Mended:
    """The same picture in a sound wrapping, and what was wrong with its own.

    `is_odd` says that libjpeg still remarks on it.
    """

    data: bytes
    losses: tuple[Loss, ...]
    is_odd: bool = False


def hear_words(data: bytes, color: str) -> str:
    """Return the first complaint of libjpeg about a picture, in small letters. It is decoded as small as can be."""
    try:
        simplejpeg.decode_jpeg(data, color, min_width=1, min_height=1)
    except ValueError as error:
        return str(error).lower()
    return ""


def mend_jpeg(data: bytes, color: str) -> Mended:
    """Return the picture in a sound wrapping. Raise ConversionError when pixels are missing or make no sense."""
    jpeg = jpeg_scans.parse_file(data)
    jpeg_scans.correct_scans(jpeg)
    layout = jpeg_tails.find_layout(jpeg)
    if layout is not None:
        jpeg_tails.drop_empty_runs(jpeg, layout)
    words = hear_words(jpeg.to_bytes(bare=True), color)
    if EXTRA.search(words):
        _drop_tails(jpeg, layout, color)
        words = hear_words(jpeg.to_bytes(bare=True), color)
    raise_if_damaged(words)
    if not words and not jpeg_scans.is_complete(jpeg):
        raise truncated()
    losses = (ImageDamaged(why=", ".join(jpeg.flaws)),) if jpeg.flaws else ()
    return Mended(jpeg.to_bytes(bare=True), losses, is_odd=bool(words))


def rewrite_header(data: bytes) -> Iterator[Mended]:
    """Yield the picture with its parts in order: first all of them, then those that the pixels depend on."""
    try:
        jpeg = jpeg_scans.parse_file(data)
        jpeg_scans.correct_scans(jpeg)
    except ConversionError:
        return
    for bare in (False, True):
        if bare:
            jpeg.note(jpeg_scans.BESIDE)
        yield Mended(jpeg.to_bytes(bare=bare), (ImageDamaged(why=", ".join(jpeg.flaws or [jpeg_scans.MISPLACED])),))


def raise_if_damaged(words: str) -> None:
    """Raise ConversionError when the words of libjpeg mean damage.

    It also remarks on what is merely odd.
    """
    if EARLY_END in words:
        raise truncated()
    if DAMAGE in words:
        raise corrupt()


def _drop_tails(jpeg: JpegFile, layout: Layout | None, color: str) -> None:
    """Drop bytes before marks that are no data. Raise ConversionError when they are."""
    found: list[bool] = []
    for place, scan in list(enumerate(jpeg.segments)):
        if scan.kind != SOS or len(scan.runs) > MOST_RUNS or len(jpeg.scans) > MOST_SCANS:
            continue
        if layout is None and len(scan.runs) > 1:
            continue
        runs = []
        for index, run in enumerate(scan.runs):
            pack = partial(_pack_alone, jpeg, layout, place, index)
            kept = _find_end(run, pack, color)
            tail = run[len(kept) :]
            if tail.strip(b"\0"):
                jpeg.note(jpeg_scans.PADDED)
            if jpeg_tails.is_filling(tail):
                if jpeg_tails.is_hole(kept, tail):
                    raise truncated()
            else:
                found.append(_is_data(layout, run, kept, pack, color))
            runs.append(kept)
        jpeg.segments[place] = replace(scan, runs=tuple(runs))
    if 2 * sum(found) > len(found):
        raise corrupt("part of its data makes no sense")


def _pack_alone(jpeg: JpegFile, layout: Layout | None, place: int, index: int, run: bytes) -> bytes | None:
    """Return a file that ends with that run."""
    alone = jpeg_tails.pack_run(jpeg, layout, index, run) if layout else None
    if alone or len(jpeg.segments[place].runs) > 1:
        return alone
    scan = replace(jpeg.segments[place], runs=(run,))
    return JpegFile([*jpeg.segments[:place], scan]).to_bytes(bare=True)


def _find_end(run: bytes, pack: Callable[[bytes], bytes | None], color: str) -> bytes:
    """Return a run without what libjpeg passes over at its end."""
    for _ in range(TRIES):
        packed = pack(run)
        found = EXTRA.search(hear_words(packed, color)) if packed else None
        if not found:
            break
        end = len(run) - int(found[1])
        # Some bytes are counted without their stuffing, so that this can be too late, but not too early.
        run = run[:end]
    return run


def _is_data(layout: Layout | None, run: bytes, kept: bytes, pack: Callable[[bytes], bytes | None], color: str) -> bool:
    """Say whether a run's end was data, because it is blocks or begins in the middle of a byte."""
    if layout is None or jpeg_tails.holds_blocks(layout, run, run[len(kept) :]):
        return True
    if not jpeg_tails.is_small(layout):
        return False
    whole = _decode_pixels(pack(kept), color)
    bit = 0
    while whole and bit < 8 and _decode_pixels(pack(jpeg_tails.flip_bit(kept, bit)), color) == whole:
        bit += 1
    # Behind its last code, a run has bits of 1 up to the next byte (T.81, F.1.2.3).
    return kept[-1] & ((1 << bit) - 1) != (1 << bit) - 1


def _decode_pixels(data: bytes | None, color: str) -> bytes:
    try:
        return simplejpeg.decode_jpeg(data, color).tobytes() if data else b""
    except ValueError:
        return b""
