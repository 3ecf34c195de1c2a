"""The uploads: each picture has a colour of its own, so that a result of another job is told apart."""

from functools import lru_cache
from io import BytesIO

from PIL import Image

from conformance.slow import slowed

SIDE = 16
TARGETS = ("png", "bmp", "tiff", "webp")
"""Each can hold the colour exactly (WebP when it is lossless)."""


def color_of(number: int) -> tuple[int, int, int]:
    return number * 7 % 256, number // 37 % 256, number * 31 % 251


@lru_cache(maxsize=512)
def plain_picture(number: int, side: int = SIDE) -> bytes:
    out = BytesIO()
    Image.new("RGB", (side, side), color_of(number)).save(out, "PNG")
    return out.getvalue()


def make_upload(number: int, hold: float, side: int = SIDE) -> bytes:
    return slowed(plain_picture(number, side), hold)


@lru_cache(maxsize=4)
def noise(megabytes: float) -> Image.Image:
    side = int((megabytes * 1e6 / 3) ** 0.5)
    return Image.effect_noise((side, side), 80).convert("RGB")


def noisy_picture(number: int, megabytes: float) -> bytes:
    """A picture that cannot be packed, of about this size."""
    out, image = BytesIO(), noise(megabytes).copy()
    image.putpixel((0, 0), color_of(number))
    image.save(out, "BMP")
    return out.getvalue()


def is_own_result(number: int, data: bytes) -> bool:
    with Image.open(BytesIO(data)) as image:
        return image.convert("RGB").getpixel((0, 0)) == color_of(number)
