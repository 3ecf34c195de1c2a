"""Ways to damage a file: each takes a file, another of the same format and a source of chance, and gives bytes."""

import random
import struct
import zlib
from collections.abc import Callable

Mutation = Callable[[bytes, bytes, random.Random], bytes]

TELLING = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
"""Numbers at which counts and lengths go wrong."""

PNG = b"\x89PNG\r\n\x1a\n"

HEAD = 256
"""Where the headers of most formats lie: half of the changes go there."""


def _choose_place(length: int, chance: random.Random, room: int = 1) -> int:
    most = max(1, length - room + 1)
    return chance.randrange(min(most, HEAD) if chance.random() < 0.5 else most)


def flip_bits(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """One to eight bits are inverted."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        changed[_choose_place(len(changed), chance)] ^= 1 << chance.randrange(8)
    return bytes(changed)


def set_bytes(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """A short run is overwritten."""
    run = chance.randbytes(chance.randint(1, 8))
    at = _choose_place(len(data), chance, len(run))
    return data[:at] + run + data[at + len(run) :]


def truncate(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """The file ends early."""
    return data[: chance.randrange(1, max(2, len(data)))]


def splice(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """The start of one file and the end of another."""
    return data[: chance.randrange(1, max(2, len(data)))] + other[chance.randrange(len(other)) :]


def change_number(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """Replace two or four bytes by a number too small, too large or at a border, in either order of bytes."""
    kind = chance.choice((">H", "<H", ">I", "<I"))
    size = struct.calcsize(kind)
    at = _choose_place(len(data), chance, size)
    number = struct.pack(kind, chance.choice(TELLING) & ((1 << 8 * size) - 1))
    return data[:at] + number + data[at + size :]


def nudge_number(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """Move a length by a little: one byte goes up or down."""
    changed = bytearray(data)
    at = _choose_place(len(changed), chance)
    changed[at] = (changed[at] + chance.choice((-2, -1, 1, 2))) % 256
    return bytes(changed)


def remove(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """A part is missing."""
    at = _choose_place(len(data), chance)
    return data[:at] + data[at + chance.randint(1, 64) :]


def repeat(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """A part stands there twice, or often."""
    at = _choose_place(len(data), chance)
    part = data[at : at + chance.randint(1, 64)]
    return data[:at] + part * chance.choice((2, 3, 200)) + data[at:]


MUTATIONS: tuple[Mutation, ...] = (
    flip_bits, set_bytes, truncate, splice, change_number, change_number, nudge_number, remove, repeat,
)  # fmt: skip


def mutate(data: bytes, other: bytes, magic: int, chance: random.Random) -> bytes:
    """Make one to three mutations. The first `magic` bytes stay, so the file keeps its format.

    Half of the PNGs, those in icons too, get check sums that are right again: else none would come past them.
    """
    changed = data
    for _ in range(chance.choice((1, 1, 2, 3))):
        changed = chance.choice(MUTATIONS)(changed or data, other, chance)
    changed = data[:magic] + changed[magic:]
    at = changed.find(PNG)
    return changed[:at] + with_sums(changed[at:]) if at >= 0 and chance.random() < 0.5 else changed


def with_sums(png: bytes) -> bytes:
    """Correct the check sum of every whole chunk."""
    made, at = bytearray(png), len(PNG)
    while at + 12 <= len(png):
        end = at + 8 + int.from_bytes(png[at : at + 4], "big")
        if end + 4 > len(png):
            break
        struct.pack_into(">I", made, end, zlib.crc32(png[at + 4 : end]))
        at = end + 4
    return bytes(made)
