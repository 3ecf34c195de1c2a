"""The paper of a page: from pixels and their resolution to points."""

from typing import NamedTuple

POINTS = 72.0
"""Points an inch, and the dots an inch of a picture that says nothing: then a pixel is a point."""

LONGEST = 14_400.0
"""Points that a side may have (ISO 32000-1, annex C); larger pages do not open everywhere."""


class Paper(NamedTuple):
    """The size of a page in points, and where the picture lies on it: left, bottom, width and height."""

    width: float
    height: float
    box: tuple[float, float, float, float]


def choose_paper(size: tuple[int, int], dpi: tuple[float, float] | None) -> Paper:
    """Choose paper that the picture fills. `size` is in pixels as displayed, `dpi` is dots per inch across and down."""
    across, down = dpi or (POINTS, POINTS)
    width, height = size[0] * POINTS / across, size[1] * POINTS / down
    scale = min(1.0, LONGEST / max(width, height))
    width, height = round(width * scale, 4), round(height * scale, 4)
    return Paper(width, height, (0.0, 0.0, width, height))
