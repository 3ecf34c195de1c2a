"""LZW and fax of a TIFF, unpacked by libtiff (through Pillow) to the bytes of samples.

imagecodecs reads them too, but its LZW decoder crashes on damaged data, and takes six times as long. The samples stay
unread: to libtiff, bytes are a picture of 8-bit grey.
"""

import io
import struct
from collections.abc import Callable, Iterator, Sequence

from engine.codecs.pillow import load_image
from engine.codecs.tiff_layout import FAX, LZW, Layout

UNPACKED = FAX | {LZW}
BATCH_BYTES = 1 << 23
"""So many bytes are unpacked at once: opening a picture for each strip would take longer than the strip."""

SHORT, LONG = 3, 4

Change = Callable[[bytes], bytes]


def unpack_pieces(layout: Layout, planes: int, change: Change = bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and bytes of each strip or tile of the first planes, packed as `change` has it. Background has none."""
    width, height = layout.tile or (layout.width, layout.rows)
    row = -(-width * layout.bits * (1 if layout.planar else layout.samples) // 8)
    for plane in range(planes):
        first, batch = plane * layout.pieces, max(1, BATCH_BYTES // (row * height))
        whole = layout.pieces if layout.tile or not layout.height % height else layout.pieces - 1
        for start in range(0, whole, batch):
            yield from _unpack_batch(
                layout, range(first + start, first + min(start + batch, whole)), row, height, change
            )
        if whole < layout.pieces:
            yield from _unpack_batch(
                layout, range(first + whole, first + whole + 1), row, layout.height % height, change
            )


def _unpack_batch(
    layout: Layout, numbers: Sequence[int], row: int, height: int, change: Change
) -> Iterator[tuple[int, bytes]]:
    numbers = [number for number in numbers if layout.counts[number]]
    if not numbers:
        return
    data = layout.directory.data
    pieces = [change(data[layout.offsets[one] : layout.offsets[one] + layout.counts[one]]) for one in numbers]
    pixels = _make_file(layout, pieces, row, height)
    image = load_image("tiff", pixels)
    image.load()
    data = image.tobytes()
    for place, number in enumerate(numbers):
        yield number, data[place * row * height : (place + 1) * row * height]


def _make_file(layout: Layout, pieces: Sequence[bytes], row: int, height: int) -> bytes:
    """Return a TIFF whose strips are these pieces."""
    is_fax, count = layout.compression in FAX, len(pieces)
    width = (layout.tile or (layout.width, 0))[0] if is_fax else row
    entries = {
        256: (LONG, 1, width), 257: (LONG, 1, height * count), 258: (SHORT, 1, 1 if is_fax else 8),
        259: (SHORT, 1, layout.compression), 262: (SHORT, 1, 1), 266: (SHORT, 1, 2 if layout.fill_order == 2 else 1),
        277: (SHORT, 1, 1), 278: (LONG, 1, height), 292: (LONG, 1, layout.directory.read_number(292, 0)),
    }  # fmt: skip
    tables = 8 + 2 + 12 * (len(entries) + 2) + 4
    starts, at = [], tables + 8 * count
    for piece in pieces:
        starts.append(at)
        at += len(piece)
    entries[273] = (LONG, count, tables if count > 1 else starts[0])
    entries[279] = (LONG, count, tables + 4 * count if count > 1 else len(pieces[0]))
    directory = b"".join(struct.pack("<HHII", tag, *entry) for tag, entry in sorted(entries.items()))
    head = b"II*\0" + struct.pack("<IH", 8, len(entries)) + directory + bytes(4)
    file = io.BytesIO()
    file.write(head + struct.pack(f"<{2 * count}I", *starts, *map(len, pieces)))
    file.writelines(pieces)
    return file.getvalue()
