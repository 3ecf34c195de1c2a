"""The paper of a page: from pixels and their resolution to points, 72 an inch, and where the picture lies on it."""

from typing import NamedTuple

POINTS = 72.0
"""Points an inch, and the dots an inch of a picture that says nothing: then a pixel is a point."""

LONGEST = 14_400.0
"""Points that a side may have (ISO 32000-1, annex C); larger pages do not open everywhere."""

SHORTEST = 3.0
"""Points that a side must have, by the same annex."""

THINNEST = 0.01
"""Points that a side of the picture has in any case; with none it would not be drawn."""

MILLIMETERS = POINTS / 25.4

SHEETS = {"a4": (210 * MILLIMETERS, 297 * MILLIMETERS), "letter": (612.0, 792.0)}
"""Width and height of each sheet, upright: ISO 216, and 8.5 x 11 inches."""


class Paper(NamedTuple):
    """The size of a page in points, and where the picture lies on it: left, bottom, width and height."""

    width: float
    height: float
    box: tuple[float, float, float, float]


def choose_paper(size: tuple[int, int], dpi: tuple[float, float] | None, sheet: str = "fit") -> Paper:
    """Choose paper for a picture: `fit` is paper that it fills, as far as paper may be so small, others are the names of SHEETS.

    `size` is in pixels as displayed, `dpi` is dots per inch across and down. A sheet lies on its side for a wide
    picture. The picture is in the middle, smaller where it must be, never larger.
    """
    across, down = dpi or (POINTS, POINTS)
    width, height = size[0] * POINTS / across, size[1] * POINTS / down
    if sheet == "fit":
        scale = min(1.0, LONGEST / max(width, height))
        whole = (max(SHORTEST, round(width * scale, 4)), max(SHORTEST, round(height * scale, 4)))
    else:
        whole = SHEETS[sheet] if width <= height else SHEETS[sheet][::-1]
        scale = min(1.0, whole[0] / width, whole[1] / height)
    width, height = max(THINNEST, round(width * scale, 4)), max(THINNEST, round(height * scale, 4))
    return Paper(*whole, ((whole[0] - width) / 2, (whole[1] - height) / 2, width, height))
