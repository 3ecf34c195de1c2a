"""Transparency: flattened, made binary, and rid of hidden colors."""

from PIL import Image, ImageColor

WITH_ALPHA = frozenset({"LA", "RGBA"})


def has_transparency(image: Image.Image) -> bool:
    """Say whether any pixel is not fully opaque."""
    if image.mode not in WITH_ALPHA:
        return False
    low, _ = image.getchannel("A").getextrema()
    return isinstance(low, int | float) and low < 255


def has_soft_edges(image: Image.Image) -> bool:
    """Say whether any pixel is neither clear nor opaque."""
    return image.mode in WITH_ALPHA and any(image.getchannel("A").histogram()[1:255])


def mode_without_alpha(mode: str) -> str:
    """Return the same pixel mode without alpha."""
    return {"LA": "L", "RGBA": "RGB"}.get(mode, mode)


def flatten_alpha(image: Image.Image, background: str) -> Image.Image:
    """Lay LA or RGBA on `background` (#rrggbb). Return L or RGB, RGB when grey lies on a color."""
    red, green, blue = ImageColor.getrgb(background)[:3]
    if image.mode == "LA" and red == green == blue:
        base = Image.new("L", image.size, red)
        base.paste(image.getchannel("L"), mask=image.getchannel("A"))
        return base
    base = Image.new("RGB", image.size, (red, green, blue))
    colors = image if image.mode == "RGBA" else image.convert("RGBA")
    base.paste(colors.convert("RGB"), mask=colors.getchannel("A"))
    return base


def clear_hidden(image: Image.Image) -> None:
    """Make LA or RGBA black at alpha 0, in place.

    The hidden color is then gone, not only out of sight.
    """
    hidden = image.getchannel("A").point([255] + [0] * 255)
    if hidden.getbbox() is not None:
        image.paste((0,) * len(image.getbands()), mask=hidden)


def make_binary(image: Image.Image, background: str) -> Image.Image:
    """Make alpha on or off: half and more is opaque, laid on `background`. The rest is clear."""
    if not has_transparency(image):
        return image.convert(mode_without_alpha(image.mode))
    alpha = image.getchannel("A").point([0] * 128 + [255] * 128)
    flat = flatten_alpha(image, background)
    flat.putalpha(alpha)
    clear_hidden(flat)
    return flat
