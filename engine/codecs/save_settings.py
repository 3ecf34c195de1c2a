"""Save parameters: their type, and those of several encoders."""

from core.options import Options
from engine.metadata import Metadata

SaveSettings = dict[str, object]
"""Save parameters by their names. What their values mean is known to the encoder alone."""


def without_none(**values: object) -> SaveSettings:
    """Return the parameters with a value."""
    return {name: value for name, value in values.items() if value is not None}


def choose_dpi(options: Options) -> tuple[int, int] | None:
    """Return the requested resolution."""
    return (options.dpi, options.dpi) if options.dpi else None


def choose_subsampling(options: Options) -> str | None:
    """Return the resolution of color as `4:4:4`, in full if a high quality is requested, None for the encoder's own."""
    if options.subsampling is not None:
        return ":".join(options.subsampling)
    return "4:4:4" if options.has_full_chroma else None


def attach_marked(metadata: Metadata) -> SaveSettings:
    """Return EXIF and XMP under the names of most encoders."""
    return without_none(exif=metadata.exif or None, xmp=metadata.xmp or None)
