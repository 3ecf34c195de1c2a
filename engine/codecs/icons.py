"""The common part of ICO and ICNS: the picture inside of them, and square PNGs with the picture in the middle."""

import io

from PIL import Image

from core.losses import ResizedToLimit
from engine.codecs.pillow import open_image
from engine.codecs.plan import WritePlan
from engine.codecs.registry import open_source
from engine.containers.icons import Icon
from engine.image import Frame, Opened
from engine.limits import check_pixels
from engine.pixels.alpha import drop_alpha
from engine.request import Limits


def open_icon(name: str, icon: Icon, limits: Limits, *, held: tuple[str, ...]) -> Opened:
    """Read the header of an icon's picture.

    It is a file of one of the `held` formats, or a block of the icon's own kind.
    """
    if icon.kind in held:
        opened = open_source(icon.kind, icon.data, limits).with_one_frame()
    else:
        check_pixels(icon.size[0] * icon.size[1], limits.max_pixels)
        opened = open_image(name, icon.data, limits, lambda image: Frame(_settle_alpha(image, icon)))
    return opened.with_format(name)


def _settle_alpha(image: Image.Image, icon: Icon) -> Image.Image:
    """Return a bitmap whose alpha is 0 throughout with the alpha of its mask. Old programs leave the fourth byte empty."""
    if icon.kind != "ico" or image.mode != "RGBA" or image.getchannel("A").getbbox() is not None:
        return image
    if not icon.mask:
        return drop_alpha(image)
    stride = len(icon.mask) // image.height
    image.putalpha(Image.frombytes("1", image.size, icon.mask, "raw", "1;I", stride, -1).convert("L"))
    return image


def choose_sides(image: Image.Image, plan: WritePlan, known: tuple[int, ...], title: str) -> list[int]:
    """Return the requested sides, else the known ones that the picture fills, at least one. Warn if it fills more."""
    if plan.options.sides:
        return list(plan.options.sides)
    sides = [side for side in known if side <= max(image.size)] or [known[0]]
    if sides[-1] < max(image.size):
        plan.warn(ResizedToLimit(format=title, limit=sides[-1]))
    return sides


def png_square(image: Image.Image, side: int) -> bytes:
    """Return the picture as a PNG of that side."""
    scale = min(1.0, side / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    picture = image.convert("RGBA")
    if size != image.size:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    square = Image.new("RGBA", (side, side))
    square.paste(picture, ((side - size[0]) // 2, (side - size[1]) // 2))
    buffer = io.BytesIO()
    square.save(buffer, "PNG")
    return buffer.getvalue()
