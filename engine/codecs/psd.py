"""PSD: its composite is read, its layers are not."""

import numpy as np
from PIL import Image

from engine.codecs.pillow import drop_alpha, open_image
from engine.codecs.registry import Codec
from engine.containers import photoshop
from engine.image import Frame, Opened
from engine.pixels.samples import Floats, eight_bits_by_rows
from engine.request import Limits


def open_psd(data: bytes, limits: Limits) -> Opened:
    """Read the header of a PSD."""
    file = photoshop.parse_psd(data)

    def make_frame(image: Image.Image) -> Frame:
        flat = image if image.mode != "RGBA" else _remove_white(image) if file.transparent else drop_alpha(image)
        return Frame(flat, profile=image.info.get("icc_profile") or None)

    return open_image("psd", data, limits, make_frame, file.metadata)


def _remove_white(image: Image.Image) -> Image.Image:
    """Take out the white below a composite with alpha.

    Photoshop lays the composite on white and keeps its alpha beside.
    """
    return Image.fromarray(eight_bits_by_rows(np.asarray(image), _divide_by_alpha))


def _divide_by_alpha(rows: Floats) -> Floats:
    share = rows[:, :, 3:] / 255
    rows[:, :, :3] = (rows[:, :, :3] - 255 * (1 - share)) / np.maximum(share, 1 / 255)
    return rows


CODEC = Codec(open=open_psd)
