"""What follows the last block of coded data of a sequential JPEG: bytes of no meaning, or blocks.

A decoder that lost its place in damaged data has blocks left when the picture is full (ITU-T T.81, F.2.2). Bytes that a
camera put before a mark make no whole blocks.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from engine.containers.jpeg_scans import DHT, DRI, FRAMES, RENUMBERED, SEQUENTIAL, SOS, JpegFile, Segment

WIDEST = 65_500
"""Pixels: what libjpeg takes."""

LONGEST_RUN = 65_535
"""Units: what a DRI segment can say."""

FEW_UNITS = 16_384
"""Four million pixels."""

UNTOLD = 3
"""So many bytes are too few to tell blocks from anything else."""

HOLE = 32
"""Bytes of one value, more than coded data have."""

LONGEST = 16_384
"""Bytes; nobody puts so many before a mark, but one value over and over."""

Code = tuple[int, int]
Codes = dict[Code, int]
"""The symbol of each code, by its length in bits and its value."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The one scan of a picture: units across and in all, their blocks as pairs of code tables, and units to a run."""

    across: int
    units: int
    blocks: tuple[tuple[Codes, Codes], ...]
    per_run: int
    unit: tuple[int, int]


def find_layout(jpeg: JpegFile) -> Layout | None:
    """Return how the coded data are laid out, None when they are in several scans or not sequential."""
    frame, scans = jpeg.frame, jpeg.scans
    if frame.kind not in SEQUENTIAL or len(scans) != 1 or scans[0].body[0] != frame.body[5]:
        return None
    height, width = int.from_bytes(frame.body[1:3], "big"), int.from_bytes(frame.body[3:5], "big")
    parts = [frame.body[6 + 3 * index : 9 + 3 * index] for index in range(frame.body[5])]
    sides = [(part[1] >> 4, part[1] & 15) for part in parts] if len(parts) > 1 else [(1, 1)]
    unit = (8 * max(across for across, _ in sides), 8 * max(down for _, down in sides))
    tables, chosen = _read_tables(jpeg), dict(_choose_tables(scans[0]))
    blocks = []
    for part, (across, down) in zip(parts, sides, strict=True):
        dc, ac = chosen.get(part[0], (0, 0))
        blocks += [(tables.get(dc, {}), tables.get(16 | ac, {}))] * (across * down)
    if not all(unit):
        return None
    columns, rows = -(-width // unit[0]), -(-height // unit[1])
    interval = [int.from_bytes(segment.body[:2], "big") for segment in jpeg.segments if segment.kind == DRI]
    units = columns * rows
    return Layout(columns, units, tuple(blocks), (interval or [0])[-1] or units, unit)


def _choose_tables(scan: Segment) -> Iterator[tuple[int, tuple[int, int]]]:
    for index in range(scan.body[0]):
        component, tables = scan.body[1 + 2 * index : 3 + 2 * index]
        yield component, (tables >> 4, tables & 15)


def _read_tables(jpeg: JpegFile) -> dict[int, Codes]:
    tables: dict[int, Codes] = {}
    for segment in jpeg.segments:
        at = 0
        while segment.kind == DHT and at + 17 <= len(segment.body):
            counts, codes, code = segment.body[at + 1 : at + 17], Codes(), 0
            symbols = iter(segment.body[at + 17 : at + 17 + sum(counts)])
            for length, count in enumerate(counts, 1):
                for _, symbol in zip(range(count), symbols, strict=False):
                    codes[length, code] = symbol
                    code += 1
                code <<= 1
            tables[segment.body[at]] = codes
            at += 17 + sum(counts)
    return tables


def pack_run(jpeg: JpegFile, layout: Layout, index: int, run: bytes) -> bytes | None:
    """Return one run of the scan, twice, as a file of its own. None when no picture has its number of units.

    libjpeg counts what it passes over before a restart, but not at the end.
    """
    units = min(layout.per_run, layout.units - index * layout.per_run)
    rows = 1 if units * layout.unit[0] <= WIDEST else units // layout.across
    if not 0 < units <= LONGEST_RUN or (rows != 1 and units % layout.across):
        return None
    width, height = units // rows * layout.unit[0], 2 * rows * layout.unit[1]
    restart = Segment(DRI, units.to_bytes(2, "big"))
    kept = []
    for segment in jpeg.segments:
        if segment.kind in FRAMES:
            size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
            kept.append(replace(segment, body=segment.body[:1] + size + segment.body[5:]))
        elif segment.kind == SOS:
            kept += [restart, replace(segment, runs=(run, run))]
        elif segment.kind != DRI:
            kept.append(segment)
    return JpegFile(kept).to_bytes(bare=True)


def drop_empty_runs(jpeg: JpegFile, layout: Layout) -> None:
    """Drop runs without data when there are too many: a restart mark stands there twice."""
    for index, segment in enumerate(jpeg.segments):
        if len(segment.runs) > -(-layout.units // layout.per_run):
            jpeg.note(RENUMBERED)
            jpeg.segments[index] = replace(segment, runs=tuple(run for run in segment.runs if run))


def is_small(layout: Layout) -> bool:
    """Say whether a run of the scan can be decoded a few times at little cost."""
    return min(layout.per_run, layout.units) <= FEW_UNITS


def is_filling(tail: bytes) -> bool:
    """Say whether bytes tell nothing: one value over and over, or too few."""
    return len(tail) <= UNTOLD or len(set(tail)) == 1


def is_hole(kept: bytes, tail: bytes) -> bool:
    """Say whether what was decoded ends as its tail goes on.

    A download that broke off leaves zeros, and a decoder takes those for blocks until the picture is full.
    """
    return len(tail) > UNTOLD and kept.endswith(tail[:1] * HOLE)


def holds_blocks(layout: Layout, run: bytes, tail: bytes) -> bool:
    """Say whether the tail of a run is further blocks, which end as coded data do: in less than 8 bits of 1."""
    if len(tail) > LONGEST:
        return True
    # The last block ends somewhere in the byte before the tail.
    bits = run[len(run) - len(tail) - 1 :].replace(b"\xff\0", b"\xff")
    return any(_walk_blocks(layout, bits, start) for start in range(1, 9))


def flip_bit(run: bytes, bit: int) -> bytes:
    """Return a run with that bit of its last byte changed."""
    last = run[-1] ^ 1 << bit
    return run[:-1] + (b"\xff\0" if last == 0xFF else bytes([last]))


def _walk_blocks(layout: Layout, bits: bytes, at: int) -> bool:
    done, size, last = 0, 8 * len(bits), bits[-1]
    while True:
        left = size - at
        if done and left < 8 and last & ((1 << left) - 1) == (1 << left) - 1:
            return True
        after = _skip_block(layout.blocks[done % len(layout.blocks)], bits, at)
        if after is None:
            return False
        at, done = after, done + 1


def _skip_block(codes: tuple[Codes, Codes], bits: bytes, at: int) -> int | None:
    """Return the bit behind a block, None when it is no block or does not end."""
    index = 0
    while index < 64:
        found = _read_code(codes[index > 0], bits, at)
        if found is None:
            return None
        at, symbol = found
        run, extra = (symbol >> 4, symbol & 15) if index else (0, symbol)
        if index and not extra and run != 15:
            return at
        at, index = at + extra, index + run + 1
    return at if at <= 8 * len(bits) and index == 64 else None


def _read_code(codes: Codes, bits: bytes, at: int) -> tuple[int, int] | None:
    window = int.from_bytes(bits[at >> 3 : (at >> 3) + 3].ljust(3, b"\0"), "big") >> (8 - (at & 7)) & 0xFFFF
    for length in range(1, min(16, 8 * len(bits) - at) + 1):
        if (symbol := codes.get((length, window >> (16 - length)))) is not None:
            return at + length, symbol
    return None
