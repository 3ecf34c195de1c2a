"""JPEG: segments, restart marks, the end (ITU-T T.81, annex B)."""

import re
from collections.abc import Iterator

from conformance import images
from conformance.flaws.flaw import JUNK, Flaw, Owed, make_photo

RESTART = re.compile(rb"\xff[\xd0-\xd7]")


def make_flaws() -> Iterator[Flaw]:
    """Yield each flaw of each kind of JPEG."""
    photo = make_photo()
    kinds = {
        "plain": images.encoded(photo, "JPEG"),
        "full chroma": images.encoded(photo, "JPEG", subsampling=0),
        "grey": images.encoded(photo.convert("L"), "JPEG"),
        "restarts": images.encoded(photo, "JPEG", restart_marker_rows=1),
        "progressive": images.encoded(photo, "JPEG", progressive=True),
        "ink": images.encoded(photo.convert("CMYK"), "JPEG"),
    }
    for kind, sound in kinds.items():
        for place, owed, data in (*_flaw_wrapping(sound), *_flaw_end(sound, kind), *_lose_pixels(sound)):
            yield Flaw("jpeg", kind, place, owed, data, sound)
    for place, owed, data in _flaw_restarts(kinds["restarts"]):
        yield Flaw("jpeg", "restarts", place, owed, data, kinds["restarts"])


def _find_places(data: bytes) -> tuple[int, int, int]:
    scan = data.index(b"\xff\xda")
    return scan, scan + 2 + int.from_bytes(data[scan + 2 : scan + 4], "big"), data.rindex(b"\xff\xd9")


def _flaw_wrapping(data: bytes) -> Iterator[tuple[str, Owed, bytes]]:
    scan = _find_places(data)[0]
    at, places = 2, []
    while at <= scan:
        places.append(at)
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    for number, place in enumerate(places[1:], 2):
        yield f"bytes before segment {number}", Owed.WARNED, data[:place] + JUNK + data[place:]
        yield f"fill bytes before segment {number}", Owed.SILENT, data[:place] + b"\xff" * 5 + data[place:]
    segments = {
        "an EXIF block cut off": b"\xff\xe1\0\x10Exif\0\0II*\0\xff\xff\xff\xff",
        "an ICC profile in the wrong order": b"\xff\xe2\0\x14ICC_PROFILE\0\3\1junk",
        "an MPO index without sense": b"\xff\xe2\0\x0cMPF\0II*\0\xff\xff",
        "resources without sense": b"\xff\xed\0\x20Photoshop 3.0\x008BIM\4\4\xff\xff\xffaaaaaaa",
        "a short JFIF segment": b"\xff\xe0\0\x08JFIF\0\1",
        "a short Adobe segment": b"\xff\xee\0\x09Adobe\0\1",
        "a mark that does not exist": b"\xff\x5e\0\4ab",
        "a second start": b"\xff\xd8",
        "a restart mark": b"\xff\xd3",
    }
    for name, segment in segments.items():
        yield name, Owed.WHOLE, data[:2] + segment + data[2:]


def _flaw_end(data: bytes, kind: str) -> Iterator[tuple[str, Owed, bytes]]:
    end = _find_places(data)[2]
    yield "no end mark", Owed.WARNED, data[:end]
    yield "half an end mark", Owed.WARNED, data[: end + 1]
    yield "zeros for the end mark", Owed.WARNED, data[:end] + bytes(500)
    yield "bytes behind the end", Owed.SILENT, data + JUNK
    yield "zeros before the end mark", Owed.SILENT, data[:end] + bytes(9) + data[end:]
    yield "fill bytes before the end mark", Owed.SILENT, data[:end] + b"\xff" * 9 + data[end:]
    if kind != "progressive":
        yield "bytes before the end mark", Owed.WARNED, data[:end] + JUNK * 3 + data[end:]


def _flaw_restarts(data: bytes) -> Iterator[tuple[str, Owed, bytes]]:
    _, start, end = _find_places(data)
    head, scan = data[:start], data[start:]
    yield "all restart marks the same", Owed.WARNED, head + RESTART.sub(b"\xff\xd0", scan)
    yield (
        "restart marks one too high",
        Owed.WARNED,
        head + RESTART.sub(lambda found: bytes([255, 0xD0 + (found[0][1] + 1) % 8]), scan),
    )
    yield "bytes before all restart marks", Owed.WARNED, head + RESTART.sub(lambda found: JUNK + found[0], scan)
    yield "zeros before all restart marks", Owed.SILENT, head + RESTART.sub(lambda found: bytes(9) + found[0], scan)
    marks = [found.start() for found in RESTART.finditer(data, start)]
    for number, (mark, following) in enumerate(zip(marks, [*marks[1:], end], strict=True), 1):
        wrong = bytes([0xFF, 0xD0 + (number + 3) % 8])
        yield f"restart mark {number} wrong", Owed.WARNED, data[:mark] + wrong + data[mark + 2 :]
        yield f"restart mark {number} twice", Owed.WARNED, data[:mark] + data[mark : mark + 2] + data[mark:]
        yield f"bytes before restart mark {number}", Owed.WARNED, data[:mark] + JUNK + data[mark:]
        yield f"restart mark {number} missing", Owed.FAILURE, data[:mark] + data[mark + 2 :]
        yield f"run {number} missing", Owed.FAILURE, data[:mark] + data[following:]


def _lose_pixels(data: bytes) -> Iterator[tuple[str, Owed, bytes]]:
    _, start, end = _find_places(data)
    for percent in (0, 10, 50, 90):
        at = start + (end - start) * percent // 100
        yield f"the data end at {percent} %", Owed.FAILURE, data[:at]
        yield f"an end mark at {percent} %", Owed.FAILURE, data[:at] + b"\xff\xd9"
        yield f"zeros from {percent} % on", Owed.FAILURE, data[:at] + bytes(end - at) + data[end:]
    yield "the last bytes are missing", Owed.FAILURE, data[: end - 6] + data[end:]
