"""What each target's encoder takes: one table of pixel modes, settings, metadata and the writer for several frames."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from PIL import Image, PngImagePlugin

from core.options import HIGH_QUALITY, Options
from engine.codecs import jxl_codec
from engine.codecs.heif_codec import STRIPS, THREADS
from engine.codecs.writers import apng, gif, icons, png, sequences, tiff
from engine.codecs.writers.plan import Plan
from engine.image import Frame
from engine.metadata import EXIF_MARK, Metadata, resources_with

BIGGEST_SEGMENT = 65_000
"""A JPEG segment holds 64 KB; what does not fit is dropped, and said."""

HEIC_PRESETS = ("ultrafast", *["superfast"] * 2, *["veryfast"] * 4, "slow", "slower", "veryslow")
"""x265's names of the efforts 0 to 9; those between gave the same files."""

# Chosen by docs/encoders.md, which `make tune` measures.
AVIF_EFFORT, HEIC_EFFORT, HEIC_QUALITY, JXL_EFFORT = 4, 3, 50, 4

ANY_SIZE = 1 << 31
DEFLATE, PREDICTOR, XMP_TAG, IPTC_TAG = "tiff_adobe_deflate", 317, 700, 33_723


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """One encoder; what it can store is in core.formats.

    `settings` maps options to its save parameters, `attach` metadata, of which each part has `part_bytes` at most.
    `write_still` returns the size of what it wrote, `write_all` writes several frames and returns how many are in the
    file. `bytes_per_pixel` is what the encoder takes beside the picture, for one that crashes, or gives no reason, when
    there is not so much.
    """

    pillow: str
    settings: Callable[[Options], dict[str, Any]]
    attach: Callable[[Metadata], dict[str, Any]] = field(default=lambda _: {})
    part_bytes: int = ANY_SIZE
    bytes_per_pixel: Callable[[Options], int] = field(default=lambda _: 0)
    write_still: Callable[[Frame, Plan, BinaryIO], tuple[int, int]] = field(default=sequences.write_still)
    write_all: Callable[[Iterator[Frame], Plan, BinaryIO], int] | None = None


def _only(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _dpi(options: Options) -> tuple[int, int] | None:
    return (options.dpi, options.dpi) if options.dpi else None


def _subsampling(options: Options, name: Any) -> Any:
    return name if options.quality is not None and options.quality >= HIGH_QUALITY else None


def _jpeg(options: Options) -> dict[str, Any]:
    return _only(
        quality=options.quality,
        progressive=options.progressive or None,
        subsampling=_subsampling(options, 0),
        dpi=_dpi(options),
    )


def _png(options: Options) -> dict[str, Any]:
    return _only(compress_level=options.effort, dpi=_dpi(options))


def _webp(options: Options) -> dict[str, Any]:
    method = None if options.effort is None else round(options.effort * 6 / 9)
    if options.lossless:
        # A quality would be another effort here.
        return _only(lossless=True, method=method)
    return _only(quality=options.quality, method=method)


def _avif(options: Options) -> dict[str, Any]:
    speed = 10 - (AVIF_EFFORT if options.effort is None else options.effort)
    return _only(
        quality=options.quality,
        speed=speed,
        subsampling=_subsampling(options, "4:4:4"),
        max_threads=1,
        # libavif's own choice for stills, `iq`, needs a tenth more bytes for the same picture at these speeds.
        advanced={"tune": "ssim"},
    )


def _avif_bytes(options: Options) -> int:
    """Measured with libaom: 30 bytes at its faster speeds, 50 at slower ones or with all of the colour."""
    slow = (options.effort or 0) > 4 or (options.quality or 0) >= HIGH_QUALITY
    return 50 if slow else 30


def _heic(options: Options) -> dict[str, Any]:
    preset = HEIC_PRESETS[options.effort if options.effort is not None else HEIC_EFFORT]
    return {
        "quality": options.quality or HEIC_QUALITY,
        "chroma": 444 if (options.quality or 0) >= HIGH_QUALITY else 420,
        "enc_params": {"preset": preset} | THREADS | STRIPS,
    }


def _jxl(options: Options) -> dict[str, Any]:
    """`quality` as libjxl's own programs turn it into a distance: 90 is 1.0, what is hardly seen."""
    effort = max(1, JXL_EFFORT if options.effort is None else options.effort)
    if options.lossless:
        return {"effort": effort, "lossless": True}
    quality = options.quality or HIGH_QUALITY
    distance = 0.1 + (100 - quality) * 0.09 if quality >= 30 else 53 / 3000 * quality**2 - 23 / 20 * quality + 25
    return {"effort": effort, "distance": distance}


def _jp2(options: Options) -> dict[str, Any]:
    """Without loss unless a quality is asked for: 1 to 100 is 20.4 to 60 dB of peak signal over noise."""
    if options.lossless or options.quality is None:
        return {}
    return {"irreversible": True, "quality_mode": "dB", "quality_layers": [20 + 0.4 * options.quality]}


def _pdf(options: Options) -> dict[str, Any]:
    """Each page a JPEG; a page without dpi is printed at 72, as PDF counts."""
    made = {"creationDate": None, "modDate": None, "title": None}
    return made | {"quality": options.quality or HIGH_QUALITY} | _only(dpi=_dpi(options))


def _tiff(options: Options) -> dict[str, Any]:
    return _only(compression=DEFLATE, dpi=_dpi(options), exif=_tiff_tags(Metadata()))


def _jpeg_metadata(metadata: Metadata) -> dict[str, Any]:
    kept: dict[str, Any] = {"xmp": metadata.xmp, "comment": metadata.comment}
    if metadata.exif:
        kept["exif"] = EXIF_MARK + metadata.exif
    if metadata.iptc:
        body = b"Photoshop 3.0\0" + resources_with(metadata.iptc)
        kept["extra"] = b"\xff\xed" + (len(body) + 2).to_bytes(2, "big") + body
    return {name: value for name, value in kept.items() if value}


def _png_metadata(metadata: Metadata) -> dict[str, Any]:
    info = PngImagePlugin.PngInfo()
    if metadata.xmp:
        info.add_itxt("XML:com.adobe.xmp", metadata.xmp.decode("utf-8", "replace"))
    for kind, data in metadata.text:
        info.add(kind, data)
    return {"pnginfo": info} | _only(exif=metadata.exif or None)


def _marked_metadata(metadata: Metadata) -> dict[str, Any]:
    return _only(exif=metadata.exif or None, xmp=metadata.xmp or None)


def _tiff_metadata(metadata: Metadata) -> dict[str, Any]:
    """EXIF goes in after the file is written: libtiff cannot write the directories inside of it."""
    return {"exif": _tiff_tags(metadata)} | ({tiff.EXIF: metadata.exif} if metadata.exif else {})


def _tiff_tags(metadata: Metadata) -> Image.Exif:
    """The directory's tags: metadata, and the predictor that makes deflate worth it."""
    tags = Image.Exif()
    tags[PREDICTOR] = 2
    if metadata.xmp:
        tags[XMP_TAG] = metadata.xmp
    if metadata.iptc:
        tags[IPTC_TAG] = metadata.iptc
    return tags


CODECS: dict[str, Codec] = {
    "jpeg": Codec(pillow="JPEG", settings=_jpeg, attach=_jpeg_metadata, part_bytes=BIGGEST_SEGMENT),
    "png": Codec(
        pillow="PNG", settings=_png, attach=_png_metadata, write_still=png.write_still, write_all=apng.write_all,
    ),
    "webp": Codec(pillow="WEBP", settings=_webp, attach=_marked_metadata, write_all=sequences.write_webp),
    "gif": Codec(pillow="GIF", settings=lambda _: {}, write_still=gif.write_still, write_all=gif.write_all),
    "tiff": Codec(
        pillow="TIFF", settings=_tiff, attach=_tiff_metadata, write_still=tiff.write_still, write_all=tiff.write_pages,
    ),
    "bmp": Codec(pillow="BMP", settings=lambda options: _only(dpi=_dpi(options))),
    "avif": Codec(
        pillow="AVIF", settings=_avif, attach=_marked_metadata, write_all=sequences.write_avif,
        bytes_per_pixel=_avif_bytes,
    ),
    "heic": Codec(pillow="HEIF", settings=_heic, attach=_marked_metadata),
    "jxl": Codec(pillow="JXL", settings=_jxl, attach=_marked_metadata, write_still=jxl_codec.write_still),
    "jp2": Codec(pillow="JPEG2000", settings=_jp2),
    "ico": Codec(pillow="ICO", settings=lambda _: {}, write_still=icons.write_ico),
    "icns": Codec(pillow="ICNS", settings=lambda _: {}, write_still=icons.write_icns),
    "ppm": Codec(pillow="PPM", settings=lambda _: {}),
    "pcx": Codec(pillow="PCX", settings=lambda options: _only(dpi=_dpi(options))),
    "dds": Codec(pillow="DDS", settings=lambda _: {}),
    "qoi": Codec(pillow="QOI", settings=lambda _: {}, write_still=sequences.write_qoi),
    "tga": Codec(pillow="TGA", settings=lambda _: {"compression": "tga_rle"}),
    "pdf": Codec(pillow="PDF", settings=_pdf, write_all=sequences.write_pages),
}  # fmt: skip
