"""What a bomb is, and the codes it may end with."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

REFUSED = frozenset({"too_many_pixels"})
CROWDED = frozenset({"too_many_frames"})
BROKEN = frozenset({"too_many_pixels", "truncated_image", "corrupt_image"})
ODD = BROKEN | {"unsupported_image"}
FINE = frozenset({"ok"})


@dataclass(frozen=True, slots=True)
class Bomb:
    """`codes` are the right ends: `ok` if the picture itself is harmless."""

    name: str
    source: str
    make: Callable[[], bytes]
    codes: frozenset[str]


def pack_zeros(megabytes: int) -> bytes:
    """So many, deflated."""
    packer, million = zlib.compressobj(9), bytes(1 << 20)
    return b"".join(packer.compress(million) for _ in range(megabytes)) + packer.flush()
