"""PNG: chunks, check sums, the packed samples (PNG specification, third edition)."""

import struct
import zlib
from collections.abc import Iterator

from conformance import images
from conformance.flaws.flaw import JUNK, Flaw, Owed, make_photo

START = b"\x89PNG\r\n\x1a\n"
Chunks = list[tuple[bytes, bytes]]
Found = Iterator[tuple[str, Owed, bytes]]


def make_flaws() -> Iterator[Flaw]:
    """Yield each flaw of each kind of PNG."""
    photo = make_photo()
    kinds = {
        "colour": images.encoded(photo, "PNG"),
        "clear": images.encoded(photo.convert("RGBA"), "PNG"),
        "palette": images.encoded(photo.quantize(64), "PNG"),
        "grey": images.encoded(photo.convert("L"), "PNG"),
        "black and white": images.encoded(photo.convert("1"), "PNG"),
        "animation": images.encoded(
            photo, "PNG", save_all=True, append_images=[photo.rotate(180), photo], duration=100
        ),
    }
    for kind, sound in kinds.items():
        chunks = split(sound)
        for place, owed, data in (*_flaw_chunks(chunks), *_flaw_data(chunks), *_flaw_end(sound)):
            yield Flaw("png", kind, place, owed, data, sound)
    chunks = split(kinds["palette"])
    yield Flaw("png", "palette", "no palette", Owed.FAILURE, join(_without(chunks, b"PLTE")), kinds["palette"])
    for place, owed, data in _flaw_frames(split(kinds["animation"])):
        yield Flaw("png", "animation", place, owed, data, kinds["animation"])


def split(data: bytes) -> Chunks:
    """Return the chunks."""
    at, found = 8, []
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def join(chunks: Chunks, wrong: int = -1) -> bytes:
    """Return the file of those chunks, the check sum of one wrong."""
    parts = [START]
    for index, (kind, body) in enumerate(chunks):
        check = zlib.crc32(kind + body) ^ (0xBAD if index == wrong else 0)
        parts.append(struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check))
    return b"".join(parts)


def _without(chunks: Chunks, kind: bytes) -> Chunks:
    return [chunk for chunk in chunks if chunk[0] != kind]


def _place(chunks: Chunks, kind: bytes) -> int:
    return next(index for index, chunk in enumerate(chunks) if chunk[0] == kind)


def _flaw_chunks(chunks: Chunks) -> Found:
    extras = {
        b"tEXt": b"Comment\0hello", b"zTXt": b"Comment\0\0" + zlib.compress(b"hello"), b"tIME": bytes(7),
        b"iTXt": b"Comment\0\0\0\0\0hello", b"pHYs": struct.pack(">IIB", 3000, 3000, 1), b"bKGD": bytes(6),
        b"sRGB": b"\0", b"gAMA": struct.pack(">I", 45_455), b"eXIf": b"II*\0\x08\0\0\0\0\0\0\0\0\0",
        b"prVt": JUNK,
    }  # fmt: skip
    for kind, body in extras.items():
        name = kind.decode()
        yield f"a wrong sum of {name}", Owed.WARNED, join([chunks[0], (kind, body), *chunks[1:]], wrong=1)
        yield f"{name} without sense", Owed.WHOLE, join([chunks[0], (kind, b"\0"), *chunks[1:]])
        yield f"{name} without data", Owed.WHOLE, join([chunks[0], (kind, b""), *chunks[1:]])
        at = _place(chunks, b"IDAT")
        yield f"{name} twice", Owed.WHOLE, join([*chunks[:at], (kind, body), (kind, body), *chunks[at:]])
        yield f"{name} behind the data", Owed.WHOLE, join([*chunks[:-1], (kind, body), chunks[-1]])
    yield (
        "a wrong sum of text at the end",
        Owed.WARNED,
        join([*chunks[:-1], (b"tEXt", b"a\0b"), chunks[-1]], len(chunks) - 1),
    )
    yield "a profile without sense", Owed.WHOLE, join([chunks[0], (b"iCCP", b"x\0\0" + JUNK), *chunks[1:]])
    yield (
        "a wrong sum of a profile",
        Owed.WARNED,
        join([chunks[0], (b"iCCP", b"x\0\0" + zlib.compress(JUNK)), *chunks[1:]], 1),
    )
    yield "a wrong sum of the header", Owed.FAILURE, join(chunks, wrong=0)


def _flaw_data(chunks: Chunks) -> Found:
    at = _place(chunks, b"IDAT")
    data = b"".join(body for kind, body in chunks if kind == b"IDAT")
    head, tail = chunks[:at], [chunk for chunk in chunks[at:] if chunk[0] != b"IDAT"]
    half = len(data) // 2
    split_data = [(b"IDAT", data[:half]), (b"IDAT", data[half:])]
    yield "a wrong sum of the data", Owed.WARNED, join(chunks, wrong=at)
    yield "no sum of the samples", Owed.WHOLE, join([*head, (b"IDAT", data[:-4]), *tail])
    yield "a wrong sum of the samples", Owed.WARNED, join([*head, (b"IDAT", data[:-4] + b"\1\2\3\4"), *tail])
    yield "bytes behind the samples", Owed.WHOLE, join([*head, (b"IDAT", data + JUNK), *tail])
    yield "an empty chunk of data before", Owed.WHOLE, join([*head, (b"IDAT", b""), *split_data, *tail])
    yield (
        "an empty chunk of data between",
        Owed.WHOLE,
        join([*head, split_data[0], (b"IDAT", b""), split_data[1], *tail]),
    )
    yield "an empty chunk of data behind", Owed.WHOLE, join([*head, *split_data, (b"IDAT", b""), *tail])
    broken = data[:half] + bytes([data[half] ^ 1]) + data[half + 1 :]
    yield "a wrong sum of data that are wrong", Owed.FAILURE, join([*head, (b"IDAT", broken), *tail], wrong=len(head))
    yield "half of the data", Owed.FAILURE, join([*head, split_data[0], *tail])
    yield "a hole in the data", Owed.FAILURE, join([*head, (b"IDAT", data[: half - 40] + data[half:]), *tail])
    yield "no data", Owed.FAILURE, join([*head, *tail])


def _flaw_end(data: bytes) -> Found:
    yield "no end", Owed.WARNED, data[:-12]
    yield "half an end", Owed.WARNED, data[:-6]
    yield "no sum of the end", Owed.WARNED, data[:-4]
    yield "a wrong sum of the end", Owed.WARNED, data[:-4] + b"\1\2\3\4"
    yield "bytes behind the end", Owed.SILENT, data + JUNK
    yield "bytes for the end", Owed.WARNED, data[:-12] + JUNK * 2
    for percent in (30, 60, 95):
        yield f"cut at {percent} %", Owed.FAILURE, data[: len(data) * percent // 100]


def _flaw_frames(chunks: Chunks) -> Found:
    control, last = _place(chunks, b"acTL"), max(i for i, chunk in enumerate(chunks) if chunk[0] == b"fcTL")
    for claimed, owed in ((2, Owed.WHOLE), (4, Owed.FAILURE)):
        changed = list(chunks)
        changed[control] = (b"acTL", struct.pack(">II", claimed, 0))
        yield f"{claimed} frames told of 3", owed, join(changed)
    yield "the last frame is missing", Owed.FAILURE, join([*chunks[:last], chunks[-1]])
