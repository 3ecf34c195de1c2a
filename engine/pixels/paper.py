"""Sheets of paper: where a picture lies on one. Lengths are in points, 72 an inch, as PDF counts."""

from typing import NamedTuple

MILLIMETERS = 72 / 25.4

SHEETS = {"a4": (210 * MILLIMETERS, 297 * MILLIMETERS), "letter": (612.0, 792.0)}
"""Width and height of each paper, upright: ISO 216, and 8.5 x 11 inches."""


class Page(NamedTuple):
    """The size of a page, and the picture on it: left, bottom, width and height."""

    size: tuple[float, float]
    picture: tuple[float, float, float, float]


def lay_out_page(picture: tuple[float, float], paper: str) -> Page:
    """Lay a picture of that size on paper: `fit` is its own size, others are the sheets of SHEETS.

    The sheet lies on its side for a wide picture. The picture is in the middle, smaller where it must be, never larger.
    """
    width, height = picture
    if paper == "fit":
        return Page(picture, (0.0, 0.0, width, height))
    sheet = SHEETS[paper] if width <= height else SHEETS[paper][::-1]
    scale = min(1.0, sheet[0] / width, sheet[1] / height)
    width, height = width * scale, height * scale
    return Page(sheet, ((sheet[0] - width) / 2, (sheet[1] - height) / 2, width, height))
