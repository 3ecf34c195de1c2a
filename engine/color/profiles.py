"""Color by ICC profiles: to sRGB unless the profile is to be kept (LittleCMS through Pillow)."""

import io
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageChops, ImageCms

from engine.color.deep_color import make_grey_ramp, match_samples
from engine.pixels.deep import DeepImage, DeepSamples, Picture, make_grey16

MODES = {
    "RGB": "RGB", "RGBA": "RGB", "RGB;16": "RGB", "RGBA;16": "RGB", "L": "GRAY", "LA": "GRAY", "I;16": "GRAY",
    "LA;16": "GRAY", "CMYK": "CMYK", "LAB": "Lab",
}  # fmt: skip
"""Which color space of a profile belongs to a pixel mode."""

CLASSES = {
    b"link": "it is a device link, not a picture's profile",
    b"abst": "it is an abstract profile, not a picture's",
    b"nmcl": "it is a list of named colours, not a picture's profile",
}
"""What cannot describe a picture, by the class of the profile (ICC.1:2022, section 7.2.7)."""

ENDS: dict[str, tuple[str, tuple[int, ...], tuple[int, ...]]] = {
    "RGB": ("RGB", (255, 255, 255), (0, 0, 0)),
    "GRAY": ("L", (255,), (0,)),
    "CMYK": ("CMYK", (0, 0, 0, 0), (255, 255, 255, 255)),
}
"""Pillow's mode, white and black of each color space."""

DIMMEST_WHITE, BRIGHTEST_BLACK = 160, 96
"""How far white and black may be off in sRGB. Profiles of scanners and of old screens are, by a tint."""

GREYS = frozenset({"L", "LA", "I;16", "LA;16"})
"""Programs embed a profile for RGB in grey pictures too: its grey axis is then meant."""

FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION
INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC


@dataclass(frozen=True, slots=True)
class Matched:
    """Pixels in sRGB (or its grey). `ignored` says why a profile was not used, "" when it was or there was none."""

    pixels: Picture
    ignored: str = ""

    @property
    def image(self) -> Image.Image:
        """Return what has 8 bits as Pillow's image."""
        if isinstance(self.pixels, DeepImage):
            raise TypeError(self.pixels.mode)
        return self.pixels


def to_srgb(image: Picture, profile: bytes | None) -> Matched:
    """Bring L, LA, RGB, RGBA, I;16, CMYK, LAB or 16-bit color to sRGB.

    CMYK becomes RGB, grey stays grey, alpha stays as it is.
    """
    if isinstance(image, Image.Image) and image.mode == "LAB":
        return Matched(_apply_transform(_lab_transform(), image))
    if profile is None:
        return Matched(_assume_srgb(image))
    is_axis = image.mode in GREYS and _read_space(profile) == "RGB"
    if problem := _find_flaw(profile) if is_axis else find_problem(profile, image.mode):
        return Matched(_assume_srgb(image), problem)
    try:
        return Matched(_match_color(image, profile))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - LittleCMS and Pillow raise anything for a bad profile
        return Matched(_assume_srgb(image), "it is damaged")


def find_problem(profile: bytes, mode: str) -> str:
    """Say why a profile cannot describe pixels of that mode, "" when it can."""
    space = _read_space(profile)
    if space is not None and profile[12:16] not in CLASSES and space != MODES.get(mode):
        return f"it is for {space}, the image is {MODES.get(mode, mode)}"
    return _find_flaw(profile)


@lru_cache(maxsize=8)
def _find_flaw(profile: bytes) -> str:
    """Say why a profile can describe no pixels at all, "" when it can."""
    space = _read_space(profile)
    if space is None:
        return "it is damaged"
    if profile[12:16] in CLASSES:
        return CLASSES[profile[12:16]]
    return "" if space not in ENDS or _keeps_ends(profile, *ENDS[space]) else "it is damaged"


def _keeps_ends(profile: bytes, mode: str, white: tuple[int, ...], black: tuple[int, ...]) -> bool:
    """Say whether white comes out as light and black as dark. By a profile of zeros every picture would be black."""
    try:
        transform = _build_transform(profile, mode, "RGB")
        if transform is None:
            return True
        light, dark = (
            _apply_transform(transform, Image.new(mode, (1, 1), color)).tobytes() for color in (white, black)
        )
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - LittleCMS and Pillow raise anything for a bad profile
        return False
    return min(light) >= DIMMEST_WHITE and max(dark) <= BRIGHTEST_BLACK


@lru_cache(maxsize=8)
def _read_space(profile: bytes) -> str | None:
    """Return the profile's color space, None when it cannot be read."""
    try:
        return str(ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile.xcolor_space).strip()
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - LittleCMS and Pillow raise anything for a bad profile
        return None


def _assume_srgb(image: Picture) -> Picture:
    """Take RGB and grey without a profile as sRGB, and CMYK as ink on white paper."""
    return image.convert("RGB") if isinstance(image, Image.Image) and image.mode == "CMYK" else image


def _match_color(image: Picture, profile: bytes) -> Picture:
    if isinstance(image, DeepImage):
        return _match_deep(image, profile)
    if image.mode in {"L", "LA"}:
        return _match_grey(image, profile)
    if image.mode == "I;16":
        return make_grey16(_match_grey16(np.asarray(image, np.uint16), profile))
    result = "RGB" if image.mode == "CMYK" else image.mode
    transform = _build_transform(profile, image.mode, result)
    return image if transform is None else _apply_transform(transform, image)


def _match_deep(image: DeepImage, profile: bytes) -> DeepImage:
    if image.mode == "LA;16":
        image.samples[..., 0] = _match_grey16(image.samples[..., 0], profile)
    elif _build_transform(profile, "RGB", "RGB") is not None:
        match_samples(image.samples, profile, _srgb_profile().tobytes())
    return image


def _match_grey(image: Image.Image, profile: bytes) -> Image.Image:
    """Map the 256 greys by a table.

    LittleCMS would give color here.
    """
    table = list(_grey_ramp(profile))
    return image.point(table if image.mode == "L" else table + list(range(256)))


def _match_grey16(samples: DeepSamples, profile: bytes) -> DeepSamples:
    """Map 65,536 greys by a table. Nothing changes when the curve is sRGB's own."""
    if all(abs(value - grey) <= 1 for grey, value in enumerate(_grey_ramp(profile))):
        return samples
    return make_grey_ramp(profile, _srgb_profile().tobytes(), has_colors=_read_space(profile) == "RGB")[samples]


@lru_cache(maxsize=8)
def _grey_ramp(profile: bytes) -> bytes:
    """Return each of the 256 greys in sRGB, by a profile for grey or for RGB.

    At 8 bits LittleCMS makes a table of few steps, which is up to 10 of 255 beside a steep curve.
    """
    ramp = make_grey_ramp(profile, _srgb_profile().tobytes(), has_colors=_read_space(profile) == "RGB", levels=256)
    return bytes(np.round(ramp / 257).astype(np.uint8))


@lru_cache(maxsize=8)
def _build_transform(profile: bytes, mode: str, result: str) -> ImageCms.ImageCmsTransform | None:
    """Return the way to sRGB, None when the profile is sRGB in all but name.

    So no value moves by rounding.
    """
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    transform = ImageCms.buildTransform(source, _srgb_profile(), mode, result, INTENT, FLAGS)
    return None if mode != "CMYK" and _changes_nothing(transform, mode) else transform


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    levels = range(0, 256, 15)
    probe = Image.new("RGB", (len(levels) ** 2, len(levels)))
    probe.putdata([(red, green, blue) for red in levels for green in levels for blue in levels])
    seen = _apply_transform(transform, probe.convert(mode)).convert("RGB")
    return all(high <= 1 for _, high in ImageChops.difference(probe, seen).getextrema())  # type: ignore[misc]


@lru_cache(maxsize=1)
def _lab_transform() -> ImageCms.ImageCmsTransform:
    # LittleCMS's table of the way is up to 23 of 255 wrong where a color leaves sRGB; without it, it is half of one.
    return ImageCms.buildTransform(
        ImageCms.createProfile("LAB"), _srgb_profile(), "LAB", "RGB", INTENT, ImageCms.Flags.NOOPTIMIZE
    )


@lru_cache(maxsize=1)
def _srgb_profile() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _apply_transform(transform: ImageCms.ImageCmsTransform, image: Image.Image) -> Image.Image:
    changed = ImageCms.applyTransform(image, transform)
    if changed is None:
        raise ValueError("the transform gave no image")
    # Pillow notes the sRGB profile here, and encoders would write it, with its date of today.
    changed.info.clear()
    return changed
