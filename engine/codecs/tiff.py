"""TIFF and BigTIFF: read by tiff_reading, written by tiff_writing."""

from engine.codecs import tiff_decoding, tiff_deep
from engine.codecs.registry import Codec, Encoder
from engine.codecs.tiff_reading import open_tiff
from engine.codecs.tiff_writing import attach_metadata, choose_settings, write_pages, write_still


def prepare() -> None:
    """Load what tifffile and imagecodecs load late."""
    tiff_decoding.prepare()
    tiff_deep.prepare()


CODEC = Codec(
    open=open_tiff,
    encoder=Encoder(
        pillow="TIFF", settings=choose_settings, attach=attach_metadata, write_still=write_still, write_all=write_pages,
    ),
    prepare=prepare,
)  # fmt: skip
