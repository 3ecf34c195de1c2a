"""What the matrix itself is made of: the promises, the reference readers' files, the judge."""

import struct

import numpy as np
import pytest

from conformance.matrix import contract, pictures, rasters
from conformance.matrix.reference import READERS
from conformance.matrix.sources import missing, stored
from conformance.matrix.subjects import subjects
from core.formats import READABLE, TARGETS
from tests.conformance.matrix.fast import cells


def test_every_target_has_its_promises_and_a_reader() -> None:
    names = {fmt.name for fmt in TARGETS}
    assert names <= contract.KNOWN
    assert names <= set(READERS)
    assert contract.ALPHA.isdisjoint(contract.FLAT)


def test_every_format_that_is_read_stores_something() -> None:
    for fmt in READABLE:
        if missing(fmt.name) is None:
            assert any(stored(subject, fmt.name) for subject in subjects()), fmt.name


def test_the_fast_subset_has_every_format_on_both_sides() -> None:
    chosen = cells()
    here = {fmt.name for fmt in READABLE if missing(fmt.name) is None}
    assert {cell.upload.source for cell in chosen} == here
    assert {cell.target for cell in chosen} == {fmt.name for fmt in TARGETS}


def test_no_turn_leaves_a_picture_as_it_is() -> None:
    for pixels in (pictures.blocks(), pictures.bits(), pictures.film()[0]):
        square = pixels[:32, :32]
        turned = [np.rot90(side, count) for side in (square, square[:, ::-1]) for count in range(4)]
        assert len({side.tobytes() for side in turned}) == 8


def test_pam_and_pnm_are_read() -> None:
    head = b"P7\nWIDTH 1\nHEIGHT 2\nDEPTH 2\nMAXVAL 65535\nTUPLTYPE GRAYSCALE_ALPHA\nENDHDR\n"
    two = head + struct.pack(">4H", 40_000, 65_535, 7, 0) + b"P6\n1 1\n255\n" + bytes((1, 2, 3))
    deep, flat = rasters.pam(two)
    assert deep.alpha
    assert deep.pixels()[..., 0].tolist() == [[40_000], [7]]
    assert deep.pixels()[..., 3].tolist() == [[65_535], [0]]
    assert not flat.alpha
    assert flat.pixels().tolist() == [[[257, 514, 771, 65_535]]]


def test_inks_are_no_alpha() -> None:
    samples = np.array([[[0, 0, 0, 0], [0, 0, 0, 255], [255, 0, 0, 0]]], np.uint8)
    shown = pictures.eight(rasters.Raster(samples, 255, inks=True).pixels())
    assert shown.tolist() == [[[255, 255, 255, 255], [0, 0, 0, 255], [0, 255, 255, 255]]]


def test_sixteen_bits_are_scaled_and_rounded() -> None:
    assert pictures.eight(np.array([[[40_000, 65_535, 128, 129]]], np.uint16)).tolist() == [[[156, 255, 0, 1]]]


@pytest.mark.parametrize(
    ("size", "sides"),
    [
        ((1, 1), (16,)),
        ((20, 10), (16,)),
        ((128, 100), (16, 24, 32, 48, 64, 128)),
        ((300, 300), (16, 24, 32, 48, 64, 128, 256)),
    ],
)
def test_an_icon_has_sizes_up_to_the_pictures_larger_side(size: tuple[int, int], sides: tuple[int, ...]) -> None:
    assert contract.icon_sides(size, "ico") == sides
