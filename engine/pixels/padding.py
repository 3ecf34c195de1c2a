"""A border around a picture, clear or of one color."""

from PIL import Image, ImageColor

from engine.pixels.deep import FULL, DeepImage, Picture

CLEAR = {"L": "LA", "RGB": "RGBA"}
"""The mode with alpha of each without."""


def is_grey(color: str) -> bool:
    """Return whether a color (#rrggbb) is a grey."""
    return len(set(ImageColor.getrgb(color)[:3])) == 1


def pad_picture(image: Picture, canvas: tuple[int, int], color: str | None, *, is_profiled: bool) -> Picture:
    """Return the picture in the middle of a canvas of that size and color (#rrggbb), None for clear.

    `image` is L, LA, RGB, RGBA, I;16, CMYK or 16-bit color and no larger than the canvas. Grey on a color becomes color,
    unless its profile would no longer be right. CMYK has no alpha; its clear border is white.
    """
    if isinstance(image, DeepImage):
        return _pad_deep(image, canvas, color, is_profiled=is_profiled)
    return _pad_image(image, canvas, color, is_profiled=is_profiled)


def _pad_deep(image: DeepImage, canvas: tuple[int, int], color: str | None, *, is_profiled: bool) -> DeepImage:
    if color is None:
        image = image.with_alpha()
        return image.pad(canvas, (0,) * image.samples.shape[2])
    if not is_grey(color) and not is_profiled:
        image = image.with_colors()
    value = _express_color(color, image.mode.removesuffix(";16"))
    return image.pad(canvas, tuple(part * (FULL // 255) for part in (value if isinstance(value, tuple) else (value,))))


def _pad_image(image: Image.Image, canvas: tuple[int, int], color: str | None, *, is_profiled: bool) -> Image.Image:
    if color is None:
        image = image.convert(CLEAR.get(image.mode, image.mode))
    elif image.mode in {"L", "LA"} and not is_grey(color) and not is_profiled:
        image = image.convert({"L": "RGB", "LA": "RGBA"}[image.mode])
    padded = Image.new(image.mode, canvas, _express_color(color, image.mode))
    padded.paste(image, ((canvas[0] - image.width) // 2, (canvas[1] - image.height) // 2))
    return padded


def _express_color(color: str | None, mode: str) -> int | tuple[int, ...]:
    if color is None:
        return (0,) * len(mode) if mode in {"LA", "RGBA"} else 0
    red, green, blue = ImageColor.getrgb(color)[:3]
    if mode == "I;16":
        return red * (FULL // 255)
    pixel = Image.new("RGBA", (1, 1), (red, green, blue, 255)).convert("RGB" if mode == "CMYK" else mode)
    value = (pixel.convert(mode) if mode == "CMYK" else pixel).getpixel((0, 0))
    if value is None or isinstance(value, float):
        raise TypeError(mode)
    return value
