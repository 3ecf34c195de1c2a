"""Memory that each format takes to read and to write, known without its codec: the supervisor of the sandbox reads it.

The factors are measured (`python -m benchmarks.bench.memory` prints them) as address space, because the limit of a
child counts that, on images like photographs with grain.

A format that is not in MEASURED gets the largest factors of all that are. So a new format needs nothing here: a
forecast that is too high makes a job wait for memory that it does not use, and one that is too low makes it begin
again.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple

from core.formats import Format
from core.options import Options
from engine.request import Header, Limits

MB = 1 << 20

ROOM = 64 * MB
"""Bytes that a conversion takes whatever the picture."""

MARGIN = 1.2
"""Factor on the measured figures."""

SAVERS = {
    "effort": "give a lower effort", "quality": "give a lower quality", "lossless": "leave lossless out",
    "progressive": "leave progressive out",
}  # fmt: skip
"""How to save the memory that an encoder may take for an option."""


class Factor(NamedTuple):
    """Bytes for each pixel, of opaque images and of those with transparency."""

    opaque: float
    alpha: float

    def of(self, header: Header) -> float:
        """Return the factor of an image with that header."""
        return self.alpha if header.alpha else self.opaque


NOTHING = Factor(0.0, 0.0)


class Demand(NamedTuple):
    """Options that make an encoder take more, and its factor with them."""

    is_made: Callable[[Options], bool]
    factor: Factor


class Tiled(NamedTuple):
    """The highest effort at which an encoder works on large images in tiles, and its memory up to there.

    `factor` is in bytes for each pixel, `besides` in bytes.
    """

    effort: int
    factor: Factor
    besides: Factor


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Memory of one format, in bytes for each pixel.

    `read` and `write` include the image; `read_deep` and `write_deep` are those of color of 16 bits, where it is read or
    written as such. A decoder allocates `opened` when it is opened, before the header can be told.
    The others are for animations. `read_animation` is for reading a frame while the encoder still holds the previous
    one; it is used if larger than `read`. `lookahead` is for the frames that an encoder looks ahead. An encoder keeps
    `every_frame` until the end for each frame but the first.
    """

    read: Factor = NOTHING
    write: Factor = NOTHING
    read_deep: Factor = NOTHING
    write_deep: Factor = NOTHING
    opened: float = 0.0
    read_animation: float = 0.0
    lookahead: float = 0.0
    every_frame: float = 0.0
    demands: tuple[Demand, ...] = ()
    tiled: tuple[Tiled, ...] = ()

    def reading(self, header: Header) -> Factor:
        """Return the factor of reading an image with that header."""
        return self.read_deep if header.deep and self.read_deep != NOTHING else self.read

    def writes_deep(self, header: Header) -> bool:
        """Say whether 16 bits of color are written as such."""
        return header.deep and self.write_deep != NOTHING

    def writing_with(self, options: Options) -> Factor:
        """Return the factor of writing 8 bits with those options."""
        return next((demand.factor for demand in self.demands if demand.is_made(options)), self.write)

    def forecast_writing(self, options: Options, header: Header) -> float:
        """Return the bytes for writing a picture with those options."""
        if self.writes_deep(header):
            return self.write_deep.of(header) * header.target_area
        whole = self.writing_with(options).of(header) * header.target_area
        for effort, factor, besides in self.tiled:
            if (options.effort or 0) <= effort:
                return min(whole, factor.of(header) * header.target_area + besides.of(header))
        return whole


def _is_high(options: Options) -> bool:
    return options.has_full_chroma


def _is_slow_or_high(options: Options) -> bool:
    return (options.effort or 0) > 4 or _is_high(options)


def _is_slow(options: Options) -> bool:
    return (options.effort or 0) > 7


def _is_slow_and_lossless(options: Options) -> bool:
    return _is_slow(options) and options.lossless


FIRST_PIECES = Factor(240 * MB, 275 * MB)

MEASURED: dict[str, Memory] = {
    "jpeg": Memory(
        read=Factor(10.0, 10.0), write=Factor(5.3, 13.4),
        demands=(Demand(lambda options: bool(options.progressive), Factor(12.0, 13.4)),),
    ),
    "png": Memory(
        read=Factor(5.3, 13.4), write=Factor(4.0, 6.7), read_animation=23.0, lookahead=38.0, every_frame=1.2,
        read_deep=Factor(14.0, 21.4), write_deep=Factor(17.7, 22.3),
    ),
    "webp": Memory(
        read=Factor(17.8, 17.8), write=Factor(14.9, 35.3), opened=8.0, read_animation=21.0, lookahead=48.0, every_frame=2.0,
        demands=(Demand(lambda options: bool(options.lossless), Factor(44.8, 44.8)),),
    ),
    "gif": Memory(read=Factor(17.5, 18.9), write=Factor(26.6, 26.6), lookahead=38.0),
    "tiff": Memory(
        read=Factor(5.3, 13.4), write=Factor(6.1, 8.0), read_deep=Factor(20.0, 27.0), write_deep=Factor(10.9, 13.6),
    ),
    "bmp": Memory(read=Factor(7.1, 13.1), write=Factor(5.3, 13.4)),
    "avif": Memory(
        read=Factor(10.2, 14.0), write=Factor(34.0, 36.1), read_animation=22.0, lookahead=84.0, every_frame=3.3,
        demands=(Demand(_is_slow_or_high, Factor(54.0, 56.0)),),
    ),
    "heic": Memory(
        read=Factor(13.3, 18.4), write=Factor(24.8, 39.8), demands=(Demand(_is_high, Factor(43.3, 55.8)),),
    ),
    "jxl": Memory(
        read=Factor(10.5, 35.2), write=Factor(68.0, 86.6), read_animation=60.0, read_deep=Factor(17.9, 39.7),
        write_deep=Factor(84.0, 121.3),
        demands=(
            Demand(_is_slow_and_lossless, Factor(95.0, 125.0)), Demand(_is_slow, Factor(290.0, 310.0)),
        ),
        tiled=(Tiled(4, Factor(12.3, 13.0), FIRST_PIECES), Tiled(7, Factor(17.0, 20.4), FIRST_PIECES)),
    ),
    "jp2": Memory(
        read=Factor(22.6, 28.3), write=Factor(50.2, 66.6), read_deep=Factor(23.2, 28.8), write_deep=Factor(53.0, 70.1),
    ),
    "ico": Memory(read=Factor(5.3, 13.4), write=Factor(5.3, 9.3)),
    "icns": Memory(read=Factor(22.6, 28.3), write=Factor(4.6, 10.7)),
    "ppm": Memory(
        read=Factor(6.8, 6.8), write=Factor(4.0, 13.4), read_deep=Factor(14.0, 14.0), write_deep=Factor(6.0, 14.0),
    ),
    "pcx": Memory(read=Factor(4.2, 4.2), write=Factor(5.3, 13.4)),
    "dds": Memory(read=Factor(7.1, 13.1), write=Factor(5.3, 13.6)),
    "psd": Memory(read=Factor(6.7, 13.3)),
    "qoi": Memory(read=Factor(6.6, 13.1), write=Factor(14.0, 16.4)),
    "pdf": Memory(write=Factor(5.3, 13.4)),
    "sgi": Memory(read=Factor(6.0, 13.4), write=Factor(8.0, 10.3)),
    "tga": Memory(read=Factor(8.3, 13.4), write=Factor(5.3, 6.7)),
}  # fmt: skip


def _merge_largest(factors: Iterable[Factor]) -> Factor:
    return Factor(*(max(values) for values in zip(*factors, strict=True)))


UNMEASURED = Memory(
    read=_merge_largest(memory.read for memory in MEASURED.values()),
    write=_merge_largest(memory.write for memory in MEASURED.values()),
    read_deep=_merge_largest(memory.read_deep for memory in MEASURED.values()),
    write_deep=_merge_largest(memory.write_deep for memory in MEASURED.values()),
    opened=max(memory.opened for memory in MEASURED.values()),
    read_animation=max(memory.read_animation for memory in MEASURED.values()),
    lookahead=max(memory.lookahead for memory in MEASURED.values()),
    every_frame=max(memory.every_frame for memory in MEASURED.values()),
    demands=tuple(
        sorted(
            (demand for memory in MEASURED.values() for demand in memory.demands), key=lambda one: -one.factor.opaque
        )
    ),
)
"""For a format whose factors nobody has measured yet."""


def memory_of(name: str) -> Memory:
    """Return the memory of that format, or UNMEASURED."""
    return MEASURED.get(name, UNMEASURED)


def bound_effort(name: str, options: Options, header: Header, limits: Limits) -> Options:
    """Return the options with the highest effort, up to the one asked for, that a job's memory can hold.

    Only encoders that work in tiles at lower efforts take less there. The result is a little larger, and no worse.
    """
    memory = memory_of(name)
    efforts = [tiled.effort for tiled in reversed(memory.tiled) if tiled.effort < (options.effort or 0)]
    for effort in (options.effort, *efforts):
        bounded = replace(options, effort=effort)
        if ROOM + MARGIN * memory.forecast_writing(bounded, header) <= limits.memory_bytes:
            return bounded
    return replace(options, effort=efforts[-1]) if efforts else options


def advise_cheaper(name: str, options: Options) -> str:
    """Return words that go on after advice: which of the options to change to save memory, "" for none."""
    memory = memory_of(name)
    cost = memory.writing_with(options).opaque
    given = [option for option in SAVERS if _without(options, [option]) != options]
    alone = [option for option in given if memory.writing_with(_without(options, [option])).opaque < cost]
    together = given if memory.writing_with(_without(options, given)).opaque < cost else []
    tiles = ["effort"] if any((options.effort or 0) > tiled.effort for tiled in memory.tiled) else []
    chosen = alone or together or tiles
    return f", or {' and '.join(SAVERS[option] for option in chosen)}" if chosen else ""


def _without(options: Options, names: Iterable[str]) -> Options:
    """Return the options with the defaults of those names."""
    values, defaults = asdict(options), asdict(Options())
    return Options.of(values | {name: defaults[name] for name in names})


def wrong_factors(formats: Iterable[Format]) -> str:
    """Return one sentence about factors that do not fit the formats, "" when all fit."""
    rows = {fmt.name: fmt for fmt in formats}
    for name, memory in MEASURED.items():
        if name not in rows:
            return f"engine/capabilities.py has memory factors of `{name}`, but core.formats has no such row."
        for part, wanted in (("read", rows[name].reads), ("write", rows[name].writes)):
            if wanted and not all(getattr(memory, part)):
                return f"{rows[name].title}: its memory factors in engine/capabilities.py lack `{part}`."
    return ""
