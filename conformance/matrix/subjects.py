"""What goes through the matrix: each subject is a picture (or film, or pages), how it is stored, and what is asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.matrix import pictures
from conformance.matrix.pictures import Pixels
from conformance.profiles import DISPLAY_P3

TIMES = (100, 200, 50, 70)
PLAYS = 3


class Kind(StrEnum):
    """How a source file stores its subject; `sources` knows which format can."""

    COLOUR = "colour"
    ALPHA = "alpha"
    PALETTE = "palette with transparency"
    GREY16 = "grey of 16 bits"
    COLOUR16 = "colour of 16 bits"
    CMYK = "inks"
    BIT = "one bit"
    ANIMATION = "animation"
    PAGES = "pages"
    ALBUM = "several pictures"
    ORIENTED = "turned, with a tag"
    DESCRIBED = "with metadata"
    PROFILED = "with a colour profile"
    MISPROFILED = "with a broken colour profile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """`frames` is the right view, upright and in sRGB; `stored` is the content of the file if it differs.

    `times` are milliseconds, `options` those of the job (only those that the target takes are given).
    """

    name: str
    kind: Kind
    frames: tuple[Pixels, ...]
    stored: Any = None
    orientation: int = 1
    times: tuple[int, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    needs: str = ""
    """An option without which the cell has no sense."""

    @property
    def first(self) -> Pixels:
        """What a target with one picture shows."""
        return self.frames[0]


def _make_still(
    name: str,
    kind: Kind,
    pixels: Pixels,
    *,
    stored: Pixels | NDArray[np.uint8] | None = None,
    orientation: int = 1,
    options: Mapping[str, Any] | None = None,
    needs: str = "",
) -> Subject:
    return Subject(
        name=name,
        kind=kind,
        frames=(pixels,),
        stored=stored,
        orientation=orientation,
        options=options or {},
        needs=needs,
    )


def _list_sizes() -> list[Subject]:
    sizes = {"one pixel": (1, 1), "odd size": (33, 7), "tall": (3, 701), "wide": (701, 3)}
    return [_make_still(name, Kind.COLOUR, pictures.blocks(*size, side=32)) for name, size in sizes.items()]


def _list_turned() -> list[Subject]:
    upright = pictures.blocks(64, 48)
    return [_make_still(f"orientation {number}", Kind.ORIENTED, upright, orientation=number) for number in range(1, 9)]


def _list_profiled() -> list[Subject]:
    stored = pictures.smooth(64, 64)
    shown = pictures.p3_as_srgb(stored, DISPLAY_P3, 2.2)
    return [
        _make_still("Display P3", Kind.PROFILED, shown, stored=stored),
        _make_still("broken profile", Kind.MISPROFILED, pictures.blocks()),
    ]


def subjects() -> tuple[Subject, ...]:
    """All of them, in the order of the report."""
    ink, shown = pictures.inks()
    flat = {"background": pictures.BACKGROUND}
    described = pictures.blocks(64, 64)
    return (
        _make_still("still", Kind.COLOUR, pictures.blocks()),
        _make_still("many colours", Kind.COLOUR, pictures.smooth()),
        _make_still("alpha", Kind.ALPHA, pictures.soft_alpha(), options=flat),
        _make_still("palette and tRNS", Kind.PALETTE, pictures.hard_alpha(), options=flat),
        _make_still("16-bit grey", Kind.GREY16, pictures.deep_grey()),
        _make_still("16-bit colour", Kind.COLOUR16, pictures.deep_colour()),
        _make_still("CMYK", Kind.CMYK, shown, stored=ink),
        _make_still("1-bit", Kind.BIT, pictures.bits()),
        Subject(name="animation", kind=Kind.ANIMATION, frames=pictures.film(), times=TIMES),
        Subject(
            name="animation with alpha", kind=Kind.ANIMATION, frames=pictures.clear_film(), times=TIMES[:3],
            options=flat,
        ),
        Subject(
            name="animation, first frame", kind=Kind.ANIMATION, frames=pictures.film()[:1], stored=pictures.film(),
            times=TIMES, options={"animation": "first"}, needs="animation",
        ),
        Subject(name="pages", kind=Kind.PAGES, frames=pictures.pages()),
        Subject(name="MPO", kind=Kind.ALBUM, frames=(pictures.blocks(64, 48), pictures.blocks(48, 64))),
        *_list_turned(),
        *_list_sizes(),
        _make_still("metadata, stripped", Kind.DESCRIBED, described),
        _make_still("metadata, kept", Kind.DESCRIBED, described, options={"metadata": "keep"}),
        *_list_profiled(),
        _make_still("lossless", Kind.COLOUR, pictures.smooth(), options={"lossless": True}, needs="lossless"),
        # Its squares keep 8 pixels a side, so that encoders which halve the resolution of colour can hold them.
        _make_still("resized", Kind.ALPHA, pictures.soft_alpha(), options={"width": 64} | flat),
        _make_still("too wide", Kind.COLOUR, pictures.blocks(16_400, 2, side=64)),
    )  # fmt: skip
