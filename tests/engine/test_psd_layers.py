"""PSD without a word about its composite: a blank one is refused where the layers show more."""

import struct
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from conformance.psd import document, pack_planes, resource
from tests.engine.conftest import Converter

HEIGHT, WIDTH = 16, 24
WHITE, BLACK = np.full((HEIGHT, WIDTH), 255), np.zeros((HEIGHT, WIDTH), int)
PHOTO: list[NDArray[Any]] = list(np.random.default_rng(5).integers(1, 255, (3, HEIGHT, WIDTH)))
CLEAR = WHITE * 0
BOX = (0, 0, HEIGHT, WIDTH)
GROUP, GROUP_END = 1, 3


def layer(
    planes: dict[int, NDArray[Any]],
    *,
    box: tuple[int, int, int, int] = BOX,
    depth: int = 8,
    packing: int = 0,
    large: bool = False,
    hidden: bool = False,
    opacity: int = 255,
    divider: int = 0,
) -> tuple[bytes, bytes]:
    """Record and channels of a layer; its box is top, left, bottom, right."""
    channels = {
        number: struct.pack(">H", packing) + pack_planes([plane], depth, packing, large=large)
        for number, plane in planes.items()
    }
    entries = [struct.pack(">hQ" if large else ">hI", number, len(body)) for number, body in channels.items()]
    extra = bytes(8) + b"\4name\0\0\0"
    if divider:
        extra += b"8BIMlsct" + struct.pack(">II", 4, divider)
    head = struct.pack(">4iH", *box, len(entries)) + b"".join(entries) + b"8BIMnorm"
    return head + bytes((opacity, 0, 2 * hidden, 0)) + struct.pack(">I", len(extra)) + extra, b"".join(
        channels.values()
    )


def photo(**settings: Any) -> tuple[bytes, bytes]:
    return layer(dict(enumerate(PHOTO)), **settings)


def flat(value: NDArray[Any], **settings: Any) -> tuple[bytes, bytes]:
    return layer(dict.fromkeys(range(3), value), **settings)


def divide(kind: int, *, hidden: bool = False) -> tuple[bytes, bytes]:
    return layer({}, box=(0, 0, 0, 0), divider=kind, hidden=hidden)


def file_of(*layers: tuple[bytes, bytes], flat: NDArray[Any] = WHITE, **settings: Any) -> bytes:
    records = b"".join(record for record, _ in layers) + b"".join(channels for _, channels in layers)
    return document([flat] * 3, layers=len(layers), records=records, **settings)


@pytest.mark.parametrize("blank", [WHITE, BLACK], ids=["white", "black"])
@pytest.mark.parametrize("packing", [0, 1, 2, 3])
@pytest.mark.parametrize("large", [False, True])
def test_a_blank_composite_over_a_photo_is_refused(
    run: Converter, blank: NDArray[Any], packing: int, large: bool
) -> None:
    data = file_of(photo(packing=packing, large=large), flat=blank, large=large)
    result = run(data, "png")
    assert result.failure == "unsupported_image"
    assert result.outcome.failure is not None
    assert "Maximize Compatibility" in result.outcome.failure.detail


SHOWN = {
    "above a white one": [flat(WHITE), photo()],
    "in a group": [divide(GROUP_END), photo(), divide(GROUP)],
    "beside a hidden group": [divide(GROUP_END), divide(GROUP, hidden=True), photo()],
    "below a clear one": [photo(), layer({-1: CLEAR, 0: WHITE, 1: WHITE, 2: WHITE})],
    "below a small one": [photo(), layer(dict.fromkeys(range(3), WHITE[:4, :4]), box=(0, 0, 4, 4))],
    "below a faint one": [photo(), flat(WHITE, opacity=9)],
    "with half its pixels clear": [layer({-1: np.where(PHOTO[0] > 99, 255, 0), **dict(enumerate(PHOTO))})],
    "one color": [flat(WHITE // 2)],
}

BLANK = {
    "nothing": [],
    "white": [flat(WHITE)],
    "without a box": [layer({}, box=(0, 0, 0, 0))],
    "hidden": [photo(hidden=True), flat(WHITE)],
    "in a hidden group": [divide(GROUP_END), divide(GROUP_END), photo(), divide(GROUP), divide(GROUP, hidden=True)],
    "of no opacity": [photo(opacity=0)],
    "clear": [layer({-1: CLEAR, **dict(enumerate(PHOTO))})],
    "covered": [photo(), flat(WHITE)],
    "covered by an opaque one": [photo(), layer({-1: WHITE, 0: WHITE, 1: WHITE, 2: WHITE})],
}


@pytest.mark.parametrize("name", SHOWN)
def test_layers_that_show_more_are_missed(run: Converter, name: str) -> None:
    assert run(file_of(*SHOWN[name]), "png").failure == "unsupported_image"


@pytest.mark.parametrize("name", BLANK)
def test_a_picture_that_is_blank_stays_one(run: Converter, name: str) -> None:
    result = run(file_of(*BLANK[name]), "png")
    assert result.warnings == []
    assert result.image().convert("RGB").getextrema() == ((255, 255),) * 3


def test_a_file_that_has_its_composite_is_believed(run: Converter) -> None:
    told = resource(0x0421, struct.pack(">IB", 1, 1))
    assert run(file_of(photo(), resources=told), "png").warnings == []
    assert run(file_of(photo(), flat=WHITE // 2), "png").warnings == []


@pytest.mark.parametrize("depth", [16, 32])
def test_deep_layers_lie_in_a_block_of_their_own(run: Converter, depth: int) -> None:
    scale = {16: 257, 32: 1 / 255}[depth]
    for planes, is_blank in ((PHOTO, False), ([WHITE] * 3, True)):
        record, channels = layer({band: plane * scale for band, plane in enumerate(planes)}, depth=depth, packing=3)
        body = struct.pack(">h", 1) + record + channels
        block = b"8BIMLr%d" % depth + struct.pack(">I", len(body)) + body + bytes(-len(body) % 4)
        result = run(document([WHITE * scale] * 3, depth=depth, blocks=block), "png")
        assert (result.outcome.failure is None) == is_blank


def test_layers_that_are_cut_do_not_pass_for_a_picture(run: Converter) -> None:
    record, channels = photo(packing=1)
    assert run(file_of((record, channels[:40])), "png").failure == "unsupported_image"
    assert run(file_of((record[:20], b"")), "png").warnings == []
