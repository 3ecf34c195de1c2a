"""The options of a conversion, as keyword arguments that type checkers and editors know."""

from typing import Literal, TypedDict


class Options(TypedDict, total=False):
    """What `GET /v1/formats` lists. An option of a newer service goes into `more`."""

    quality: int
    lossless: bool
    max_bytes: int
    subsampling: Literal["420", "422", "444"]
    rotate: Literal[0, 90, 180, 270]
    crop: str
    width: int
    height: int
    fit: Literal["inside", "cover", "fill", "pad"]
    enlarge: bool
    background: str
    metadata: Literal["strip", "safe", "keep"]
    color: Literal["srgb", "keep"]
    colors: int
    dither: bool
    animation: Literal["keep", "first"]
    loop: int
    page: int
    effort: int
    progressive: bool
    dpi: int
    paper: Literal["fit", "a4", "letter"]
    sizes: str


def write_option(value: object) -> str:
    """Return the text of a form field."""
    return str(value).lower() if isinstance(value, bool) else str(value)
