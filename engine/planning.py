"""Plan the writing of a result: whether there is time for it, the encoder's settings, the metadata to be kept."""

from dataclasses import replace

from core.losses import MetadataDropped
from core.options import Options
from engine.capabilities import bound_effort
from engine.codecs.plan import WritePlan
from engine.containers.xmp import strip_extras
from engine.conversion import Conversion
from engine.credits import keep_credits
from engine.exif_resolution import match_resolution
from engine.image import FrameKind
from engine.limits import check_cost
from engine.metadata import Metadata, name_parts, strip_exif_orientation
from engine.request import Header


def make_plan(conversion: Conversion, options: Options) -> WritePlan:
    """Return the settings of the target's encoder by those options, metadata included, and facts of the picture."""
    options = bound_effort(conversion.target.name, options, make_header(conversion), conversion.request.limits)
    settings = later = conversion.encoder.settings(options)
    if "dpi" in conversion.target.options and "dpi" not in settings and conversion.dpi is not None:
        settings = settings | {"dpi": conversion.dpi}
        # A page without a resolution of its own does not take that of the first.
        later = later if conversion.opened.kind is FrameKind.PAGES else settings
    metadata = _choose_metadata(conversion)
    return WritePlan(
        pillow=conversion.encoder.pillow,
        settings=settings | conversion.encoder.attach(metadata),
        later_settings=later,
        metadata=metadata,
        options=options,
        size=conversion.size,
        frames=conversion.count,
        loop_count=_choose_loop_count(conversion),
        warn=conversion.warn,
        withdraw=conversion.withdraw,
    )


def make_header(conversion: Conversion) -> Header:
    """Return the facts for the forecast of memory."""
    (width, height), (target_width, target_height) = conversion.opened.size, conversion.size
    source, target = width * height, target_width * target_height
    if conversion.opened.kind is FrameKind.PAGES and (conversion.count > 1 or conversion.options.page is not None):
        # Pages have sizes of their own: one may have nearly all of the pixels.
        source, target = conversion.opened.pixels, max(conversion.opened.pixels, target)
    return Header(
        source_area=source, target_area=target, frames=conversion.count,
        alpha=not conversion.is_opaque, deep=conversion.opened.deep,
    )  # fmt: skip


def check_time(conversion: Conversion) -> None:
    """Check by the header that the conversion is not bound to run out of time.

    Pages have sizes of their own, which the header does not tell. Their formats are quick.
    """
    if conversion.opened.kind is FrameKind.PAGES:
        return
    header, limits = make_header(conversion), conversion.request.limits
    options = bound_effort(conversion.target.name, conversion.options, header, limits)
    check_cost(conversion.target, options, header.target_area * header.frames, limits.seconds)


def _choose_loop_count(conversion: Conversion) -> int:
    wanted = conversion.options.loop
    return conversion.opened.loop_count if wanted is None else wanted


def _choose_metadata(conversion: Conversion) -> Metadata:
    """Return the metadata to be kept. Warn of parts beyond the target's means."""
    if conversion.options.metadata == "strip":
        return Metadata()
    opened, encoder = conversion.opened, conversion.encoder
    found = replace(opened.metadata, xmp=strip_extras(opened.metadata.xmp))
    if conversion.options.metadata == "safe":
        found = keep_credits(found)
    if found.exif:
        exif = strip_exif_orientation(found.exif, keep_thumbnail=opened.orientation == 1)
        is_turned = (opened.orientation >= 5) != (conversion.options.rotate in {90, 270})
        found = replace(found, exif=match_resolution(exif, conversion.options.dpi, is_turned=is_turned))
    lost = {
        part
        for part in found.list_parts()
        if part not in conversion.target.metadata or len(getattr(found, part)) > encoder.part_bytes
    }
    if lost:
        conversion.warn(MetadataDropped(format=conversion.target.title, what=name_parts(lost)))
    return found.without_parts(lost)
