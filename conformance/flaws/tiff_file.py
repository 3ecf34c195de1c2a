"""A TIFF or BigTIFF in parts that can be changed one by one (TIFF 6.0, section 2; BigTIFF as in libtiff 4)."""

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import tifffile

BYTE, TEXT, SHORT, LONG, RATIO, ANY, SIGNED_SHORT, SIGNED_LONG, LONG8 = 1, 2, 3, 4, 5, 7, 8, 9, 16
CODES = {BYTE: "B", SHORT: "H", LONG: "I", RATIO: "I", 6: "b", SIGNED_SHORT: "h", SIGNED_LONG: "i", 10: "i", 11: "f",
         12: "d", 13: "I", LONG8: "Q", 17: "q", 18: "Q"}  # fmt: skip
"""The types of numbers, as `struct` calls them. A ratio is two numbers."""

OFFSETS, COUNTS, TILE_OFFSETS, TILE_COUNTS = 273, 279, 324, 325
JPEG_START, JPEG_LENGTH = 513, 514
PLACES, LENGTHS = frozenset({OFFSETS, TILE_OFFSETS, JPEG_START}), frozenset({COUNTS, TILE_COUNTS, JPEG_LENGTH})
Numbers = tuple[int, ...]


@dataclass(frozen=True)
class Tag:
    """A tag of a directory.

    Without `value` it holds where the strips or tiles are, or how long: as it is, or as `change` has it. `count` and `at`
    are told instead of the true ones.
    """

    tag: int
    kind: int
    value: bytes | Numbers | None = None
    count: int | None = None
    at: int | None = None
    change: Callable[[Numbers], Numbers] = tuple


@dataclass(frozen=True)
class Page:
    """A directory and its strips or tiles. `more` tags are claimed than are there; `link` replaces the true one."""

    tags: tuple[Tag, ...]
    pieces: tuple[bytes, ...]
    more: int = 0
    link: int | None = None

    def find(self, tag: int) -> Tag | None:
        """Return that tag."""
        return next((one for one in self.tags if one.tag == tag), None)

    def number(self, tag: int) -> int:
        """Return the first number of a tag, 0 if there is none."""
        found = self.find(tag)
        return found.value[0] if found and found.value else 0

    def put(self, tag: Tag) -> "Page":
        """Return the page with that tag, instead of the one that it has."""
        return replace(self, tags=tuple(sorted((*self.drop(tag.tag).tags, tag), key=lambda one: one.tag)))

    def drop(self, tag: int) -> "Page":
        """Return the page without that tag."""
        return replace(self, tags=tuple(one for one in self.tags if one.tag != tag))

    def change_tag(self, tag: int, **changed: object) -> "Page":
        """Return the page with that tag changed."""
        found, given = self.find(tag), dict[str, Any](changed)
        return self if found is None else self.put(replace(found, **given))


@dataclass(frozen=True)
class File:
    """Pages, and how they are written. `gap` stands between all parts, `is_last` puts directories behind the pieces."""

    pages: tuple[Page, ...]
    order: str = "<"
    is_big: bool = False
    gap: bytes = b""
    is_last: bool = False
    reverse: bool = False

    def with_page(self, page: Page, at: int = 0) -> "File":
        """Return the file with another page in that place."""
        return replace(self, pages=(*self.pages[:at], page, *self.pages[at + 1 :]))


def parse(data: bytes) -> File:
    """Return the parts of a sound file."""
    with tifffile.TiffFile(io.BytesIO(data)) as read:
        order, is_big = read.byteorder, read.is_bigtiff
        pages = tuple(_parse_page(page.aspage(), data, order) for page in read.pages)
    return File(pages, order, is_big)


def _parse_page(page: tifffile.TiffPage, data: bytes, order: str) -> Page:
    tags = []
    for tag in page.tags:
        kind, value = int(tag.dtype), None
        if tag.code not in PLACES | LENGTHS:
            value = data[tag.valueoffset : tag.valueoffset + tag.valuebytecount]
        tags.append(Tag(tag.code, kind, _unpack(value, kind, order)))
    places = zip(page.dataoffsets, page.databytecounts, strict=True)
    return Page(tuple(tags), tuple(data[start : start + length] for start, length in places))


def _unpack(value: bytes | None, kind: int, order: str) -> bytes | Numbers | None:
    if value is None or kind not in CODES:
        return value
    return struct.unpack(f"{order}{len(value) // struct.calcsize(CODES[kind])}{CODES[kind]}", value)


def write(file: File) -> bytes:
    """Return the bytes of a file."""
    data = bytearray({"<": b"II", ">": b"MM"}[file.order])
    data += struct.pack(f"{file.order}HHHQ", 43, 8, 0, 16) if file.is_big else struct.pack(f"{file.order}HI", 42, 8)
    link = 8 if file.is_big else 4
    for page in file.pages:
        data += file.gap + bytes((len(data) + len(file.gap)) % 2)
        parts = _write_page(file, page, len(data))
        at, body, next_link = parts
        _put_offset(file, data, link, at)
        link = len(data) + next_link
        data += body
        if page.link is not None:
            _put_offset(file, data, link, page.link)
    return bytes(data + file.gap)


def _put_offset(file: File, data: bytearray, at: int, offset: int) -> None:
    struct.pack_into(f"{file.order}{'Q' if file.is_big else 'I'}", data, at, offset)


def _write_page(file: File, page: Page, start: int) -> tuple[int, bytes, int]:
    """Return where the directory is, directory and pieces, and where in these the link to the next one is."""
    size = len(_write_directory(file, page, start, [0] * len(page.pieces)))
    at = start if file.is_last else start + size + len(file.gap) + size % 2
    pieces, offsets = b"", [0] * len(page.pieces)
    numbers = range(len(page.pieces))
    for number in reversed(numbers) if file.reverse else numbers:
        offsets[number] = at + len(pieces)
        pieces += page.pieces[number] + file.gap
    pieces += bytes(len(pieces) % 2)
    place = start + len(pieces) if file.is_last else start
    directory = _write_directory(file, page, place, offsets)
    link = (8 if file.is_big else 2) + (20 if file.is_big else 12) * len(page.tags)
    if file.is_last:
        return place, pieces + directory, len(pieces) + link
    return place, directory + bytes(size % 2) + file.gap + pieces, link


def _write_directory(file: File, page: Page, start: int, offsets: list[int]) -> bytes:
    room, count = (8, "Q") if file.is_big else (4, "I")
    body = struct.pack(file.order + ("Q" if file.is_big else "H"), len(page.tags) + page.more)
    values, behind = b"", start + len(body) + len(page.tags) * (4 + 2 * room) + room
    for tag in page.tags:
        value, number = _pack(file, page, tag, offsets)
        told = number if tag.count is None else tag.count
        body += struct.pack(f"{file.order}HH{count}", tag.tag, tag.kind, told)
        if tag.at is not None:
            body += struct.pack(file.order + count, tag.at)
        elif len(value) <= room:
            body += value.ljust(room, b"\0")
        else:
            body += struct.pack(file.order + count, behind + len(values))
            values += value + bytes(len(value) % 2)
    return body + bytes(room) + values


def _pack(file: File, page: Page, tag: Tag, offsets: list[int]) -> tuple[bytes, int]:
    """Return a tag's value and count."""
    value = tag.value
    if value is None:
        value = tag.change(tuple(offsets if tag.tag in PLACES else map(len, page.pieces)))
    if isinstance(value, bytes):
        return value, len(value)
    count = len(value) // (2 if tag.kind in {RATIO, 10} else 1)
    return struct.pack(f"{file.order}{len(value)}{CODES[tag.kind]}", *value), count
