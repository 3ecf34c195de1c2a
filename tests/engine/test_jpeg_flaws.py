"""JPEGs whose wrapping has a flaw are converted as they are shown; those with missing pixels are failures."""

import re
from collections.abc import Callable
from hashlib import shake_128

import pytest
from PIL import Image, ImageFilter

from conformance import images
from conformance.running import apart
from tests.engine.conftest import Converter

NOISE = Image.frombytes("RGB", (160, 120), shake_128(b"noise").digest(160 * 120 * 3))
PHOTO = Image.blend(images.quarters((160, 120)), NOISE.filter(ImageFilter.GaussianBlur(1)), 0.4)
KINDS = {
    "plain": images.encoded(PHOTO, "JPEG"),
    "grey": images.encoded(PHOTO.convert("L"), "JPEG"),
    "restarts": images.encoded(PHOTO, "JPEG", restart_marker_rows=1),
    "progressive": images.encoded(PHOTO, "JPEG", progressive=True),
    "ink": images.encoded(PHOTO.convert("CMYK"), "JPEG"),
}
JUNK = b"\x12\x9a\x31\x77\xc4\x02\x5b\xe8\x6d\x1f\xa6"
RESTART = re.compile(rb"\xff[\xd0-\xd7]")
Flaw = Callable[[bytes], bytes]


def ends(data: bytes) -> tuple[int, int, int]:
    """Where the scan's header, its data and the end mark are."""
    scan = data.index(b"\xff\xda")
    return scan, scan + 2 + int.from_bytes(data[scan + 2 : scan + 4], "big"), data.rindex(b"\xff\xd9")


def before_scan(junk: bytes) -> Flaw:
    return lambda data: data[: ends(data)[0]] + junk + data[ends(data)[0] :]


def behind_start(segment: bytes) -> Flaw:
    return lambda data: data[:2] + segment + data[2:]


def with_late_height(data: bytes) -> bytes:
    at = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2")) + 5
    end = ends(data)[2]
    return data[:at] + b"\0\0" + data[at + 2 : end] + b"\xff\xdc\0\4" + data[at : at + 2] + data[end:]


WRAPPINGS: dict[str, Flaw] = {
    "no end mark": lambda data: data[:-2],
    "half an end mark": lambda data: data[:-1],
    "no end mark, but zeros": lambda data: data[:-2] + bytes(500),
    "bytes before the scan": before_scan(JUNK),
    "a mark among the headers": before_scan(b"\xff\xd8"),
    "an unknown mark": behind_start(b"\xff\x5e\0\4ab"),
    "a short JFIF segment": behind_start(b"\xff\xe0\0\x08JFIF\0\1"),
    "a height behind the data": with_late_height,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("flaw", WRAPPINGS)
def test_a_flaw_of_the_wrapping_costs_no_pixel(run: Converter, kind: str, flaw: str) -> None:
    result = run(WRAPPINGS[flaw](KINDS[kind]), "png")
    assert apart(result.image(), run(KINDS[kind], "png").image()) == 0
    assert result.warnings == ["image_damaged"]


RESTARTS: dict[str, Callable[[re.Match[bytes]], bytes]] = {
    "all the same": lambda _: b"\xff\xd0",
    "one too high": lambda found: bytes([0xFF, 0xD0 + (found[0][1] + 1) % 8]),
    "twice": lambda found: found[0] * 2,
    "behind bytes": lambda found: JUNK + found[0],
    "behind zeros and filling": lambda found: bytes(9) + b"\xff\xff" + found[0],
}


@pytest.mark.parametrize("way", RESTARTS)
def test_restart_marks_of_cameras(run: Converter, way: str) -> None:
    data = KINDS["restarts"]
    _, start, _ = ends(data)
    result = run(data[:start] + RESTART.sub(RESTARTS[way], data[start:]), "png")
    assert apart(result.image(), run(data, "png").image()) == 0
    assert result.warnings == ([] if "zeros" in way else ["image_damaged"])


@pytest.mark.parametrize("kind", ["plain", "grey", "restarts", "ink"])
def test_bytes_before_the_end_mark(run: Converter, kind: str) -> None:
    data = KINDS[kind]
    result = run(data[:-2] + JUNK + data[-2:], "png", width=40)
    assert apart(result.image(), run(data, "png", width=40).image()) == 0
    assert result.warnings == ["image_damaged"]


def lose(part: float, *, fill: bool, end: bytes) -> Flaw:
    def lost(data: bytes) -> bytes:
        _, start, stop = ends(data)
        at = start + int((stop - start) * part)
        return data[:at] + bytes(stop - at if fill else 0) + end

    return lost


MISSING: dict[str, Flaw] = {
    "the second half": lose(0.5, fill=False, end=b""),
    "the second half, with an end mark": lose(0.5, fill=False, end=b"\xff\xd9"),
    "the second half, zeros in its place": lose(0.5, fill=True, end=b"\xff\xd9"),
    "the second half, zeros and no end": lose(0.5, fill=True, end=b""),
    "the last bytes": lambda data: data[:-6],
    "the last bytes, with an end mark": lambda data: data[:-6] + data[-2:],
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", MISSING)
def test_missing_pixels_are_a_failure(run: Converter, kind: str, what: str) -> None:
    assert run(MISSING[what](KINDS[kind]), "png").failure in {"truncated_image", "corrupt_image"}


def test_a_missing_run_and_a_missing_mark_are_damage(run: Converter) -> None:
    data = KINDS["restarts"]
    first, second = (found.start() for found in list(RESTART.finditer(data, ends(data)[1]))[:2])
    assert run(data[:first] + data[second:], "png").failure == "corrupt_image"
    assert run(data[:first] + data[first + 2 :], "png").failure == "corrupt_image"


@pytest.mark.parametrize("kind", ["plain", "grey", "restarts"])
def test_blocks_left_over_are_damage_where_bytes_left_over_are_none(run: Converter, kind: str) -> None:
    """A decoder that lost its place in bad data has blocks left. If it has not, nothing tells."""
    told = 0
    for place in range(100, 1500, 26):
        data = bytearray(KINDS[kind])
        at = ends(bytes(data))[1] + place
        data[at : at + 11] = JUNK
        outcome = run(bytes(data), "png").outcome
        assert outcome.failure is not None or not outcome.warnings
        told += outcome.failure is not None
    assert told


@pytest.mark.parametrize(
    ("mark", "name"), [(0xC3, "lossless JPEG"), (0xCB, "arithmetic"), (0xC5, "hierarchical"), (0xF7, "JPEG-LS")]
)
def test_other_processes_are_said_by_name(run: Converter, mark: int, name: str) -> None:
    data = KINDS["plain"]
    outcome = run(data.replace(b"\xff\xc0\0\x11", bytes([0xFF, mark, 0, 0x11])), "png").outcome
    assert outcome.failure is not None
    assert outcome.failure.code == "unsupported_image"
    assert name in outcome.failure.detail
