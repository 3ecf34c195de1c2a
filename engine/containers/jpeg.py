"""The segments of a JPEG (ITU-T T.81, B.1), as far as they say how much work it is."""

import re

SCAN = b"\xff\xda"
END = 0xD9
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
