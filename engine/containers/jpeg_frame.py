"""The size of a JPEG by its frame header (ITU-T T.81, B.2.2)."""

from typing import NamedTuple

START, END = b"\xff\xd8", b"\xff\xd9"
NO_FRAMES = frozenset({0xC4, 0xC8, 0xCC})
"""Between C0 and CF, what is no frame header: Huffman tables, a reserved one, arithmetic coding."""

LOSSLESS = frozenset({0xC3, 0xC7, 0xCB, 0xCF})
BARE = frozenset({0x01, *range(0xD0, 0xD9)})


class JpegFrame(NamedTuple):
    """Width and height in pixels, the number of components, and whether it is lossless, as raw data is."""

    width: int
    height: int
    components: int
    is_lossless: bool


def read_frame(data: bytes, most: int = 1000) -> JpegFrame | None:
    """Return the first frame header of a JPEG, None if there is none among its first `most` segments."""
    at = 2
    if not data.startswith(START):
        return None
    for _ in range(most):
        if at + 9 > len(data) or data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF or marker in BARE:
            at += 1 if marker == 0xFF else 2
        elif 0xC0 <= marker <= 0xCF and marker not in NO_FRAMES:
            height, width = int.from_bytes(data[at + 5 : at + 7], "big"), int.from_bytes(data[at + 7 : at + 9], "big")
            components = data[at + 9] if at + 9 < len(data) else 0
            return JpegFrame(width, height, components, marker in LOSSLESS)
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None
