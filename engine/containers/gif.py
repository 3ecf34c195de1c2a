"""GIF blocks (GIF89a specification): read frame by frame, and written with exact times, loops and disposal.

Frames are taken out as small GIFs of their own. So one place composes them (engine.animation.compose), a missing end is
seen, and a frame smaller than the canvas leaves it clear, as browsers do.
"""

import struct
from dataclasses import dataclass, field, replace

from core import magic
from engine.containers.disposal import Disposal
from engine.errors import ConversionError, corrupt, truncated
from engine.limits import too_many_frames

EXTENSION, IMAGE, TRAILER = 0x21, 0x2C, 0x3B
GRAPHIC_CONTROL, COMMENT, APPLICATION = 0xF9, 0xFE, 0xFF
LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
ENDLESS = "its end mark is missing"
NO_BLOCK = "bytes that are no block of it stand at its end"
NO_SIZE = "a frame without size was left out"
MOST_TICKS = 65_535
DISPOSALS = {1: Disposal.KEEP, 2: Disposal.CLEAR, 3: Disposal.RESTORE}
DISPOSAL_NUMBERS = {disposal: number for number, disposal in DISPOSALS.items()}


@dataclass(frozen=True, slots=True)
class Control:
    """A graphic control extension: time in ticks of 10 ms, index of the transparent color or None, disposal or None.

    The disposal is None when the file names none. Such a frame is kept.
    """

    ticks: int = 0
    transparent: int | None = None
    disposal: Disposal | None = None

    def to_bytes(self) -> bytes:
        """Return the extension as it stands in a file."""
        disposal = DISPOSAL_NUMBERS[self.disposal] if self.disposal else 0
        packed = disposal << 2 | (self.transparent is not None)
        return struct.pack("<BBBBHBB", EXTENSION, GRAPHIC_CONTROL, 4, packed, self.ticks, self.transparent or 0, 0)


@dataclass(frozen=True, slots=True)
class GifFrame:
    """One image: its place in pixels, its color table (its own or the file's), its packed data blocks."""

    x: int
    y: int
    width: int
    height: int
    interlaced: bool
    palette: bytes
    control: Control
    data: bytes

    def hides(self, below: "GifFrame") -> bool:
        """Say whether nothing can be seen of a frame below this one."""
        inside = self.x <= below.x and self.y <= below.y
        across = self.x + self.width >= below.x + below.width
        down = self.y + self.height >= below.y + below.height
        return self.control.transparent is None and inside and across and down

    def to_file(self) -> bytes:
        """Return this frame alone as a GIF of its own size, transparent color included."""
        control = Control(transparent=self.control.transparent).to_bytes()
        return pack_screen(self.width, self.height) + control + replace(self, x=0, y=0).to_bytes() + bytes([TRAILER])

    def to_bytes(self) -> bytes:
        """Return the image descriptor, color table and data as they stand in a file."""
        packed = 0x40 if self.interlaced else 0
        if self.palette:
            packed |= 0x80 | _count_bits(self.palette)
        place = struct.pack("<BHHHHB", IMAGE, self.x, self.y, self.width, self.height, packed)
        return place + self.palette + self.data


@dataclass(slots=True)
class GifFile:
    """A GIF taken apart. `loop_count` is 1 without a loop block, 0 for forever.

    `flaws` are what is wrong beside its pixels.
    """

    width: int
    height: int
    palette: bytes = b""
    loop_count: int = 1
    comment: bytes = b""
    frames: list[GifFrame] = field(default_factory=list)
    flaws: list[str] = field(default_factory=list)

    def add_frame(self, frame: GifFrame) -> None:
        """Take a frame. Of one without size, only the time counts, for the frame before it."""
        if frame.width and frame.height:
            self.frames.append(frame)
            return
        if NO_SIZE not in self.flaws:
            self.flaws.append(NO_SIZE)
        if self.frames:
            before = self.frames[-1]
            longer = replace(before.control, ticks=before.control.ticks + frame.control.ticks)
            self.frames[-1] = replace(before, control=longer)

    @property
    def is_opaque(self) -> bool:
        """Say whether no composed frame can show through."""
        first = self.frames[0]
        covers = not first.x and not first.y and first.width >= self.width and first.height >= self.height
        return covers and first.control.transparent is None and self.stays_opaque

    @property
    def stays_opaque(self) -> bool:
        """Say whether no composed frame can show through where the first does not.

        Over an opaque canvas, clear pixels of later frames show what is below.
        """
        undone_first = self.frames[0].control.disposal is Disposal.RESTORE and len(self.frames) > 1
        pairs = zip(self.frames, self.frames[1:], strict=False)
        clears = any(one.control.disposal is Disposal.CLEAR and not other.hides(one) for one, other in pairs)
        return not (clears or undone_first)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take_bytes(self, count: int) -> bytes:
        part = self.data[self.at : self.at + count]
        if len(part) < count:
            raise truncated()
        self.at += count
        return part

    def take_byte(self) -> int:
        return self.take_bytes(1)[0]

    def take_palette(self, packed: int) -> bytes:
        return self.take_bytes(3 << (packed & 7) + 1) if packed & 0x80 else b""

    def is_over(self) -> bool:
        return self.at == len(self.data)

    def skip_blocks(self, *, to_end: bool = False) -> bytes:
        """Pass over data blocks up to the empty one, or to the end of the file. Return them with their lengths."""
        start = self.at
        while not (to_end and self.is_over()):
            length = self.take_byte()
            if not length:
                return self.data[start : self.at]
            self.take_bytes(length)
        return self.data[start : self.at] + b"\0"


def parse_file(data: bytes, max_frames: int) -> GifFile:
    """Take a GIF apart. Raise ConversionError when it ends early, is damaged, or has more frames than allowed."""
    reader = _Reader(data)
    reader.take_bytes(6)
    width, height, packed, _, _ = struct.unpack("<HHBBB", reader.take_bytes(7))
    gif = GifFile(width, height, reader.take_palette(packed))
    _read_blocks(gif, reader, max_frames)
    if not gif.frames:
        raise corrupt("it has no image")
    _fit_canvas(gif)
    return gif


def _read_blocks(gif: GifFile, reader: _Reader, max_frames: int) -> None:
    control: Control | None = Control()
    while control is not None and not (gif.frames and reader.is_over()):
        kind = reader.take_byte()
        if kind == TRAILER:
            return
        if kind == EXTENSION:
            control = _read_last_extension(gif, reader, control)
        elif kind == IMAGE:
            if len(gif.frames) == max_frames:
                raise too_many_frames(max_frames)
            gif.add_frame(_read_image(gif, reader, control))
            control = Control()
        elif kind:
            if not gif.frames:
                raise corrupt("a block of it is no GIF block")
            gif.flaws.append(NO_BLOCK)
            return
    if control not in {None, Control()}:
        # A frame was to follow.
        raise truncated()
    gif.flaws.append(ENDLESS)


def _read_last_extension(gif: GifFile, reader: _Reader, control: Control) -> Control | None:
    """Return the control of the next frame, None when the file ends in an extension behind all frames."""
    try:
        return _read_extension(gif, reader, control)
    except ConversionError:
        if gif.frames and control == Control():
            return None
        raise


def _fit_canvas(gif: GifFile) -> None:
    """Make the canvas at least as large as the first frame.

    Some writers leave it too small, or 0.
    """
    first = gif.frames[0]
    gif.width = max(gif.width, first.x + first.width)
    gif.height = max(gif.height, first.y + first.height)


def _read_extension(gif: GifFile, reader: _Reader, control: Control) -> Control:
    kind = reader.take_byte()
    body = reader.skip_blocks()
    if kind == GRAPHIC_CONTROL and len(body) >= 5:
        packed, ticks, index = struct.unpack_from("<BHB", body, 1)
        return Control(ticks, index if packed & 1 else None, DISPOSALS.get(packed >> 2 & 7))
    if kind == APPLICATION and body[1:12] in LOOPS and body[12:14] == b"\x03\x01":
        loops = int.from_bytes(body[14:16], "little")
        gif.loop_count = loops + 1 if loops else 0
    elif kind == COMMENT:
        gif.comment += _join_blocks(body)
    return control


def _join_blocks(blocks: bytes) -> bytes:
    parts, at = [], 0
    while length := blocks[at]:
        parts.append(blocks[at + 1 : at + 1 + length])
        at += 1 + length
    return b"".join(parts)


def _read_image(gif: GifFile, reader: _Reader, control: Control) -> GifFrame:
    x, y, width, height, packed = struct.unpack("<HHHHB", reader.take_bytes(9))
    palette = reader.take_palette(packed) or gif.palette
    data = reader.take_bytes(1) + reader.skip_blocks(to_end=True)
    return GifFrame(x, y, width, height, bool(packed & 0x40), palette, control, data)


def pack_screen(width: int, height: int, table: bytes = b"") -> bytes:
    """Return the start of a file, with the color table of all frames if there is one (see `pack_table`)."""
    packed = 0x70 | (0x80 | _count_bits(table) if table else 0)
    return magic.GIF89 + struct.pack("<HHBBB", width, height, packed, 0, 0) + table


def pack_table(colors: bytes, least: int) -> bytes:
    """Return a table of those colors, three bytes each, filled up to a power of two and at least so many."""
    whole = colors.ljust(3 * least, b"\0")
    return whole.ljust(6 << _count_bits(whole), b"\0")


def _count_bits(table: bytes) -> int:
    """Return the bits of the largest index but one, as files tell the length of a table."""
    return max(1, (len(table) // 3 - 1).bit_length()) - 1


def pack_loop(loop_count: int) -> bytes:
    """Return the loop block for that loop count (0: forever), b"" for 1.

    Without the block a GIF plays once.
    """
    if loop_count == 1:
        return b""
    again = min(loop_count - 1, 65_535) if loop_count else 0
    return b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", again) + b"\0"
