"""Tell pieces of a TIFF that are whole from those that are cut or have holes, where the decoders keep silent.

libtiff fills up a fax or a JPEG that ends early, and it stops to read Deflate when the strip is full.
"""

import zlib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from core.losses import ImageDamaged, Loss
from engine.codecs.jpeg_mending import DAMAGE, EARLY_END, EXTRA, hear_words, mend_jpeg
from engine.codecs.tiff_layout import DEFLATE, FAX, JPEG, LZW, PACKBITS, Layout, measure_piece
from engine.codecs.tiff_unpacking import unpack_pieces
from engine.containers.jpeg_frame import END, read_frame
from engine.errors import ConversionError, corrupt, decoding, truncated

COMPONENTS = {1: "GRAY", 3: "RGB", 4: "CMYK"}
TABLES = 347
UNTOLD = DEFLATE | {LZW, PACKBITS}
"""Packings of which libtiff reads a strip as far as it is asked to."""

HOLE = bytes(32)
"""So many zeros look like a hole in packed data."""

CHUNK = 1 << 20
GROUP4 = 4

REPEATS = 64
TURNED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""Bytes with their bits from the lowest on."""

WINDOW = 1 << 12
END_OF_LINE = "00000000000"
TAILS_OF_ROWS = ("111111", "000111010")
"""Codes of rows by themselves: 7 white and 2 black pixels, 1 of each (ITU-T T.4, tables 2 and 3)."""

TAILS_OF_CHANGES = ("1", "001000111010")
"""Codes of Group 4: as above, 1 white and 1 black pixel (ITU-T T.6, table 1)."""


def check_pieces(layout: Layout) -> tuple[Loss, ...]:
    """Return what is odd about the wrapping of strips or tiles. Raise ConversionError when pixels are missing."""
    if layout.compression in UNTOLD and 258 not in layout.directory:
        _check_bits(layout)
    if layout.compression == JPEG:
        flaws = {flaw for _, piece in _list_pieces(layout) for flaw in _check_jpeg(layout, piece)}
        return tuple(sorted(flaws, key=str))
    if layout.compression in DEFLATE and layout.fill_order != 2:
        for index, piece in _list_pieces(layout):
            if HOLE in piece:
                _check_deflate(piece, *measure_piece(layout, index))
    elif layout.compression in FAX:
        _check_fax(layout)
    return ()


def _check_bits(layout: Layout) -> None:
    """Raise ConversionError when there is more in a strip than samples of one bit, which is what no number means."""
    try:
        with decoding("tiff"):
            for _ in unpack_pieces(replace(layout, bits=2), 1):
                pass
    except ConversionError:
        return
    raise corrupt("it does not say how many bits its samples have")


def _list_pieces(layout: Layout) -> Iterator[tuple[int, bytes]]:
    for index, (start, length) in enumerate(zip(layout.offsets, layout.counts, strict=True)):
        if length:
            yield index, layout.directory.data[start : start + length]


def _check_jpeg(layout: Layout, piece: bytes) -> tuple[Loss, ...]:
    """Return what the wrapping of a JPEG has. Raise ConversionError when libjpeg misses pixels in it."""
    data = join_tables(layout.directory.read_bytes(TABLES), piece)
    frame = read_frame(data)
    color = COMPONENTS.get(frame.components) if frame and not frame.is_lossless else None
    if color is None:
        return ()
    words = hear_words(data, color)
    is_odd = EARLY_END in words or DAMAGE in words or EXTRA.search(words)
    if not is_odd and END in piece:
        return ()
    return tuple(ImageDamaged(why="a strip or tile has a flaw") for _ in mend_jpeg(data, color).losses)


def join_tables(tables: bytes, piece: bytes) -> bytes:
    """Return the JPEG of a strip or tile with the tables that all share (TIFF Technical Note 2)."""
    end = tables.rfind(END)
    return (tables[:end] if end >= 0 else tables) + piece[2:] if tables else piece


def _check_deflate(piece: bytes, due: int, most: int) -> None:
    """Raise ConversionError when a stream does not go on to its end as it should.

    `due` bytes are needed; the last strip may have `most`. Where the stream goes on, what was read of it is no picture.
    """
    stream, length, data = zlib.decompressobj(), 0, piece
    try:
        while not stream.eof and length <= most:
            found = len(stream.decompress(data, CHUNK))
            data = stream.unconsumed_tail
            length += found
            if not found and not data:
                break
    except zlib.error as error:
        raise corrupt("part of its data makes no sense") from error
    if length < due:
        raise truncated()
    if length > most:
        raise corrupt("part of its data makes no sense")


def _check_fax(layout: Layout) -> None:
    """Raise ConversionError when a fax has fewer rows than it should.

    What is behind its last row changes nothing. So two things are put there, and must make the same picture.
    """
    planes = layout.samples if layout.planar else 1
    is_group4 = layout.compression == GROUP4
    tails = [code * REPEATS for code in TAILS_OF_CHANGES]
    if not is_group4:
        # A row begins with its mark, and with a bit for codes of its own where there are others.
        tails = [(code * REPEATS + END_OF_LINE + "11") * 2 + code * REPEATS for code in TAILS_OF_ROWS]
    cut = partial(_end_changes if is_group4 else _end_rows, is_turned=layout.fill_order == 2)
    with decoding("tiff"):
        ways = (unpack_pieces(layout, planes, partial(cut, tail=tail)) for tail in tails)
        for (_, seen), (_, again) in zip(*ways, strict=True):
            if seen != again:
                raise truncated()


def _end_changes(piece: bytes, *, tail: str, is_turned: bool) -> bytes:
    """Return Group 4 with that tail for its end code, or for a hole in it: no other codes have eleven zeros in a row."""
    piece = piece.translate(TURNED) if is_turned else piece
    ended = _replace_end(piece, tail)
    return ended.translate(TURNED) if is_turned else ended


def _replace_end(piece: bytes, tail: str) -> bytes:
    """Return what is before eleven zeros, and these bits. It is looked at by windows, whose bits are larger as text."""
    for start in range(0, len(piece), WINDOW):
        bits = bin(int.from_bytes(b"\1" + piece[start : start + WINDOW + 2], "big"))[3:]
        kept, found, _ = bits.partition(END_OF_LINE)
        if found:
            return piece[:start] + _pack_bits(kept + tail)
    return piece + _pack_bits(tail)


def _pack_bits(bits: str) -> bytes:
    return int(bits + "0" * (-len(bits) % 8), 2).to_bytes(-(-len(bits) // 8), "big")


def _end_rows(piece: bytes, *, tail: str, is_turned: bool) -> bytes:
    """Return rows with that tail behind them, or for a hole in them."""
    end = _pack_bits(tail)
    return piece.partition(HOLE)[0] + (end.translate(TURNED) if is_turned else end)
