"""The layers of a PSD: their records (Adobe Photoshop File Formats Specification, "Layer and Mask Information Section")."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

MERGED_ALPHA, DEEP_LAYERS = frozenset({b"Mtrn", b"Mt16", b"Mt32"}), frozenset({b"Lr16", b"Lr32"})
LONG_BLOCKS = MERGED_ALPHA | DEEP_LAYERS | {
    b"LMsk", b"Layr", b"Alph", b"FMsk", b"lnk2", b"FEid", b"FXid", b"PxSD",
}  # fmt: skip
"""Blocks behind the layers; in a PSB these have lengths of eight bytes."""

MARKS = frozenset({b"8BIM", b"8B64"})
DIVIDERS = frozenset({b"lsct", b"lsdk"})
OPEN_GROUP, CLOSED_GROUP, GROUP_END = 1, 2, 3
"""What a divider may be: a group of layers, above those that are in it, or the end of one, below them."""

HIDDEN = 2
"""The bit of a layer's flags that says that it is not shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer. `box` is left, top, right, bottom; `channels` has where the packed samples of each are by its number.

    `divider` is its part in a group, 0 for none. `shown` is what the layer says of itself, whatever its group is.
    """

    box: tuple[int, int, int, int]
    channels: dict[int, int]
    shown: bool
    plain: bool
    divider: int

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height, none of them below 0."""
        left, top, right, bottom = self.box
        return max(0, right - left), max(0, bottom - top)


def list_blocks(layers: bytes, *, large: bool) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, start and length of what is in the section: the layers (b""), then the blocks behind them."""
    at = 8 if large else 4
    length = int.from_bytes(layers[:at], "big")
    yield b"", at, length
    at += length
    at += 4 + int.from_bytes(layers[at : at + 4], "big")
    while layers[at : at + 4] in MARKS:
        kind = layers[at + 4 : at + 8]
        wide = 8 if large and kind in LONG_BLOCKS else 4
        length = int.from_bytes(layers[at + 8 : at + 8 + wide], "big")
        yield kind, at + 8 + wide, length
        at += 8 + wide + length + -length % 4


def list_layers(layers: bytes, *, large: bool) -> list[Layer]:
    """Return the layers, the lowest first. There are none where their records make no sense."""
    for kind, start, length in list_blocks(layers, large=large):
        if length > 2 and (not kind or kind in DEEP_LAYERS):
            try:
                return _read_layers(layers, start, large=large)
            except struct.error:
                return []
    return []


def _read_layers(layers: bytes, start: int, *, large: bool) -> list[Layer]:
    (count,) = struct.unpack_from(">h", layers, start)
    at, records = start + 2, list[tuple[Layer, list[tuple[int, int]]]]()
    for _ in range(abs(count)):
        layer, lengths, at = _read_record(layers, at, large=large)
        records.append((layer, lengths))
    for layer, lengths in records:
        for channel, length in lengths:
            layer.channels[channel] = at
            at += length
    return [layer for layer, _ in records]


def _read_record(layers: bytes, at: int, *, large: bool) -> tuple[Layer, list[tuple[int, int]], int]:
    """Return a layer, the lengths of its channels, and where its record ends."""
    top, left, bottom, right, count = struct.unpack_from(">4iH", layers, at)
    entry = struct.Struct(">hQ" if large else ">hI")
    at += 18
    lengths = [entry.unpack_from(layers, at + number * entry.size) for number in range(count)]
    at += count * entry.size
    blend, opacity, flags, extra = struct.unpack_from(">4x4sBxBxI", layers, at)
    end = at + 16 + extra
    layer = Layer(
        box=(left, top, right, bottom), channels={}, shown=bool(opacity) and not flags & HIDDEN,
        plain=blend == b"norm" and opacity == 255, divider=_find_divider(layers[at + 16 : end]),
    )  # fmt: skip
    return layer, lengths, end


def _find_divider(extra: bytes) -> int:
    """Return what part a layer has in a group. Its mask, its blending ranges and its name come first."""
    at = 0
    for _ in range(2):
        at += 4 + int.from_bytes(extra[at : at + 4], "big")
    at += (extra[at] + 4) // 4 * 4 if at < len(extra) else 0
    while extra[at : at + 4] in MARKS:
        length = int.from_bytes(extra[at + 8 : at + 12], "big")
        if extra[at + 4 : at + 8] in DIVIDERS:
            return int.from_bytes(extra[at + 12 : at + 16], "big")
        at += 12 + length + length % 2
    return 0
