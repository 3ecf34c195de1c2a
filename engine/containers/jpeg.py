"""The segments of a JPEG (ITU-T T.81, B.1), as far as they say how much work it is."""

import re

SCAN = b"\xff\xda"
END = 0xD9
VARIANTS = {
    0xC3: "lossless JPEG", 0xC5: "hierarchical JPEG", 0xC6: "hierarchical JPEG", 0xC7: "lossless hierarchical JPEG",
    0xCB: "lossless JPEG with arithmetic coding", 0xCD: "hierarchical JPEG", 0xCE: "hierarchical JPEG",
    0xCF: "lossless hierarchical JPEG", 0xF7: "JPEG-LS",
}  # fmt: skip
"""Kinds of the picture's header that are not read (T.81, table B.1; T.87, C.1.1)."""
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""After coded data: 0 stands behind an FF of the data itself, D0 to D7 are restarts."""


def count_scans(data: bytes, most: int) -> int:
    """Count the scans of the first picture.

    Up to `most`, whatever looks like a scan counts as one.
    """
    found = data.count(SCAN)
    return found if found <= most else _count_strictly(data)


def _count_strictly(data: bytes) -> int:
    at, found = 2, 0
    while data[at : at + 1] == b"\xff" and at + 4 <= len(data) and data[at + 1] != END:
        is_scan = data[at : at + 2] == SCAN
        at += 1 if data[at + 1] == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if is_scan:
            found += 1
            following = MARKER.search(data, at)
            at = following.start() if following else len(data)
    return found


def name_variant(data: bytes) -> str:
    """Return the name of a variant that is not read, "" for others."""
    at = 2
    while data[at : at + 1] == b"\xff" and at + 5 <= len(data) and data[at + 1] not in {END, SCAN[1]}:
        kind = data[at + 1]
        if kind in FRAMES:
            deep = f"JPEG of {data[at + 4]} bits a sample" if data[at + 4] != 8 else ""
            return VARIANTS.get(kind, deep)
        at += 1 if kind == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return ""
