"""IPTC records (IPTC-NAA Information Interchange Model 4.2): datasets of a marker, two numbers, a length and a value."""

from collections.abc import Collection, Iterator

MARKER, HEAD = 0x1C, 5

CREDITS = frozenset({(1, 90), (2, 0), (2, 80), (2, 110), (2, 116), (2, 120)})
"""By-line, Credit, Copyright Notice and Caption; and before them the character set and the version, without which
nobody could read them."""

FRAMES = frozenset({(1, 90), (2, 0)})
"""What says nothing of the picture by itself."""


def keep_records(block: bytes, wanted: Collection[tuple[int, int]]) -> bytes:
    """Return the wanted datasets, b"" when there are none but of the block itself. It ends where it makes no sense."""
    kept = [(number, dataset) for number, dataset in _iter_datasets(block) if number in wanted]
    return b"".join(dataset for _, dataset in kept) if any(number not in FRAMES for number, _ in kept) else b""


def _iter_datasets(block: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    at = 0
    while at + HEAD <= len(block) and block[at] == MARKER:
        length = int.from_bytes(block[at + 3 : at + HEAD], "big")
        end = at + HEAD + length
        if length > 0x7FFF or end > len(block):  # the highest bit announces a longer length, which no text needs
            return
        yield (block[at + 1], block[at + 2]), block[at:end]
        at = end
