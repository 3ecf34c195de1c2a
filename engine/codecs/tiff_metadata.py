"""Metadata of a TIFF: the tags that describe the picture, the directories of EXIF and GPS, XMP and IPTC."""

import io

from PIL import ExifTags, Image

from engine.containers.photoshop import read_iptc
from engine.containers.tiff import encode_text
from engine.containers.tiff_pages import Directory
from engine.errors import ConversionError, decoding
from engine.metadata import Metadata, strip_exif_mark, strip_xmp_orientation

XMP, IPTC, RESOURCES = 700, 33_723, 34_377
DESCRIPTIVE = (270, 271, 272, 305, 306, 315, 33_432)
"""Description, make, model, software, date, artist, copyright: what describes the picture, not its layout."""


def read_metadata(directory: Directory) -> Metadata:
    """Return the metadata of a page, without the directory's own layout tags. What is damaged becomes a flaw of it."""
    try:
        # Tags that lead nowhere are among the directory's flaws already.
        with decoding("tiff"):
            exif = _read_exif(directory)
    except ConversionError:
        directory.flaws.append("its metadata is damaged")
        exif = b""
    return Metadata(
        exif=exif,
        xmp=strip_xmp_orientation(directory.read_bytes(XMP)),
        iptc=directory.read_bytes(IPTC) or read_iptc(directory.read_bytes(RESOURCES)),
    )


def _read_exif(directory: Directory) -> bytes:
    """Return the describing tags and the Exif and GPS directories as an EXIF block, b"" when there are none."""
    found, kept = Image.Exif(), Image.Exif()
    found.endian, found.bigtiff = directory.form.order, directory.form.big
    found.load_from_fp(io.BytesIO(directory.data), directory.at)
    for tag in DESCRIPTIVE:
        if tag in found:
            kept[tag] = encode_text(found[tag])
    for inner in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        if inner in found and (values := found.get_ifd(inner)):
            kept[inner] = dict(values)
    return strip_exif_mark(kept.tobytes()) if len(kept) else b""
