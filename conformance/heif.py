"""HEIF and AVIF files with items of any kind (ISO/IEC 23008-12), made by hand from pictures that encoders made."""

import struct
from dataclasses import dataclass, field

Box = tuple[bytes, bytes]


@dataclass
class Item:
    """An item of four letters: its data, its properties, and references (type, target's place from 1)."""

    kind: bytes
    data: bytes
    properties: list[bytes] = field(default_factory=list)
    references: list[tuple[bytes, int]] = field(default_factory=list)
    hidden: bool = False


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def full(kind: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, bytes([version]) + flags.to_bytes(3, "big"), *parts)


def boxes(data: bytes, start: int = 0) -> list[Box]:
    found = []
    while start < len(data):
        size = int.from_bytes(data[start : start + 4], "big") or len(data) - start
        found.append((data[start + 4 : start + 8], data[start + 8 : start + size]))
        start += size
    return found


def child(data: bytes, *path: bytes) -> bytes:
    for kind in path:
        data = next(body for name, body in boxes(data) if name == kind)
        data = data[4:] if kind == b"meta" else data
    return data


def first_item(file: bytes) -> Item:
    """The only item of an encoder's file, with its properties."""
    meta = child(file, b"meta")
    kind = child(meta, b"iinf")[6:][16:20] if child(meta, b"iinf")[4:6] != b"\0\0" else b""
    properties = [box(name, body) for name, body in boxes(child(meta, b"iprp", b"ipco"))]
    return Item(kind, child(file, b"mdat"), properties)


def auxiliary(item: Item, urn: bytes, of: int = 1) -> Item:
    """The item as an auxiliary picture of that kind."""
    kept = [one for one in item.properties if one[4:8] != b"colr"]
    return Item(item.kind, item.data, [*kept, full(b"auxC", urn + b"\0")], [(b"auxl", of)])


def heif(brand: bytes, items: list[Item], *, groups: bytes = b"", behind: bytes = b"") -> bytes:
    """A file whose primary item is the first."""
    properties = list(dict.fromkeys(one for item in items for one in item.properties))
    entries, references, places = b"", b"", b""
    for place, item in enumerate(items, 1):
        entries += full(b"infe", struct.pack(">HH4s", place, 0, item.kind), b"\0", version=2, flags=item.hidden)
        for kind in dict.fromkeys(name for name, _ in item.references):
            targets = [target for name, target in item.references if name == kind]
            references += box(kind, struct.pack(f">HH{len(targets)}H", place, len(targets), *targets))
        used = [properties.index(one) + 1 for one in item.properties]
        places += struct.pack(">HB", place, len(used)) + bytes(used)
    head = box(b"ftyp", brand, bytes(4), b"mif1", brand, b"miaf", *([b"tmap"] if groups else []))

    def meta(start: int) -> bytes:
        located = struct.pack(">BBH", 0x44, 0, len(items))
        for place, item in enumerate(items, 1):
            located += struct.pack(">HHHII", place, 0, 1, start, len(item.data))
            start += len(item.data)
        return full(
            b"meta",
            full(b"hdlr", bytes(4), b"pict", bytes(13)),
            full(b"pitm", struct.pack(">H", 1)),
            full(b"iloc", located),
            full(b"iinf", struct.pack(">H", len(items)), entries),
            *([full(b"iref", references)] if references else []),
            *([groups] if groups else []),
            box(b"iprp", box(b"ipco", *properties), full(b"ipma", struct.pack(">I", len(items)), places)),
        )

    start = len(head) + len(meta(0)) + 8
    return head + meta(start) + box(b"mdat", *(item.data for item in items)) + behind


def altr(*places: int) -> bytes:
    """Groups of items of which a reader shows the first that it knows."""
    return box(b"grpl", full(b"altr", struct.pack(f">II{len(places)}I", 99, len(places), *places)))
