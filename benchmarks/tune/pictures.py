"""The pictures for the encoders: two photographs, a drawing with text and a soft gradient."""

from pathlib import Path

import matplotlib as mpl
from PIL import Image, ImageDraw

from benchmarks.speed.photos import load_photos

SIDE = 768
LANDSCAPE = (1200, 900)
"""Encoders have other ways with pictures of 720 lines and more."""

CACHE = Path(__file__).parents[2] / "build" / "speed"


def load_pictures(folder: Path | None = None) -> dict[str, Image.Image]:
    """Return RGB pictures by name. A folder of your own replaces the set."""
    if folder is not None:
        return {path.stem: Image.open(path).convert("RGB") for path in sorted(folder.iterdir())}
    return {
        "portrait": load_portrait(),
        "landscape": make_landscape(),
        "drawing": make_drawing(),
        "gradient": make_gradient(),
    }


def make_landscape() -> Image.Image:
    """Return a photograph of nature from a Debian package, or a made one without the package."""
    photo = load_photos(CACHE)[0][0].image
    return photo.resize(LANDSCAPE, Image.Resampling.LANCZOS)


def load_portrait() -> Image.Image:
    """Return matplotlib's portrait (by the US Navy, public domain), resized so that the JPEG's blocks are gone."""
    path = Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    with Image.open(path) as image:
        return image.convert("RGB").resize((384, 450), Image.Resampling.LANCZOS)


def make_drawing() -> Image.Image:
    """Draw few colours, sharp edges, text."""
    image = Image.new("RGB", (SIDE, SIDE // 2), "white")
    pen = ImageDraw.Draw(image)
    for step in range(12):
        pen.rectangle((20 + step * 60, 30, 64 + step * 60, 30 + step * 20), fill=(20 * step, 90, 255 - 20 * step))
        pen.line((0, step * 32, SIDE, SIDE // 2 - step * 32), fill=(60, 60, 60), width=1)
        pen.text((30, 30 + step * 28), f"line {step}: what is small and dark must stay readable", fill="black")
    return image


def make_gradient() -> Image.Image:
    """Make a picture without edges: blocks and bands show first in it."""
    ramps = [Image.linear_gradient("L").rotate(turn).resize((SIDE, SIDE // 2)) for turn in (0, 90, 180)]
    return Image.merge("RGB", ramps)
