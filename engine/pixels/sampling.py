"""A sample of a picture's rows, to judge by at little cost."""

from PIL import Image

PIXELS, BANDS = 100_000, 8
"""Pixels of a sample, and its bands over the picture's height."""


def sample_rows(image: Image.Image) -> Image.Image:
    """Return whole rows of a picture, or the picture if it is small.

    How far apart repeats are depends on the width.
    """
    rows = max(1, PIXELS // BANDS // image.width)
    if rows * BANDS >= image.height:
        return image
    sample = Image.new(image.mode, (image.width, rows * BANDS))
    if palette := image.getpalette():
        sample.putpalette(palette)
    for band in range(BANDS):
        top = band * (image.height - rows) // (BANDS - 1)
        sample.paste(image.crop((0, top, image.width, top + rows)), (0, band * rows))
    return sample
