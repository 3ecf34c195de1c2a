"""SGI of two planes: grey with alpha."""

import struct

import numpy as np
import pytest
from PIL import Image

from tests.engine.conftest import Converter

GREY = np.asarray(Image.linear_gradient("L").resize((40, 24)))
ALPHA = np.asarray(Image.linear_gradient("L").rotate(90).resize((40, 24)))


def sgi(depth: int, *, packed: bool) -> bytes:
    """Planes from below, as they are or each row as literal runs (Paul Haeberli, version 0.97)."""
    planes = [plane[::-1].astype(f">u{depth}") * (1 if depth == 1 else 257) for plane in (GREY, ALPHA)]
    rows = [row.astype(f">u{depth}").tobytes() for plane in planes for row in plane]
    head = struct.pack(">HBBHHHH", 474, packed, depth, 3, 40, 24, 2).ljust(512, b"\0")
    if not packed:
        return head + b"".join(rows)
    runs = [struct.pack(f">{'BH'[depth - 1]}", 0x80 | 40) + row + bytes(depth) for row in rows]
    starts = [512 + 8 * len(rows) + index * len(runs[0]) for index in range(len(rows))]
    return head + struct.pack(f">{2 * len(rows)}I", *starts, *(len(run) for run in runs)) + b"".join(runs)


@pytest.mark.parametrize("packed", [0, 1])
@pytest.mark.parametrize("depth", [1, 2])
def test_grey_with_alpha_is_read(run: Converter, depth: int, packed: int) -> None:
    result = run(sgi(depth, packed=bool(packed)), "png")
    assert result.warnings == (["depth_reduced"] if depth == 2 else [])
    seen = np.asarray(result.image())
    assert seen.shape == (24, 40, 2)
    shown = ALPHA > 0
    assert (seen[:, :, 0] == GREY)[shown].all()
    assert (seen[:, :, 1] == ALPHA).all()


@pytest.mark.parametrize("packed", [0, 1])
def test_grey_with_alpha_without_its_end_is_a_failure(run: Converter, packed: int) -> None:
    assert run(sgi(1, packed=bool(packed))[:-1], "png").failure == "truncated_image"
