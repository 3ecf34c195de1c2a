"""Metadata of a TIFF: the tags that describe the picture, the directories of EXIF and GPS, XMP and IPTC."""

import io

from PIL import ExifTags, Image, TiffImagePlugin

from core import magic
from engine.containers.photoshop import read_iptc
from engine.containers.tiff import encode_text
from engine.containers.tiff_pages import Directory
from engine.errors import ConversionError, decoding
from engine.metadata import Metadata, strip_exif_mark, strip_xmp_orientation

XMP, IPTC, RESOURCES = 700, 33_723, 34_377
PREFIXES = {"<": b"II", ">": b"MM"}
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
    found, kept = _load_tags(directory, directory.at), Image.Exif()
    for tag in DESCRIPTIVE:
        if tag in found:
            kept[tag] = encode_text(found[tag])
    for inner in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        at = found.get(inner)
        if isinstance(at, int) and (values := dict(_load_tags(directory, at))):
            kept[inner] = values
    return strip_exif_mark(kept.tobytes()) if len(kept) else b""


def _load_tags(directory: Directory, at: int) -> TiffImagePlugin.ImageFileDirectory_v2:
    """Return the tags of the directory at that offset, as Pillow reads them.

    Its own reader of EXIF takes a big-endian BigTIFF for another kind of file.
    """
    form = directory.form
    head = magic.BIGTIFF_LITTLE + bytes(12) if form.big else magic.TIFF_LITTLE + bytes(4)
    found = TiffImagePlugin.ImageFileDirectory_v2(head, prefix=PREFIXES[form.order])
    file = io.BytesIO(directory.data)
    file.seek(at)
    found.load(file)
    return found
