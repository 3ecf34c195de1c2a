"""PDF, a target only: each page is a JPEG."""

from core.options import HIGH_QUALITY, Options
from engine.codecs.registry import Codec, Encoder
from engine.codecs.save_settings import SaveSettings, choose_dpi, choose_subsampling, without_none
from engine.codecs.sequences import write_pages


def _choose_settings(options: Options) -> SaveSettings:
    """Choose the save parameters. A page without a resolution is printed at 72 dpi, as PDF counts."""
    made = {"creationDate": None, "modDate": None, "title": None}
    return (
        made
        | {"quality": options.quality or HIGH_QUALITY}
        | without_none(
            dpi=choose_dpi(options), subsampling=choose_subsampling(options) if options.subsampling else None
        )
    )


CODEC = Codec(encoder=Encoder(pillow="PDF", settings=_choose_settings, write_all=write_pages))
