"""Files that people might drop: of eight formats, one of them broken, and one as long as a test wants."""

import io

import numpy as np
from PIL import Image

from conformance import images
from conformance.page.driving import Picture
from conformance.slow import slowed

BROKEN = "torn.jpg"


def make_ten() -> list[Picture]:
    """Ten files of eight formats; the one called BROKEN ends in the middle."""
    quarters = images.quarters()
    return [
        Picture("harbour.jpg", "image/jpeg", images.described_jpeg()),
        Picture("logo.png", "image/png", images.png_with_alpha()),
        Picture("dance.gif", "image/gif", images.animated_gif()),
        Picture("letter.webp", "image/webp", images.encoded(quarters, "WEBP")),
        Picture("scan.tiff", "image/tiff", images.tiff_pages()),
        Picture("paint.bmp", "image/bmp", images.encoded(quarters, "BMP")),
        Picture("phone.avif", "image/avif", images.encoded(quarters, "AVIF")),
        # Chromium shows no JPEG XL and names no type for it, so its row has no thumbnail.
        Picture("camera.jxl", "", images.encoded(quarters, "JXL")),
        Picture("Überraschung, ganz groß & bunt.png", "image/png", images.encoded(quarters, "PNG")),
        Picture(BROKEN, "image/jpeg", images.truncated_jpeg()),
    ]


def make_png(name: str, *, hold: float = 0) -> Picture:
    """A small PNG; the test's worker waits `hold` seconds before it converts it."""
    return Picture(name, "image/png", slowed(images.encoded(images.quarters(), "PNG"), hold))


def make_bitmap(name: str, megabytes: float) -> Picture:
    """A BMP of noise with about that many million bytes. Nothing on the line can pack it."""
    side = int((megabytes * 1e6 / 3) ** 0.5) // 4 * 4
    pixels = np.random.default_rng(7).integers(0, 256, (side, side, 3), dtype=np.uint8)
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "BMP")
    return Picture(name, "image/bmp", target.getvalue())
