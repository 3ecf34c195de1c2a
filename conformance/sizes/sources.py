"""Films and stills like those that people have, each made here. GIFs are finished by ffmpeg and gifsicle, as theirs are."""

import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from conformance.images import encoded
from conformance.matrix.reference import run

Frames = list[Image.Image]
CODE = "def {}(a, b): return [a + b for c in d if e == f]"


def screen() -> Frames:
    """Text that is typed, with a caret that blinks far from it."""
    picked = random.Random(1)  # noqa: S311 - pixels, no secrets
    lines = ["".join(picked.choice(CODE) for _ in range(60)) for _ in range(20)]
    frames = []
    for index in range(40):
        image = Image.new("RGB", (640, 400), (30, 30, 46))
        draw = ImageDraw.Draw(image)
        for row in range(1 + index // 2):
            text = lines[row] if row < index // 2 else lines[row][: 30 * (index % 2 + 1)]
            draw.text((10, 10 + 16 * row), text, fill=((200, 200, 220), (240, 140, 120), (120, 220, 160))[row % 3])
        if index % 2:
            draw.rectangle((620, 380, 628, 394), fill=(255, 255, 255))
        frames.append(image)
    return frames


def cartoon() -> Frames:
    """A ball that bounces, with soft edges, over flat ground."""
    frames = []
    for index in range(24):
        image = Image.new("RGB", (640, 480), (120, 200, 250))
        draw = ImageDraw.Draw(image)
        draw.rectangle((0, 360, 640, 480), fill=(80, 160, 60))
        x, y = 40 + index * 20, 240 + int(60 * math.sin(index / 3))
        draw.ellipse((x, y, x + 120, y + 120), fill=(240, 200, 40), outline=(60, 40, 20), width=6)
        frames.append(image.resize((320, 240), Image.Resampling.BOX))
    return frames


def sticker() -> Frames:
    """A disc on its round, on a clear ground: what it leaves becomes clear again."""
    frames = []
    for index in range(20):
        image = Image.new("RGBA", (256, 256), (0, 0, 0, 0))
        turn = index / 20 * 2 * math.pi
        x, y = 128 + 60 * math.cos(turn), 128 + 60 * math.sin(turn)
        draw = ImageDraw.Draw(image)
        draw.ellipse((x - 50, y - 50, x + 50, y + 50), fill=(250, 120, 40, 255), outline=(80, 30, 0, 255), width=5)
        frames.append(image)
    return frames


def photographs(count: int = 10) -> Frames:
    """A picture with grain, of which every pixel changes."""
    grain = np.random.default_rng(1)
    rows, columns = np.mgrid[0:240, 0:320]
    base = np.stack([np.sin(columns / 23 + rows / 31), np.sin(columns / 41 - rows / 17), np.cos(columns / 13)], -1)
    return [
        Image.fromarray(np.clip(np.roll(128 + 70 * base, 4 * n, 1) + grain.normal(0, 5, base.shape), 0, 255).astype(np.uint8))
        for n in range(count)
    ]  # fmt: skip


def scan() -> Image.Image:
    """A page of text, black and white, A4 at 200 dpi."""
    page = Image.new("1", (1654, 2339), 1)
    draw = ImageDraw.Draw(page)
    for row in range(90):
        draw.text((120, 120 + 23 * row), (CODE * 3)[row % 40 :][:110], fill=0, font_size=18)
    return page


def write_apng(path: Path, frames: Frames) -> None:
    path.write_bytes(encoded(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=80, blend=0))


def write_gif(path: Path, frames: Frames) -> None:
    """Write a GIF as ffmpeg does it with a palette for the film."""
    film = path.with_suffix(".made.png")
    write_apng(film, frames)
    graph = "split[a][b];[a]palettegen[p];[b][p]paletteuse"
    run("ffmpeg", "-v", "error", "-y", "-i", str(film), "-filter_complex", graph, str(path))


def write_disposing(path: Path) -> None:
    """Write a GIF whose frames clear and restore, as gifsicle optimizes one with clear parts."""
    frames = [frame.quantize(64) for frame in sticker()]
    plain = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=80, disposal=2, loop=0)
    path.write_bytes(plain)
    run("gifsicle", "-O3", "--batch", str(path))


def write_still(path: Path, image: Image.Image, settings: dict[str, Any]) -> None:
    image.save(path, **settings)


SOURCES: dict[str, Callable[[Path], None]] = {
    "screen.gif": lambda path: write_gif(path, screen()),
    "cartoon.gif": lambda path: write_gif(path, cartoon()),
    "sticker.gif": lambda path: write_gif(path, sticker()),
    "disposing.gif": write_disposing,
    "photographs.gif": lambda path: write_gif(path, photographs()),
    "screen.apng": lambda path: write_apng(path, screen()),
    "photographs.apng": lambda path: write_apng(path, photographs()),
    "scan.tiff": lambda path: write_still(path, scan(), {"compression": "group4", "dpi": (200, 200)}),
    "scan.png": lambda path: write_still(path, scan(), {}),
    "screenshot.png": lambda path: write_still(path, screen()[-1].quantize(64), {"optimize": True}),
    "photograph.jpg": lambda path: write_still(path, photographs(1)[0], {"quality": 90}),
}
"""How each is made, by its name."""
