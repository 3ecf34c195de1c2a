"""Flaws of a TIFF's strips and tiles: where they are, how long, and how they are packed."""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import imagecodecs

from conformance.flaws.flaw import JUNK, SIZE, Owed
from conformance.flaws.tiff_file import COUNTS, LONG, OFFSETS, SHORT, TILE_COUNTS, TILE_OFFSETS, File, Page, Tag
from conformance.flaws.tiff_kinds import ROWS

HEIGHT = SIZE[1]
OUTSIDE = 0x7FFF_FF00
NONE, LZW, OLD_JPEG, JPEG, PACKBITS, DEFLATE = 1, 5, 6, 7, 32_773, 8
WEBP = 50_001
JPEG_START, JPEG_LENGTH, PLANAR = 513, 514, 2
FAX, GROUP4 = frozenset({2, 3, 4}), 4
Found = Iterator[tuple[str, Owed, Page]]


def flaw_data(file: File) -> Found:
    """Yield each flaw of the first page's pixels."""
    page = file.pages[0]
    packing = page.number(259)
    yield from _lose_pixels(page, packing)
    if packing == OLD_JPEG:
        yield from _flaw_old_jpeg(page)
        return
    if len(file.pages) == 1:
        yield from _flaw_lengths(page, packing)
    yield from _flaw_places(page)
    yield from _flaw_rows(page, packing)
    flaws = {NONE: _flaw_raw, LZW: _flaw_lzw, JPEG: _flaw_jpeg, PACKBITS: _flaw_runs, DEFLATE: _flaw_deflate}
    if packing in flaws:
        yield from flaws[packing](page)
    if packing in FAX:
        yield from _flaw_fax(page)


def _flaw_old_jpeg(page: Page) -> Found:
    for tag in (OFFSETS, COUNTS):
        for name, found in {"nothing": (), "0": (0,), "wrong values": (3,), "values outside": (OUTSIDE,)}.items():
            yield f"{name} in tag {tag}", Owed.WHOLE, page.change_tag(tag, value=found)
        yield f"no tag {tag}", Owed.WHOLE, page.drop(tag)
    yield "no RowsPerStrip", Owed.WHOLE, page.drop(278)
    yield "no JPEGProc", Owed.WHOLE, page.drop(512)
    yield "no JPEGInterchangeFormatLength", Owed.WHOLE, page.drop(JPEG_LENGTH)
    yield "no JPEGInterchangeFormat", Owed.WHOLE, page.drop(JPEG_START).drop(JPEG_LENGTH)
    yield "half of the JPEG", Owed.FAILURE, page.change_tag(JPEG_LENGTH, change=lambda found: (found[0] // 2,))


def _flaw_lengths(page: Page, packing: int) -> Found:
    is_raw, is_one = packing == NONE, len(page.pieces) == 1
    repaired, halved = Owed.WHOLE if is_raw else Owed.FAILURE, Owed.WHOLE if is_raw and is_one else Owed.FAILURE
    for tag in (COUNTS, TILE_COUNTS):
        if not page.find(tag):
            continue
        name = "lengths"
        yield f"no {name}", Owed.WARNED, page.drop(tag)
        yield f"{name} of 0", Owed.WHOLE, page.change_tag(tag, change=lambda found: (0,) * len(found))
        yield (
            f"{name} too large",
            repaired,
            page.change_tag(tag, change=lambda found: tuple(one + 9 for one in found)),
        )
        yield (
            f"{name} far too large",
            repaired,
            page.change_tag(tag, kind=LONG, change=lambda found: tuple(one + (1 << 20) for one in found)),
        )
        yield (
            f"the last of the {name} too large",
            repaired,
            page.change_tag(tag, change=lambda found: (*found[:-1], found[-1] + 99)),
        )
        yield f"{name} of one value", Owed.WHOLE, page.change_tag(tag, change=lambda found: found[:1])
        yield f"{name} of more values", Owed.WHOLE, page.change_tag(tag, change=lambda found: (*found, 99))
        yield f"{name} outside", Owed.WHOLE, page.change_tag(tag, at=OUTSIDE, count=99)
        yield (
            f"{name} too small",
            halved,
            page.change_tag(tag, change=lambda found: tuple(one // 2 for one in found)),
        )


def _flaw_places(page: Page) -> Found:
    for tag in (OFFSETS, TILE_OFFSETS):
        if not page.find(tag):
            continue
        yield "more places than pieces", Owed.WHOLE, page.change_tag(tag, change=lambda found: (*found, 9))
        yield "a place outside", Owed.FAILURE, page.change_tag(tag, change=lambda found: (*found[:-1], OUTSIDE))
        yield "a place of 0", Owed.FAILURE, page.change_tag(tag, change=lambda found: (*found[:-1], 0))
        yield "no places", Owed.FAILURE, page.drop(tag)
        yield "places outside", Owed.FAILURE, page.change_tag(tag, at=OUTSIDE, count=99)
        if len(page.pieces) > 1:
            yield "a place less", Owed.FAILURE, page.change_tag(tag, change=lambda found: found[:-1])
    if tiles := page.find(TILE_OFFSETS):
        lengths = page.find(TILE_COUNTS) or tiles
        strips = (
            page.drop(TILE_OFFSETS).drop(TILE_COUNTS).put(replace(tiles, tag=OFFSETS)).put(replace(lengths, tag=COUNTS))
        )
        yield "tiles in the tags of strips", Owed.WHOLE, strips


def _flaw_rows(page: Page, packing: int) -> Found:
    if not page.find(278):
        return
    if len(page.pieces) == 1:
        yield "no RowsPerStrip", Owed.WHOLE, page.drop(278)
        for rows in (0, HEIGHT + 1, 0xFFFF_FFFF):
            yield f"RowsPerStrip {rows:,}", Owed.WHOLE, page.put(Tag(278, LONG, (rows,)))
    else:
        owed = Owed.WHOLE if packing == NONE and page.number(284) != PLANAR else Owed.FAILURE
        yield "no RowsPerStrip", owed, page.drop(278)
        for rows in (0, HEIGHT, 0xFFFF_FFFF):
            yield f"RowsPerStrip {rows:,}", owed, page.put(Tag(278, LONG, (rows,)))
        yield "RowsPerStrip too small", Owed.FAILURE, page.put(Tag(278, LONG, (ROWS // 2,)))


def _lose_pixels(page: Page, packing: int) -> Found:
    for name, at in {"first": 0, "last": len(page.pieces) - 1}.items():
        piece = page.pieces[at]
        for percent in (10, 50, 90):
            yield (
                f"{percent} % of the {name} piece",
                Owed.FAILURE,
                _with(page, at, piece[: len(piece) * percent // 100]),
            )
        yield f"nothing of the {name} piece", Owed.FAILURE, _with(page, at, b"")
        # Zeros are codes of a lossless WebP, which has no check sum.
        if packing not in {NONE, WEBP}:
            yield f"zeros for the {name} piece", Owed.FAILURE, _with(page, at, bytes(len(piece)))
            yield (
                f"zeros for half of the {name} piece",
                Owed.FAILURE,
                _with(page, at, piece[: len(piece) // 2].ljust(len(piece), b"\0")),
            )
    yield "ImageLength too large", Owed.FAILURE, page.put(Tag(257, LONG, (HEIGHT + 40,)))
    yield "ImageLength 0", Owed.FAILURE, page.put(Tag(257, LONG, (0,)))
    yield "no ImageWidth", Owed.FAILURE, page.drop(256)
    yield "no ImageLength", Owed.FAILURE, page.drop(257)


def _with(page: Page, at: int, piece: bytes) -> Page:
    return replace(page, pieces=(*page.pieces[:at], piece, *page.pieces[at + 1 :]))


def _each(page: Page, change: Callable[[bytes], bytes]) -> Page:
    return replace(page, pieces=tuple(change(piece) for piece in page.pieces))


def _flaw_raw(page: Page) -> Found:
    last = page.pieces[-1]
    yield "bytes behind each piece", Owed.WHOLE, _each(page, lambda piece: piece + JUNK)
    yield "FillOrder 2", Owed.WHOLE, _each(page, _turn_bits).put(Tag(266, SHORT, (2,)))
    yield "a pixel is missing", Owed.FAILURE, _with(page, len(page.pieces) - 1, last[:-2])


def _turn_bits(piece: bytes) -> bytes:
    return bytes(int(f"{byte:08b}"[::-1], 2) for byte in piece)


def _flaw_lzw(page: Page) -> Found:
    yield "bytes behind each piece", Owed.WHOLE, _each(page, lambda piece: piece + JUNK)
    yield "no end codes", Owed.WHOLE, _each(page, _drop_end_code)
    yield "FillOrder 2", Owed.WHOLE, _each(page, _turn_bits).put(Tag(266, SHORT, (2,)))
    yield (
        "codes in the old order",
        Owed.WHOLE,
        _each(page, lambda piece: _pack_old(bytes(imagecodecs.lzw_decode(piece)))),
    )


def _drop_end_code(piece: bytes) -> bytes:
    return piece[:-1]


def _pack_old(data: bytes) -> bytes:
    """Return LZW as before TIFF 5.0, from the lowest bit on: codes of 9 bits alone, as the table is cleared in time."""
    codes = [256]
    for at in range(0, len(data), 200):
        codes += [*data[at : at + 200], 256]
    codes[-1] = 257
    bits = sum(code << 9 * at for at, code in enumerate(codes))
    return bits.to_bytes((9 * len(codes) + 7) // 8, "little")


def _flaw_deflate(page: Page) -> Found:
    yield "bytes behind each piece", Owed.WHOLE, _each(page, lambda piece: piece + JUNK)
    yield "FillOrder 2", Owed.WHOLE, _each(page, _turn_bits).put(Tag(266, SHORT, (2,)))
    yield "no check sums", Owed.WHOLE, _each(page, lambda piece: piece[:-4])
    yield "wrong check sums", Owed.FAILURE, _each(page, lambda piece: piece[:-4] + b"\1\2\3\4")
    yield "no last block", Owed.WHOLE, _each(page, _leave_open)
    yield "Deflate's old number", Owed.WHOLE, page.put(Tag(259, SHORT, (32_946,)))


def _leave_open(piece: bytes) -> bytes:
    packer = zlib.compressobj()
    return packer.compress(zlib.decompress(piece)) + packer.flush(zlib.Z_SYNC_FLUSH)


def _flaw_runs(page: Page) -> Found:
    yield "bytes behind each piece", Owed.WHOLE, _each(page, lambda piece: piece + JUNK)
    yield "FillOrder 2", Owed.WHOLE, _each(page, _turn_bits).put(Tag(266, SHORT, (2,)))
    yield "no-ops before each piece", Owed.WHOLE, _each(page, lambda piece: b"\x80\x80" + piece)
    yield "no-ops behind each piece", Owed.WHOLE, _each(page, lambda piece: piece + b"\x80\x80")
    yield "half a run behind each piece", Owed.WHOLE, _each(page, lambda piece: piece + b"\x09")
    yield "a last run that is too long", Owed.WHOLE, _each(page, _lengthen_last_run)


def _lengthen_last_run(piece: bytes) -> bytes:
    at = last = 0
    while at < len(piece):
        last, head = at, piece[at]
        at += 2 if head > 128 else head + 2 if head < 128 else 1
    return piece[:last] + (
        bytes([piece[last] - 3]) + piece[last + 1 :]
        if piece[last] > 131
        else bytes([piece[last] + 3]) + piece[last + 1 :] + b"abc"
    )


def _flaw_fax(page: Page) -> Found:
    yield "bytes behind each piece", Owed.WHOLE, _each(page, lambda piece: piece + JUNK)
    yield "FillOrder 2", Owed.WHOLE, _each(page, _turn_bits).put(Tag(266, SHORT, (2 if page.number(266) != 2 else 1,)))
    if page.number(259) == GROUP4:
        yield "no end of the block", Owed.WHOLE, _each(page, lambda piece: piece[:-3])


def _flaw_jpeg(page: Page) -> Found:
    yield "bytes behind each piece", Owed.WHOLE, _each(page, lambda piece: piece + JUNK)
    yield "zeros behind each piece", Owed.WHOLE, _each(page, lambda piece: piece + bytes(9))
    yield "no end marks", Owed.WARNED, _each(page, lambda piece: piece[: piece.rindex(b"\xff\xd9")])
    yield "bytes before the end marks", Owed.WHOLE, _each(page, lambda piece: piece[:-2] + JUNK + piece[-2:])
    tables = page.find(347)
    if tables and isinstance(tables.value, bytes):
        body = tables.value
        yield "JPEGTables without an end", Owed.WHOLE, page.change_tag(347, value=body[:-2])
        yield "JPEGTables with bytes behind", Owed.WHOLE, page.change_tag(347, value=body + JUNK)
        yield "tables in each piece", Owed.WHOLE, _each(page.drop(347), lambda piece: body[:-2] + piece[2:])
        yield "tables in each piece, JPEGTables too", Owed.WHOLE, _each(page, lambda piece: body[:-2] + piece[2:])
        yield "JPEGTables as BYTE", Owed.WHOLE, page.change_tag(347, kind=1, value=tuple(body))
        yield "no JPEGTables", Owed.FAILURE, page.drop(347)
    else:
        yield "JPEGTables of nothing", Owed.WHOLE, page.put(Tag(347, 7, b"\xff\xd8\xff\xd9"))
    if page.number(262) == 6:
        yield "YCbCrSubSampling 1 x 1", Owed.WHOLE, page.put(Tag(530, SHORT, (1, 1)))
