"""PSD and PSB: the composite is read, the layers are not."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.losses import ChannelsDropped, DepthReduced, Loss
from engine.codecs.psd_blank import find_value, is_extreme, show_more
from engine.codecs.psd_planes import Plane, read_planes
from engine.codecs.registry import Codec
from engine.color import profiles
from engine.containers.psd import CHANNEL_KINDS, CLEAR_INDEX, SPOT, Mode, PsdFile, parse_psd
from engine.errors import decoding, unsupported
from engine.image import Frame, Opened
from engine.limits import check_pixels
from engine.pixels.gaps import describe_range, measure_samples
from engine.pixels.samples import ROWS, Floats
from engine.request import Limits

COLORS = {
    Mode.BITMAP: "1", Mode.GREY: "L", Mode.INDEXED: "P", Mode.RGB: "RGB", Mode.CMYK: "CMYK", Mode.DUOTONE: "L",
    Mode.LAB: "LAB",
}  # fmt: skip
"""Pillow's mode of each color mode, without alpha."""

PLATES = {1: "L", 3: "CMY", 4: "CMYK"}
"""What so many plates of a document in Multichannel are: that mode keeps the plates of CMYK and of RGB as inks."""

INKS = {"L": (), "CMY": (b"Cyan", b"Magenta", b"Yellow"), "CMYK": (b"Cyan", b"Magenta", b"Yellow", b"Black")}
"""The names of such plates. Others are of any color."""

TOLERANCE = 3
"""So much darker a composite may be by rounding."""

NO_COMPOSITE = "it was saved without its composite; in Photoshop, switch on Maximize Compatibility and save it again"


@dataclass(frozen=True, slots=True)
class Layout:
    """What the first planes are: `colors` as Pillow names them (CMY is without black), and alpha behind them or not."""

    colors: str
    alpha: bool

    @property
    def planes(self) -> int:
        """Return how many planes are read."""
        return len(self.colors) + self.alpha


def open_psd(data: bytes, limits: Limits) -> Opened:
    """Read the header of a PSD or PSB. Raise ConversionError when it is bad, over a limit, or has no picture."""
    file = parse_psd(data)
    width, height = file.size
    check_pixels(width * height, limits.max_pixels)
    layout = _choose_layout(file)
    return Opened(
        format="psd", size=file.size, pixels=width * height, metadata=file.metadata,
        read=partial(_read_frames, data, file, layout, limits), losses=_find_losses(file, layout),
        opaque=not layout.alpha and (file.mode is not Mode.INDEXED or CLEAR_INDEX not in file.resources),
    )  # fmt: skip


def _choose_layout(file: PsdFile) -> Layout:
    """Return what the planes are. Raise ConversionError when there are too few, or plates of unknown inks."""
    if file.mode is Mode.MULTICHANNEL:
        inks = PLATES.get(file.channels, "")
        if not inks or any(named != usual for named, usual in zip(file.names, INKS[inks], strict=False)):
            raise unsupported(
                "psd", f"it has {file.channels} plates of inks (Multichannel) and no picture made of them"
            )
        return Layout(inks, alpha=False)
    colors = COLORS[file.mode]
    bands = 1 if colors in {"1", "P"} else len(colors)
    if bands > file.channels:
        raise unsupported("psd", f"it has {file.channels} channels, too few for its colors")
    return Layout(colors, alpha=file.transparent and file.channels > bands and colors not in {"1", "P"})


def _find_losses(file: PsdFile, layout: Layout) -> tuple[Loss, ...]:
    """Return what the composite does not show: saved selections, spot plates, and the inks of a duotone."""
    kinds = file.resources.get(CHANNEL_KINDS, b"")[4 + 12 :: 13]
    extra = file.channels - layout.planes
    spots = min(extra, kinds[-extra:].count(SPOT)) if extra else 0
    counted = ((extra - spots, "saved selection"), (spots, "spot plate"))
    what = [f"{count} {word}{'s' * (count > 1)}" for count, word in counted if count]
    if file.mode is Mode.DUOTONE:
        what.append("the inks of a duotone")
    return (ChannelsDropped(what=", ".join(what)),) if what else ()


def _read_frames(data: bytes, file: PsdFile, layout: Layout, limits: Limits) -> Iterator[Frame]:
    with decoding("psd"):
        _check_composite(data, file, layout, limits)
        frame = _read_plain(data, file, layout) if layout.planes == 1 else _read_colors(data, file, layout)
    yield frame


def _check_composite(data: bytes, file: PsdFile, layout: Layout, limits: Limits) -> None:
    """Raise ConversionError when what is there is blank, and the file says that there is no composite.

    Some programs write one and say that there is none. Others say nothing: then the layers tell.
    """
    if file.merged or (file.merged is None and not file.layers):
        return
    planes = read_planes(data, file, layout.planes)
    if file.merged is None:
        is_missing = _is_blank(file, layout, planes, limits)
    else:
        is_missing = all(plane.min() == plane.max() for plane in planes)
    if is_missing:
        raise unsupported("psd", NO_COMPOSITE)


def _is_blank(file: PsdFile, layout: Layout, planes: Iterator[Plane], limits: Limits) -> bool:
    """Say whether a composite is blank and its layers are not. Planes are unpacked as long as they are blank."""
    colors, blank = len(layout.colors), None
    for band, plane in enumerate(planes):
        value = find_value(plane)
        if value is None or (band < colors and band and value != blank):
            return False
        blank = value if not band else blank
    return blank is not None and is_extreme(blank, file.depth) and show_more(file, blank, colors, limits)


def _read_plain(data: bytes, file: PsdFile, layout: Layout) -> Frame:
    """Read a composite of one plane."""
    make, (width, _) = partial(Frame, profile=file.profile, depth=max(8, file.depth)), file.size
    (plane,) = read_planes(data, file, 1)
    if layout.colors == "1":
        return Frame(Image.frombytes("1", file.size, plane.tobytes(), "raw", "1;I"))
    if file.depth == 16:
        return make(Image.fromarray(plane.astype(np.uint16)))
    if file.depth == 32:
        return make(Image.fromarray(plane.astype(np.float32)))
    image = Image.frombytes("L", file.size, plane[:, :width].tobytes())
    return make(_add_palette(image, file) if layout.colors == "P" else image)


def _add_palette(image: Image.Image, file: PsdFile) -> Image.Image:
    """Return palette indices with their colors, and clear where the file says so. Reds come first, then greens, blues."""
    colors = file.colors[:768].ljust(768, b"\0")
    image.putpalette(
        bytes(value for color in zip(colors[:256], colors[256:512], colors[512:], strict=True) for value in color)
    )
    clear = file.resources.get(CLEAR_INDEX, b"")
    if len(clear) == 2 and clear[0] == 0:
        image.info["transparency"] = clear[1]
    return image


def _read_colors(data: bytes, file: PsdFile, layout: Layout) -> Frame:
    """Read a composite of several planes, which become 8 bits."""
    low, high, losses = _find_range(data, file, layout)
    scale = 255 / (high - low)
    result = np.empty((*reversed(file.size), layout.planes), np.uint8)
    for band, plane in enumerate(read_planes(data, file, layout.planes)):
        is_alpha = band == len(layout.colors)
        _scale_plane(
            plane, result[:, :, band], 0.0 if is_alpha else low, 255.0 if is_alpha and file.depth == 32 else scale
        )
    image, profile = _join_planes(result, file, layout)
    return Frame(image, profile=profile, depth=max(8, file.depth), losses=losses)


def _find_range(data: bytes, file: PsdFile, layout: Layout) -> tuple[float, float, tuple[Loss, ...]]:
    """Return the values of black and white. Floats beyond 0 and 1 are stretched."""
    if file.depth < 32:
        return 0.0, float((1 << file.depth) - 1), ()
    planes = read_planes(data, file, len(layout.colors))
    measured = [measure_samples(plane, "psd") for plane in planes]
    low, high, gaps = (
        min(one.low for one in measured),
        max(one.high for one in measured),
        any(one.gaps for one in measured),
    )
    is_plain = low >= 0 and high <= 1
    why = describe_range(None if is_plain else (low, high), gaps=gaps)
    losses = (DepthReduced(depth=32, kept=8, why=why),) if why else ()
    return (0.0, 1.0, losses) if is_plain else (low, high if high > low else low + 1, losses)


def _scale_plane(plane: NDArray[np.generic], result: NDArray[np.uint8], low: float, scale: float) -> None:
    """Bring a plane to 8 bits, some rows at a time."""
    if plane.dtype == np.uint8:
        result[:] = plane
        return
    for start in range(0, len(plane), ROWS):
        values = plane[start : start + ROWS].astype(np.float32)
        rows = (np.where(np.isfinite(values), values, low) - low) * scale
        result[start : start + ROWS] = np.clip(rows + 0.5, 0, 255)


def _join_planes(result: NDArray[np.uint8], file: PsdFile, layout: Layout) -> tuple[Image.Image, bytes | None]:
    """Return the picture and the profile that it still needs. Inks with alpha become colors: no mode holds both."""
    if layout.colors in {"CMY", "CMYK"}:
        # 255 is no ink.
        inks = 255 - result[:, :, : len(layout.colors)]
        if layout.colors == "CMY":
            inks = np.dstack([inks, np.zeros(inks.shape[:2], np.uint8)])
        image = Image.fromarray(inks, "CMYK")
    elif layout.colors == "LAB":
        image = Image.merge("LAB", [Image.fromarray(result[:, :, band]) for band in range(3)])
    else:
        return _remove_white(result) if layout.alpha else Image.fromarray(result), file.profile
    if not layout.alpha:
        return image, file.profile
    colored = profiles.to_srgb(image, file.profile).image
    return _remove_white(np.dstack([np.asarray(colored), result[:, :, -1]])), None


def _remove_white(samples: NDArray[np.uint8]) -> Image.Image:
    """Take out the white below a composite with alpha, its last plane, in place.

    Photoshop lays the composite on white and keeps its alpha beside. Other programs do not: what is darker than
    white can be through that alpha was laid on nothing.
    """
    if any(_is_darker_than_white(samples[start : start + ROWS]) for start in range(0, len(samples), ROWS)):
        return Image.fromarray(samples)
    for start in range(0, len(samples), ROWS):
        rows = _divide_by_alpha(samples[start : start + ROWS].astype(np.float32))
        samples[start : start + ROWS] = np.clip(rows + 0.5, 0, 255)
    return Image.fromarray(samples)


def _is_darker_than_white(rows: NDArray[np.uint8]) -> bool:
    return bool((rows[:, :, :-1] < 255 - TOLERANCE - rows[:, :, -1:].astype(np.int16)).any())


def _divide_by_alpha(rows: Floats) -> Floats:
    share = rows[:, :, -1:] / 255
    rows[:, :, :-1] = (rows[:, :, :-1] - 255 * (1 - share)) / np.maximum(share, 1 / 255)
    return rows


CODEC = Codec(open=open_psd)
