"""Opening an upload, one function per format in the table READERS. Headers first; frames are decoded on demand."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial

from PIL import Image, ImageFile, WebPImagePlugin

from engine.animation.compose import Disposal, Patch, compose
from engine.codecs.heif_codec import open_heif
from engine.codecs.jpeg_reader import open_jpeg
from engine.codecs.jxl_codec import open_jxl
from engine.codecs.opening import is_opaque, load_image, once
from engine.codecs.png_reader import open_png
from engine.codecs.still_readers import (
    open_bmp,
    open_icns,
    open_ico,
    open_jp2,
    open_plain,
    open_ppm,
    open_psd,
    open_qoi,
    open_tga,
)
from engine.codecs.tiff_reader import open_tiff
from engine.color.colorimetry import Described, by_cicp
from engine.containers import bmff, gif, riff
from engine.errors import corrupt, decoding
from engine.image import Frame, Kind, Opened
from engine.limits import check_pixels
from engine.metadata import Metadata, exif_orientation, upright_xmp, without_mark
from engine.pixels.modes import plain
from engine.request import Limits

WEBP_BYTES = 8
"""What libwebp takes for each pixel of the canvas: two of them."""

GIF_DISPOSAL = {gif.DISPOSE_BACKGROUND: Disposal.CLEAR, gif.DISPOSE_PREVIOUS: Disposal.RESTORE}


def open_source(name: str, data: bytes, limits: Limits) -> Opened:
    """The header of an upload of that format. Raises ConversionError when it is bad or over a limit."""
    opened = READERS[name](data, limits)
    if not all(opened.size):
        raise corrupt("it has no size")
    return opened


def _profile(image: Image.Image) -> bytes | None:
    return image.info.get("icc_profile") or None


def _area(size: tuple[int, int]) -> int:
    return size[0] * size[1]


def _metadata(image: Image.Image) -> Metadata:
    """What Pillow found in a file whose blocks it has taken apart."""
    comment = image.info.get("comment", b"")
    return Metadata(
        exif=without_mark(image.info.get("exif", b"")),
        xmp=upright_xmp(image.info.get("xmp", b"")),
        comment=comment if isinstance(comment, bytes) else b"",
    )


def _read_gif(data: bytes, limits: Limits) -> Opened:
    parts = gif.parse(data, limits.max_frames)
    size, count = (parts.width, parts.height), len(parts.frames)

    def read() -> Iterator[Frame]:
        for composed, duration in compose(size, _gif_patches(parts)):
            yield Frame(composed, duration)

    return Opened(
        format="gif", size=size, pixels=_area(size) * count, read=read, metadata=Metadata(comment=parts.comment),
        kind=Kind.ANIMATION if count > 1 else Kind.STILL, frames=count, plays=parts.plays, opaque=parts.opaque,
    )  # fmt: skip


def _gif_patches(parts: gif.GifFile) -> Iterator[Patch]:
    for frame in parts.frames:
        image = load_image("gif", frame.file())
        with decoding("gif"):
            image.load()
        yield Patch(
            plain(Frame(image)).convert("RGBA"),
            (frame.x, frame.y),
            Fraction(frame.control.ticks * 10),
            over=True,
            disposal=GIF_DISPOSAL.get(frame.control.dispose, Disposal.KEEP),
        )


def _read_webp(data: bytes, limits: Limits) -> Opened:
    area = _area(riff.canvas(data))
    check_pixels(area, limits.max_pixels)
    return _read_sequence("webp", data, depth=8, plays=None, needs=area * WEBP_BYTES)


def _read_avif(data: bytes, _limits: Limits) -> Opened:
    bmff.check_whole(data)
    with decoding("avif"):
        depth, plays, numbers = bmff.depth(data), bmff.plays(data), bmff.nclx(data)
    return _read_sequence("avif", data, depth=depth, plays=plays, numbers=numbers)


def _read_sequence(
    name: str, data: bytes, *, depth: int, plays: int | None, needs: int = 0, numbers: tuple[int, int] | None = None
) -> Opened:
    """WebP and AVIF: the decoder composes the frames. It applies no orientation (Pillow turns AVIF's into EXIF's)."""
    image = load_image(name, data, needs=needs)
    if isinstance(image, WebPImagePlugin.WebPImageFile) and image.mode == "RGB" and riff.shows_through(data):
        # The decoder has the alpha in any case; Pillow takes it only when the file's flag says so.
        image._mode = image.rawmode = "RGBA"  # noqa: SLF001 - as its `_open` does
    count: int = getattr(image, "n_frames", 1)
    metadata, profile = _metadata(image), _profile(image)
    orientation = exif_orientation(metadata.exif)
    colour = Described(profile) if profile or numbers is None else by_cicp(*numbers, grey=image.mode == "L")

    make = partial(Frame, profile=colour.profile, problem=colour.problem, orientation=orientation, depth=depth)

    def read_animation(images: list[ImageFile.ImageFile]) -> Iterator[Frame]:
        for index in range(count):
            with decoding(name, needs=needs):
                images[0].seek(index)
                images[0].load()
            yield make(images[0].copy(), Fraction(images[0].info.get("duration", 0)))

    still = partial(once, name, [image], make, needs=needs)
    return Opened(
        format=name, size=image.size, pixels=_area(image.size) * count, metadata=metadata,
        read=partial(read_animation, [image]) if count > 1 else still,
        kind=Kind.ANIMATION if count > 1 else Kind.STILL, frames=count,
        plays=image.info.get("loop", 0) if plays is None else plays,
        orientation=orientation, opaque=is_opaque(image),
    )  # fmt: skip


READERS: dict[str, Callable[[bytes, Limits], Opened]] = {
    "jpeg": open_jpeg,
    "png": open_png,
    "webp": _read_webp,
    "gif": _read_gif,
    "tiff": open_tiff,
    "bmp": open_bmp,
    "heic": open_heif,
    "jxl": open_jxl,
    "avif": _read_avif,
    "jp2": open_jp2,
    "ico": partial(open_ico, open_png),
    "icns": partial(open_icns, open_png),
    "ppm": open_ppm,
    "pcx": open_plain("pcx"),
    "dds": open_plain("dds"),
    "psd": open_psd,
    "qoi": open_qoi,
    "tga": open_tga,
}
