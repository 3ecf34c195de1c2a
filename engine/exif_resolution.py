"""The resolution that an EXIF block tells, made that of the result. It is edited in place, as engine.metadata does."""

import struct

from engine.containers import tiff

ACROSS, DOWN, UNIT = 0x011A, 0x011B, 0x0128
RATIONAL, INCH = 5, 2


def match_resolution(exif: bytes, dpi: int | None, *, is_turned: bool) -> bytes:
    """Return a block with that resolution, or with its own turned by a quarter. A broken block stays as it is."""
    block = bytearray(exif)
    try:
        order = tiff.read_order(block)
        entries = {entry.tag: entry for entry in tiff.read_entries(block, order, tiff.find_first(block, order))}
        told = [entry for tag in (ACROSS, DOWN) if (entry := entries.get(tag)) and entry.kind == RATIONAL]
        if dpi is not None:
            _write_resolution(block, order, told, entries.get(UNIT), dpi)
        elif is_turned and len(told) == 2:
            across, down = (slice(entry.at + 2, entry.at + tiff.ENTRY) for entry in told)
            block[across], block[down] = block[down], block[across]
    except struct.error:
        return exif
    return bytes(block)


def _write_resolution(block: bytearray, order: str, told: list[tiff.Entry], unit: tiff.Entry | None, dpi: int) -> None:
    for entry in told:
        struct.pack_into(f"{order}II", block, tiff.read_number(block, order, entry.at + 8), dpi, 1)
    if unit is not None and unit.kind == tiff.SHORT:
        struct.pack_into(f"{order}H", block, unit.at + 8, INCH)
