"""Save parameters: their type, and those of several encoders."""

from typing import TypeVar

from core.options import HIGH_QUALITY, Options
from engine.metadata import Metadata

SaveSettings = dict[str, object]
"""Save parameters by their names. What their values mean is known to the encoder alone."""

Word = TypeVar("Word", str, int)


def without_none(**values: object) -> SaveSettings:
    """Return the parameters with a value."""
    return {name: value for name, value in values.items() if value is not None}


def choose_dpi(options: Options) -> tuple[int, int] | None:
    """Return the requested resolution."""
    return (options.dpi, options.dpi) if options.dpi else None


def choose_subsampling(options: Options, name: Word) -> Word | None:
    """Return `name`, the encoder's word for 4:4:4, if a high quality is requested."""
    return name if options.quality is not None and options.quality >= HIGH_QUALITY else None


def attach_marked(metadata: Metadata) -> SaveSettings:
    """Return EXIF and XMP under the names of most encoders."""
    return without_none(exif=metadata.exif or None, xmp=metadata.xmp or None)
