"""The disposal of a frame: each format has its own numbers for it, and the engine one word."""

import struct

import pytest

from conformance import images
from core import magic
from engine.containers import gif, png
from engine.containers.disposal import Disposal

KEEP, CLEAR, RESTORE = Disposal.KEEP, Disposal.CLEAR, Disposal.RESTORE


@pytest.mark.parametrize(("number", "disposal"), [(0, None), (1, KEEP), (2, CLEAR), (3, RESTORE), (4, None), (7, None)])
def test_disposal_of_a_gif(number: int, disposal: Disposal | None) -> None:
    control = struct.pack("<BBBBHBB", 0x21, 0xF9, 4, number << 2, 0, 0, 0)
    data = gif.pack_screen(1, 1) + control + struct.pack("<BHHHHB", 0x2C, 0, 0, 1, 1, 0) + b"\2\0;"
    assert gif.parse_file(data, 1).frames[0].control.disposal is disposal


@pytest.mark.parametrize(("number", "disposal"), [(0, None), (1, KEEP), (2, CLEAR), (3, RESTORE)])
def test_disposal_is_written_into_a_gif(number: int, disposal: Disposal | None) -> None:
    assert gif.Control(disposal=disposal).to_bytes()[3] == number << 2


@pytest.mark.parametrize(("number", "disposal"), [(0, KEEP), (1, CLEAR), (2, RESTORE), (3, KEEP)])
@pytest.mark.parametrize("over", [False, True])
def test_disposal_of_an_apng(number: int, disposal: Disposal, over: bool) -> None:
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"acTL", struct.pack(">II", 1, 0)),
        (b"fcTL", struct.pack(">IIIIIHHBB", 0, 1, 1, 0, 0, 1, 10, number, over)),
        (b"IDAT", b"data"),
        (b"IEND", b""),
    )
    parts = png.parse_file(magic.PNG + b"".join(images.chunk(*chunk) for chunk in chunks))
    (control, _), *_ = parts.frames
    assert (control.disposal, control.over) == (disposal, over)
