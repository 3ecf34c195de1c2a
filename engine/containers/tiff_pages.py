"""The directories of a whole TIFF or BigTIFF, one for each page (TIFF 6.0, section 2; BigTIFF as in libtiff 4).

Every count and offset is checked against the file before anything is read. What is broken, but not needed for the
pixels, is noted as a flaw.
"""

import struct
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from core import magic
from engine.containers.tiff import read_order
from engine.errors import ConversionError, corrupt, truncated

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Bytes of a value by its type."""

WHOLE = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q", 6: "b", 8: "h", 9: "i", 17: "q"}
"""The types of whole numbers, as `array` calls them."""

RATIO = {5: "II", 10: "ii"}
TEXT = frozenset({1, 2, 7})
MOST_TAGS = 4096

WIDTH, HEIGHT = 256, 257
NEEDED = frozenset({WIDTH, HEIGHT, 258, 259, 262, 266, 273, 277, 278, 279, 284, 317, *range(320, 326), 338, 339, 347, 513,
                    514, 530, 532})  # fmt: skip
"""The tags without which the pixels cannot be read."""

LENGTHS = frozenset({279, 325})
"""How long strips and tiles are: what can be worked out."""

SLACK = 8
"""So many bytes at the end of a file may belong to nothing: padding."""


class Form(NamedTuple):
    """How a file stores numbers: the byte order of `struct`, and whether offsets have eight bytes (BigTIFF)."""

    order: str
    big: bool

    @property
    def room(self) -> int:
        """Return the bytes of an offset, and so of a value inside of an entry."""
        return 8 if self.big else 4

    @property
    def entry(self) -> int:
        """Return the bytes of an entry."""
        return 4 + 2 * self.room

    def read_offset(self, data: bytes, at: int) -> int:
        """Return the offset stored at `at`."""
        return int(struct.unpack_from(f"{self.order}{'Q' if self.big else 'I'}", data, at)[0])


@dataclass(frozen=True, slots=True)
class Field:
    """Where the values of a tag are."""

    kind: int
    count: int
    at: int


@dataclass(frozen=True, slots=True)
class Directory:
    """One directory. `end` is the offset behind its entries, where the link to the next one is."""

    data: bytes
    form: Form
    at: int
    end: int
    fields: dict[int, Field]
    flaws: list[str] = field(default_factory=list)

    def __contains__(self, tag: int) -> bool:
        return tag in self.fields

    def read_numbers(self, tag: int, most: int = 1 << 16) -> "array[int]":
        """Return the first `most` whole numbers of a tag, none if there is no such tag or it has none."""
        found = self.fields.get(tag)
        if found is None or found.kind not in WHOLE:
            return array("I")
        numbers = array(WHOLE[found.kind])
        numbers.frombytes(self.data[found.at : found.at + min(found.count, most) * SIZES[found.kind]])
        if (self.form.order == "<") != (sys.byteorder == "little"):
            numbers.byteswap()
        return numbers

    def read_number(self, tag: int, default: int) -> int:
        """Return the first whole number of a tag, or `default`."""
        numbers = self.read_numbers(tag, 1)
        return numbers[0] if numbers else default

    def read_ratios(self, tag: int, most: int) -> list[float]:
        """Return the first values of a tag as floats, 0 for a ratio over 0."""
        found = self.fields.get(tag)
        if found is None or found.kind not in RATIO:
            return [float(number) for number in self.read_numbers(tag, most)]
        count = min(found.count, most)
        pairs = struct.iter_unpack(self.form.order + RATIO[found.kind], self.data[found.at : found.at + 8 * count])
        return [above / below if below else 0.0 for above, below in pairs]

    def read_ratio(self, tag: int) -> float:
        """Return the first value of a tag as a float, 0 if there is none."""
        return next(iter(self.read_ratios(tag, 1)), 0.0)

    def read_bytes(self, tag: int) -> bytes:
        """Return the value of a tag of bytes or text, b"" if there is none."""
        found = self.fields.get(tag)
        return self.data[found.at : found.at + found.count] if found is not None and found.kind in TEXT else b""

    @property
    def link(self) -> int:
        """Return the offset of the next directory, 0 for none."""
        return self.form.read_offset(self.data, self.end) if self.end + self.form.room <= len(self.data) else 0


def read_form(data: bytes) -> Form:
    """Return how the numbers of a file are stored."""
    return Form(read_order(data), data[:4] in {magic.BIGTIFF_LITTLE, magic.BIGTIFF_BIG})


def find_first_page(data: bytes, form: Form) -> int:
    """Return the offset of the first directory."""
    return form.read_offset(data, 8 if form.big else 4)


def read_directory(data: bytes, form: Form, at: int) -> Directory:
    """Read the directory at that offset. Raise ConversionError when it or a needed tag lies behind the end."""
    head = 8 if form.big else 2
    if at + head > len(data):
        raise truncated()
    (count,) = struct.unpack_from(f"{form.order}{'Q' if form.big else 'H'}", data, at)
    end = at + head + count * form.entry
    if count > MOST_TAGS:
        raise corrupt("a page has too many tags")
    if end > len(data):
        raise truncated()
    directory = Directory(data, form, at, end, {})
    for entry in range(at + head, end, form.entry):
        _read_entry(directory, entry)
    _check_tags(directory)
    return directory


def _read_entry(directory: Directory, entry: int) -> None:
    data, form = directory.data, directory.form
    tag, kind, count = struct.unpack_from(f"{form.order}HH{'Q' if form.big else 'I'}", data, entry)
    if kind not in SIZES or tag in directory.fields:
        # TIFF 6.0 tells readers to skip types that they do not know.
        return
    size, place = count * SIZES[kind], entry + 4 + form.room
    at = place if size <= form.room else form.read_offset(data, place)
    if at + size <= len(data):
        directory.fields[tag] = Field(kind, count, at)
    elif tag in NEEDED - LENGTHS:
        raise truncated()
    else:
        directory.flaws.append("a tag points outside of the file")


def _check_tags(directory: Directory) -> None:
    """Note tags out of order. Raise ConversionError for tags that say more than the whole file can."""
    tags, fields = list(directory.fields), directory.fields.values()
    if tags != sorted(tags):
        directory.flaws.append("its tags are out of order")
    # Tags that lie on each other would be copied again and again.
    if sum(one.count * SIZES[one.kind] for one in fields) > 4 * len(directory.data):
        raise corrupt("its tags lie on each other")


def follow_links(data: bytes, form: Form, flaws: list[str]) -> Iterator[Directory]:
    """Yield the directories of all pages. Raise ConversionError when the file ends before one of them does.

    A link that leads nowhere after whole pages is added to `flaws`.
    """
    at, seen = find_first_page(data, form), set[int]()
    while at:
        seen.add(at)
        directory = read_directory(data, form, at)
        yield directory
        at = directory.link
        if at in seen:
            flaws.append("its pages are linked in a circle")
            return
        if at and not _leads_to_page(data, form, at):
            if at >= len(data) and find_end(directory) + SLACK < len(data):
                raise truncated()
            flaws.append("the link to a next page leads nowhere")
            return


def _leads_to_page(data: bytes, form: Form, at: int) -> bool:
    """Say whether there is a directory, or the beginning of one: known types, tags in order, no count of nothing."""
    head = 8 if form.big else 2
    if at + head > len(data):
        return False
    (count,) = struct.unpack_from(f"{form.order}{'Q' if form.big else 'H'}", data, at)
    places = range(at + head, min(at + head + count * form.entry, len(data) - form.entry + 1), form.entry)[:6]
    entries = [struct.unpack_from(f"{form.order}HH", data, place) for place in places]
    tags = [tag for tag, _ in entries]
    return 0 < count <= MOST_TAGS and tags == sorted(tags) and all(kind in SIZES for _, kind in entries)


def read_size(directory: Directory) -> tuple[int, int]:
    """Return width and height in pixels, 0 for a missing tag."""
    return directory.read_number(WIDTH, 0), directory.read_number(HEIGHT, 0)


def find_end(directory: Directory) -> int:
    """Return the offset behind the last byte of a page: its tags, its values, its strips or tiles."""
    ends = [directory.end + directory.form.room]
    ends += [one.at + one.count * SIZES[one.kind] for one in directory.fields.values()]
    for offsets, counts in ((273, 279), (324, 325), (513, 514)):
        pieces = zip(directory.read_numbers(offsets), directory.read_numbers(counts), strict=False)
        ends += [max((start + length for start, length in pieces), default=0)]
    return max(ends)


def list_inner(directory: Directory, most: int = 64) -> list[Directory]:
    """Return the directories that a page keeps inside of itself (SubIFDs, TIFF Technical Note 1).

    One that cannot be read is a flaw of the page.
    """
    found = []
    for at in directory.read_numbers(330, most):
        try:
            found.append(read_directory(directory.data, directory.form, at))
        except ConversionError:
            directory.flaws.append("an inner directory cannot be read")
    return found
