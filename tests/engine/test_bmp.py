"""BMPs that are packed by runs: what stays inside of the picture is read, what does not is damage."""

import pytest
from PIL import Image

from conformance.running import apart
from tests.engine.conftest import Converter

WIDTH, HEIGHT = 6, 3
COLOURS = [(0, 0, 0), (200, 10, 10), (10, 200, 10), (10, 10, 200)]
END_OF_ROW, END = b"\0\0", b"\0\1"
ROW = b"\3\1\3\2" + END_OF_ROW


def packed(runs: bytes, *, compression: int = 1) -> bytes:
    """A bitmap of 6 x 3, its rows from below, with those codes."""
    bits = 8 // compression
    palette = b"".join(bytes((blue, green, red, 0)) for red, green, blue in COLOURS)
    numbers = (40, WIDTH, HEIGHT, 1 | bits << 16, compression, len(runs), 2835, 2835, len(COLOURS), 0)
    head = b"".join(number.to_bytes(4, "little") for number in numbers)
    start = 14 + len(head) + len(palette)
    size = (start + len(runs)).to_bytes(4, "little")
    return b"BM" + size + bytes(4) + start.to_bytes(4, "little") + head + palette + runs


def picture(*rows: str) -> Image.Image:
    image = Image.new("RGB", (WIDTH, len(rows)))
    image.putdata([COLOURS[int(sample)] for row in rows for sample in row])
    return image


@pytest.mark.parametrize(
    ("runs", "rows"),
    [
        pytest.param(ROW + b"\6\3" + END_OF_ROW + ROW + END, ("111222", "333333", "111222"), id="runs"),
        pytest.param(ROW + b"\0\3\1\2\3\0\3\0" + END_OF_ROW + ROW + END, ("111222", "123000", "111222"), id="pixels"),
        pytest.param(ROW + b"\3\1\x14\2" + END_OF_ROW + ROW + END, ("111222",) * 3, id="a run beyond its row"),
    ],
)
def test_runs_inside_of_the_picture(run: Converter, runs: bytes, rows: tuple[str, ...]) -> None:
    assert apart(run(packed(runs), "png").image().convert("RGB"), picture(*rows)) == 0


def test_four_bits_a_pixel(run: Converter) -> None:
    row = b"\3\x11\0\3\x22\x20" + END_OF_ROW
    seen = run(packed(row * 3 + END, compression=2), "png").image().convert("RGB")
    assert apart(seen, picture(*("111222",) * 3)) == 0


@pytest.mark.parametrize(
    "runs",
    [
        pytest.param(ROW + b"\5\1\0\3\1\2\3\0" + END_OF_ROW + ROW + END, id="pixels beyond their row"),
        pytest.param(ROW * 4 + END, id="a row too many"),
        pytest.param(ROW * 2 + b"\0\2\0\5" + ROW + END, id="a jump out of the picture"),
        pytest.param(ROW * 2 + b"\0\2", id="a jump that is cut off"),
    ],
)
def test_runs_outside_of_the_picture_are_damage(run: Converter, runs: bytes) -> None:
    assert run(packed(runs), "png").failure in {"corrupt_image", "truncated_image"}
