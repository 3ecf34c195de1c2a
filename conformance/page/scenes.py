"""Pictures for pictures: drawn landscapes, so that the documentation shows no one's photograph."""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from conformance import images
from conformance.page.driving import Picture
from conformance.slow import slowed


def draw_landscape(seed: int, size: tuple[int, int] = (1600, 1067)) -> Image.Image:
    """Hills before an evening sky; another seed, another evening."""
    random = np.random.default_rng(seed)
    width, height = size
    top, bottom = random.integers(40, 120, 3), random.integers(170, 256, 3)
    share = np.linspace(0, 1, height)[:, None, None] ** 0.8
    image = Image.fromarray(np.broadcast_to(top + share * (bottom - top), (height, width, 3)).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    x, y = int(random.integers(width // 5, width * 4 // 5)), int(random.integers(height // 5, height // 2))
    draw.ellipse((x - 70, y - 70, x + 70, y + 70), fill=(255, 244, 214))
    across = np.arange(width)
    for depth in range(5):
        waves = sum(np.sin(across / width * f + random.uniform(0, 6)) / f for f in random.uniform(3, 25, 6))
        edge = height * (0.45 + 0.12 * depth) + height * 0.22 * waves
        color = tuple(int(c) for c in bottom * (0.62 - 0.12 * depth))
        draw.polygon([(0, height), *zip(across.tolist(), edge.tolist(), strict=True), (width, height)], fill=color)
    return _add_grain(image.filter(ImageFilter.GaussianBlur(1)), random)


def _add_grain(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """Add what a sensor adds, so that sizes are those of photographs."""
    grain = random.normal(0, 3, (image.height, image.width, 1))
    return Image.fromarray(np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8))


def make_photo(name: str, seed: int, kind: str = "JPEG", *, hold: float = 0) -> Picture:
    media = {"JPEG": "image/jpeg", "PNG": "image/png", "TIFF": "image/tiff", "BMP": "image/bmp"}[kind]
    settings = {"quality": 95} if kind == "JPEG" else {}
    return Picture(name, media, slowed(images.encoded(draw_landscape(seed), kind, **settings), hold))


def make_torn_photo(name: str) -> Picture:
    whole = make_photo(name, 9)
    return whole._replace(data=whole.data[: len(whole.data) // 2])


def make_logo(name: str) -> Picture:
    """A disc with soft edges on nothing."""
    image = Image.new("RGBA", (640, 640))
    ImageDraw.Draw(image).ellipse((60, 60, 580, 580), fill=(11, 110, 79, 255))
    ImageDraw.Draw(image).polygon([(160, 440), (290, 250), (370, 360), (420, 300), (500, 440)], fill="white")
    target = io.BytesIO()
    image.filter(ImageFilter.GaussianBlur(1)).save(target, "PNG")
    return Picture(name, "image/png", target.getvalue())


def make_film(name: str) -> Picture:
    frames = [draw_landscape(5, (480, 320)).rotate(turn) for turn in (0, 4, 8, 4)]
    target = io.BytesIO()
    frames[0].save(target, "GIF", save_all=True, append_images=frames[1:], duration=120, loop=0)
    return Picture(name, "image/gif", target.getvalue())
