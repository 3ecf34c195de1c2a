"""PBM, PGM and PPM: comments anywhere in the header, and what stands behind the picture."""

import pytest

from tests.engine.conftest import Converter

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
