"""PBM, PGM and PPM: comments in the header, several pictures in one file, and what stands behind the samples."""

import pytest

from tests.engine.conftest import Converter

GREY = bytes((0, 100, 200, 255, 35, 10))
"""3 x 2 pixels. A 35 is the sign of a comment, and a 10 ends one."""


@pytest.mark.parametrize(
    "head",
    [
        b"P5#c\n3 2 255\n",
        b"P5\n#c\r#P6 9 9 255\n3#c\n2#c\n255 ",
        b"P5 3 2 255#c\n",
        b"P5 3 2\n# 300\n255\n",
        b"P5 00000003 2 0000255\n",
    ],
)
def test_a_comment_may_stand_wherever_a_space_may(run: Converter, head: bytes) -> None:
    result = run(head + GREY, "png")
    assert result.warnings == []
    assert result.image().tobytes() == GREY


@pytest.mark.parametrize("head", [b"P1#c\n2#c\n2#c\n", b"P1 2 2 #c\n"])
def test_comments_in_a_bitmap_of_text(run: Converter, head: bytes) -> None:
    assert run(head + b"01\n#1111\n10", "png").image().convert("L").tobytes() == bytes((255, 0, 0, 255))


def test_samples_as_text_end_a_header_by_a_comment_too(run: Converter) -> None:
    assert run(b"P3 1 1 15#c\n15 0 15", "png").image().getpixel((0, 0)) == (255, 0, 255)
    assert run(b"P3#c\n1 1 1023\n1023 0 1023", "qoi").image().getpixel((0, 0)) == (255, 0, 255)


def test_deep_samples_behind_a_comment(run: Converter) -> None:
    result = run(b"P6#c\n1 1#c\n65535#c\n" + bytes((1, 2, 3, 4, 5, 6)), "ppm")
    assert result.data.endswith(bytes((1, 2, 3, 4, 5, 6)))


FIRST = {
    "bits": b"P4 9 1\n" + bytes((0x80, 0)),
    "grey": b"P5 3 2 255\n" + GREY,
    "colour": b"P6 2 1 255\n" + GREY,
    "deep grey": b"P5 3 1 65535\n" + GREY,
    "deep colour": b"P6 1 1 65535\n" + GREY,
}


@pytest.mark.parametrize("kind", FIRST)
def test_further_pictures_are_told(run: Converter, kind: str) -> None:
    alone = run(FIRST[kind], "png")
    assert alone.warnings == []
    result = run(FIRST[kind] + FIRST["grey"] + b"P1 1 1\n1", "png")
    assert result.warnings == ["frames_dropped"]
    assert "3 pages or pictures" in result.outcome.warnings[0].detail
    assert result.image().tobytes() == alone.image().tobytes()


def test_a_further_picture_can_be_asked_for(run: Converter) -> None:
    data = FIRST["bits"] + b"\n" + FIRST["colour"] + b"P5#c\n3 2 255\n" + GREY
    assert run(data, "png", page=2).image().convert("RGB").tobytes() == GREY
    third = run(data, "png", page=3)
    assert (third.image().tobytes(), third.warnings) == (GREY, [])
    assert run(data, "png", page=4).failure == "bad_option"


def test_bytes_behind_the_picture_are_no_picture(run: Converter) -> None:
    assert run(FIRST["grey"] + b"\nP5 is what it was", "png").warnings == []


def test_too_many_pictures_are_a_failure(run: Converter) -> None:
    data = b"P4 1 1\n\0" * 4
    assert run(data, "png", limits={"max_frames": 3}).failure == "too_many_frames"
    assert run(data, "png", limits={"max_frames": 4}).warnings == ["frames_dropped"]


def test_a_number_beyond_reason_is_a_failure(run: Converter) -> None:
    assert run(b"P5 " + b"9" * 5000 + b" 1 255\n" + GREY, "png").failure == "corrupt_image"


def test_a_first_picture_cut_off_is_a_failure(run: Converter) -> None:
    assert run(b"P5#c\n3 2 255\n" + GREY[:-1], "png").failure == "truncated_image"


SAMPLES = bytes((255, 0, 0, 0, 0, 255))


@pytest.mark.parametrize(
    "head",
    [
        b"P6 2 1 255\n",
        b"P6#one\n# two\n2 1#three\n \t#four 4\n255\n",
        b"P6 \n2 1\n255#five\n",
        b"P6\r\n# one\r\n2\r\n1\r\n255\n",
    ],
)
def test_comments_stand_anywhere_in_the_header(run: Converter, head: bytes) -> None:
    result = run(head + SAMPLES, "png")
    assert result.image().convert("RGB").tobytes() == SAMPLES
    assert result.warnings == []


def test_a_comment_before_deep_colour(run: Converter) -> None:
    result = run(b"P6#one\n2 1\n65535#two\n" + bytes(6) + b"\xff" * 6, "ppm")
    assert result.data == b"P6\n2 1\n65535\n" + bytes(6) + b"\xff" * 6


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        pytest.param(b"P1 3 2\n101\n010\n tiles: 10", b"\0\xff\0\xff\0\xff", id="words behind bits"),
        pytest.param(b"P1 3 2 # one 1\n1 0 1 # two\n010", b"\0\xff\0\xff\0\xff", id="comments"),
        pytest.param(b"P2 2 1 4\n0 4\nand words", b"\0\xff", id="words behind numbers"),
    ],
)
def test_what_stands_behind_plain_samples_is_passed_over(run: Converter, data: bytes, rows: bytes) -> None:
    result = run(data, "png")
    assert result.image().convert("L").tobytes() == rows
    assert result.warnings == []


@pytest.mark.parametrize("one", [b"P1 2 1\n10\n", b"P2 2 1 9\n1 2\n"])
def test_further_pictures_of_text_are_told(run: Converter, one: bytes) -> None:
    assert run(one, "png").warnings == []
    assert run(one * 2, "png").warnings == ["extras_dropped"]
    assert run(one * 2, "png").data == run(one, "png").data


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"P6 2", "truncated_image"),
        (b"P6 2 1 255", "truncated_image"),
        (b"P6 2 1 255\n" + SAMPLES[:5], "truncated_image"),
        (b"P1 3 2 101 01", "truncated_image"),
        (b"P1 3 2 101 01x", "corrupt_image"),
        (b"P6 0 0 255\n" + SAMPLES, "corrupt_image"),
        (b"P6 -1 -1 255\n" + SAMPLES, "corrupt_image"),
        (b"P6 2 1 0\n" + SAMPLES, "corrupt_image"),
        (b"P6 2 1 65536\n" + SAMPLES, "corrupt_image"),
        (b"P6 2 1 255x" + SAMPLES, "corrupt_image"),
        (b"P6 " + b"1" * 5000 + b" 1 255\n", "corrupt_image"),
        (b"P6 " + b"#\n" * 50_000 + b"2 1 255\n" + SAMPLES, "corrupt_image"),
    ],
)
def test_headers_without_sense(run: Converter, data: bytes, code: str) -> None:
    assert run(data, "png").failure == code
