"""WebP: the RIFF container and its flags (RFC 9649)."""

import struct
from collections.abc import Iterator

from conformance import images
from conformance.flaws.flaw import JUNK, Flaw, Owed, make_photo

Found = Iterator[tuple[str, Owed, bytes]]


def make_flaws() -> Iterator[Flaw]:
    """Yield each flaw of each kind of WebP."""
    photo = make_photo()
    clear = photo.convert("RGBA")
    clear.putalpha(photo.getchannel("R"))
    kinds = {
        "lossy": images.encoded(photo, "WEBP"),
        "lossless": images.encoded(photo, "WEBP", lossless=True),
        "clear": images.encoded(clear, "WEBP"),
        "described": images.encoded(photo, "WEBP", xmp=images.XMP, exif=images.exif(1).tobytes()),
        "animation": images.encoded(photo, "WEBP", save_all=True, append_images=[photo.rotate(180)], duration=100),
    }
    for kind, sound in kinds.items():
        for place, owed, data in (*_flaw_sizes(sound), *_flaw_chunks(sound)):
            yield Flaw("webp", kind, place, owed, data, sound)
        if sound[12:16] == b"VP8X":
            for place, owed, data in _flaw_flags(sound):
                if "alpha" in place and kind == "clear":
                    # Browsers take no alpha then.
                    continue
                yield Flaw("webp", kind, place, owed, data, sound)


def _sized(body: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", len(body) - 8) + body[8:]


def _flaw_sizes(data: bytes) -> Found:
    told = len(data) - 8
    frames = b"ANMF" in data
    for more in (1, 2, 8, 1000):
        owed = Owed.FAILURE if frames and more == 1000 else Owed.WARNED
        yield f"a size {more:,} too large", owed, data[:4] + struct.pack("<I", told + more) + data[8:]
    for less in (1, 2, 8):
        yield f"a size {less} too small", Owed.WHOLE, data[:4] + struct.pack("<I", told - less) + data[8:]
    yield "a size of 0", Owed.WHOLE, data[:4] + bytes(4) + data[8:]
    yield "bytes behind the end", Owed.WHOLE, data + JUNK
    yield "bytes behind the end that the size counts", Owed.WHOLE, _sized(data + JUNK)
    for percent in (30, 60, 90):
        pixels = data.find(b"EXIF") if b"EXIF" in data else len(data)
        cut = data[: pixels * percent // 100]
        yield f"cut at {percent} %", Owed.FAILURE, cut
        yield f"cut at {percent} %, with the right size", Owed.FAILURE, _sized(cut)


def _flaw_chunks(data: bytes) -> Found:
    yield "an unknown chunk at the end", Owed.WHOLE, _sized(data + b"JUNK\4\0\0\0abcd")
    yield "half a chunk at the end", Owed.WHOLE, _sized(data + b"EXIF\xff\0\0\0abcd")


def _flaw_flags(data: bytes) -> Found:
    for name, flag in (("profile", 0x20), ("alpha", 0x10), ("EXIF", 0x08), ("XMP", 0x04)):
        yield f"the flag of {name} turned", Owed.WHOLE, data[:20] + bytes([data[20] ^ flag]) + data[21:]
