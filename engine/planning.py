"""Plan the writing of a result: the encoder's settings, and the metadata to be kept."""

from dataclasses import replace

from core.failures import MetadataDropped
from engine.codecs.plan import Plan
from engine.conversion import Conversion
from engine.metadata import Metadata, name_parts, strip_exif_orientation


def make_plan(job: Conversion) -> Plan:
    """Return the settings of the target's encoder, metadata included, and the facts of the picture."""
    settings = job.encoder.settings(job.options)
    if "dpi" in job.target.options and "dpi" not in settings and job.opened.dpi is not None:
        settings["dpi"] = job.opened.dpi
    return Plan(
        pillow=job.encoder.pillow,
        settings=settings | job.encoder.attach(_choose_metadata(job)),
        later_settings=settings,
        options=job.options,
        size=job.size,
        frames=job.count,
        loop_count=job.opened.loop_count,
        opaque=job.opened.opaque,
        warn=job.warn,
    )


def _choose_metadata(job: Conversion) -> Metadata:
    """Return the metadata to be kept. Warn of parts beyond the target's means."""
    if job.options.metadata == "strip":
        return Metadata()
    opened, encoder = job.opened, job.encoder
    found = opened.metadata
    if found.exif:
        found = replace(found, exif=strip_exif_orientation(found.exif, keep_thumbnail=opened.orientation == 1))
    lost = {
        part
        for part in found.list_parts()
        if part not in job.target.metadata or len(getattr(found, part)) > encoder.part_bytes
    }
    if lost:
        job.warn(MetadataDropped(format=job.target.title, what=name_parts(lost)))
    return found.without_parts(lost)
