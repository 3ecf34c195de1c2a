"""A conversion is this list of steps, in order; a deadline is checked before each, and between frames.

The first steps look at the header and decide. Most others lay their work on the frames that the encoder will draw, with
`map`: it lets go of a frame once it is passed on; a generator would hold on to every stage of a picture.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice

from core.formats import Alpha, Frames
from core.losses import (
    AlphaFlattened,
    AlphaReduced,
    AnimationDropped,
    ColorsReduced,
    DepthReduced,
    FramesDropped,
)
from engine.animation.timing import play_as_browsers
from engine.codecs.registry import open_source
from engine.conversion import Conversion
from engine.errors import decoding, decoding_each
from engine.geometry import choose_decoder_factor, crop, orient, resize, rotate
from engine.image import Frame, FrameKind
from engine.limits import check_frames, check_pixels
from engine.matching import match_frame
from engine.pixels import alpha, modes, palette
from engine.pixels.gaps import describe_range
from engine.pixels.soft_palette import Colors, draw_colors
from engine.planning import check_time, make_header
from engine.quality_search import search_quality
from engine.request import Source
from engine.writing import write_frames

KEPT = {
    (FrameKind.ANIMATION, Frames.ANIMATION),
    (FrameKind.ANIMATION, Frames.PAGES),
    (FrameKind.PAGES, Frames.PAGES),
}
"""Which kinds of several frames live on in which kinds of target; of anything else the first is taken."""


MOST_COLORS = 256
"""What a palette holds."""

PARTS = 5
"""How often a step of quality is halved, at most. A step of JPEG 2000 may make twenty times the bytes."""


def open_upload(conversion: Conversion) -> None:
    """Read the header with the decoder of the sniffed format."""
    opened = open_source(conversion.request.source, conversion.data, conversion.request.limits)
    for loss in opened.losses:
        conversion.warn(loss)
    width, height = opened.display_size
    conversion.source = Source(format=opened.format, width=width, height=height, frames=opened.frames)
    conversion.opened_or_none = opened if conversion.options.page is None else opened.with_page(conversion.options.page)
    conversion.size, conversion.dpi = conversion.opened.display_size, conversion.opened.display_dpi


def check_limits(conversion: Conversion) -> None:
    """Check frames, and pixels over all frames, by the header."""
    check_frames(conversion.opened.frames, conversion.request.limits.max_frames)
    check_pixels(conversion.opened.pixels, conversion.request.limits.max_pixels)


def choose_frames(conversion: Conversion) -> None:
    """Keep all frames if the target can hold them, else the first."""
    opened, every = conversion.opened, (conversion.opened.kind, conversion.target.frames) in KEPT
    conversion.count = opened.frames if every and conversion.options.animation == "keep" else 1
    if opened.frames > 1 and not every:
        loss = AnimationDropped if opened.kind is FrameKind.ANIMATION else FramesDropped
        conversion.warn(loss(frames=opened.frames))
    frames = decoding_each(conversion.request.source, islice(_read_frames(conversion), conversion.count))
    conversion.frames = map(partial(_take_frame, conversion), frames)


def _read_frames(conversion: Conversion) -> Iterator[Frame]:
    """Read the frames, smaller by the decoder alone as far as the result allows.

    The decoder does it at less cost than a filter.
    """
    opened = conversion.opened
    if opened.read_smaller is None:
        return opened.read()
    return opened.read_smaller(factor=choose_decoder_factor(conversion))


def _take_frame(conversion: Conversion, frame: Frame) -> Frame:
    conversion.deadline.check()
    for loss in frame.losses:
        conversion.warn(loss)
    return replace(frame, duration=play_as_browsers(frame.duration))


def make_plain(conversion: Conversion) -> None:
    """Bring pixels to the modes of the steps, and samples to a depth of the target."""
    conversion.frames = map(partial(_make_frame_plain, conversion), conversion.frames)


def _make_frame_plain(conversion: Conversion, frame: Frame) -> Frame:
    with decoding(conversion.request.source):
        image, depth, why = modes.to_plain_mode(frame), frame.depth, describe_range(frame.stretched, gaps=frame.gaps)
    if image.mode in {"I", "F"}:
        scaled = modes.to_grey16(frame.image, conversion.request.source)
        image, depth, why = scaled.image, 32, describe_range(scaled.stretched, gaps=scaled.gaps)
    kept = 16 if image.mode in modes.DEEP and _holds_depth(conversion, image.mode) else 8
    if depth > kept or why:
        conversion.warn(DepthReduced(depth=depth, kept=kept, why=why))
    return replace(frame, pixels=modes.strip_picture(image if kept == 16 else modes.to_eight_bits(image)))


def _holds_depth(conversion: Conversion, mode: str) -> bool:
    """Say whether the target stores pixels of that 16-bit mode, laid on the background where it has no alpha.

    Frames of an animation are composed and compared with 8 bits.
    """
    target = conversion.target
    if conversion.is_film:
        return False
    return (alpha.mode_without_alpha(mode) if target.alpha is Alpha.NONE else mode) in target.modes


def match_color(conversion: Conversion) -> None:
    """Bring pixels to sRGB.

    With `color=keep`, ink and the profile stay where the target can hold them for these pixels. HDR never stays: what
    is written has 8 bits a sample, too few for it.
    """
    conversion.frames = map(partial(match_frame, conversion), conversion.frames)


def flatten_alpha(conversion: Conversion) -> None:
    """Flatten pixels when the target has no alpha. Drop alpha that hides nothing: it would only take bytes.

    Nothing hidden under alpha 0 goes on. Frames of a film have alpha all or none.
    """
    conversion.frames = map(partial(_flatten_frame, conversion), conversion.frames)


def _flatten_frame(conversion: Conversion, frame: Frame) -> Frame:
    image = frame.pixels
    if image.mode not in alpha.WITH_ALPHA:
        return frame
    flat = conversion.target.alpha is Alpha.NONE
    if (flat or not conversion.is_film) and not alpha.has_transparency(image):
        return replace(frame, pixels=alpha.drop_alpha(image))
    if not flat:
        alpha.clear_hidden(image)
        return frame
    conversion.warn(AlphaFlattened(format=conversion.target.title, background=conversion.options.flat_color))
    return replace(frame, pixels=alpha.flatten_alpha(image, conversion.options.flat_color))


def fit_modes(conversion: Conversion) -> None:
    """Bring pixels to a mode of the encoder, to one and the same for all frames of an animation."""
    film = conversion.is_film
    conversion.frames = map(partial(_fit_film_frame if film else _fit_frame, conversion), conversion.frames)


def _fit_frame(conversion: Conversion, frame: Frame) -> Frame:
    mode = frame.pixels.mode
    keeps = frame.profile or mode == "CMYK"
    allowed = conversion.target.modes | (conversion.target.profile_modes if keeps else frozenset())
    return frame.with_mode(mode if mode in allowed else {"LA": "RGBA", "L": "RGB"}.get(mode, "RGB"))


def _fit_film_frame(conversion: Conversion, frame: Frame) -> Frame:
    if not conversion.film_mode:
        padded = conversion.has_clear_border
        conversion.film_mode = "RGBA" if padded else conversion.opened.choose_film_mode(frame.image)
    return frame.with_mode(conversion.film_mode)


def reduce_colors(conversion: Conversion) -> None:
    """Reduce each frame to the requested number of colors. Without one, encoders do as they must.

    A GIF has colors for each frame. Other films have one palette, so they are read twice, first to choose it.
    """
    options, forced = conversion.options, conversion.target.alpha is Alpha.BINARY
    if options.colors is not None and not forced and conversion.is_film:
        conversion.frames = _reduce_film(conversion, conversion.frames, options.colors)
    elif options.colors is not None or (forced and not options.dither):
        conversion.frames = map(partial(_reduce_frame, conversion), conversion.frames)


def _reduce_film(conversion: Conversion, frames: Iterator[Frame], limit: int) -> Iterator[Frame]:
    """Reduce all frames to one palette. It is chosen when the first is drawn, which is when there is memory."""
    again = _draw_again(conversion, BEFORE_COLORS)
    colors = palette.choose_film_colors((frame.image for frame in again), conversion.count, limit)
    yield from frames if colors is None else map(partial(_draw_film_frame, conversion, colors), frames)


def _draw_film_frame(conversion: Conversion, colors: Colors, frame: Frame) -> Frame:
    image = frame.image
    reduced = draw_colors(image.convert("RGBA"), colors, dither=conversion.options.dither)
    return replace(frame, pixels=reduced.convert("RGBA").convert(image.mode))


def _reduce_frame(conversion: Conversion, frame: Frame) -> Frame:
    """Reduce a frame. A palette stays one where the target stores one picture, with alpha or none as it can."""
    options, target, image = conversion.options, conversion.target, modes.to_eight_bits(frame.pixels)
    if frame.pixels.mode in modes.DEEP:
        conversion.warn(DepthReduced(depth=max(16, frame.depth), kept=8))
    mode = image.mode
    if target.alpha is Alpha.BINARY and alpha.has_soft_edges(image):
        conversion.warn(AlphaReduced(format=target.title, background=options.flat_color))
        image = alpha.make_binary(image, options.flat_color).convert(mode)
    reduced = palette.reduce_colors(image, options.colors or MOST_COLORS, dither=options.dither)
    if options.colors is None and reduced is not image:
        conversion.warn(ColorsReduced(format=target.title, limit=MOST_COLORS))
    stays = conversion.count == 1 and ("P" if mode == "RGB" else "PA") in target.modes
    return replace(frame, pixels=reduced if stays else reduced.convert(mode))


def wait_for_memory(conversion: Conversion) -> None:
    """Tell the header, and wait until there is memory.

    The time of the conversion begins here.
    """
    conversion.admit(make_header(conversion))
    conversion.deadline.restart()


def encode(conversion: Conversion) -> None:
    """Draw the frames through all steps into the result."""
    first = next(conversion.frames)
    # A page may have another size and resolution than the first, which the header tells.
    conversion.size = first.pixels.size
    if conversion.opened.kind is FrameKind.PAGES:
        conversion.dpi = first.dpi
    if conversion.options.max_bytes is None:
        write_frames(conversion, conversion.options, _chain_frames(first, conversion.frames), conversion.sink)
    else:
        _encode_within(conversion, first, conversion.options.max_bytes)
    conversion.sink.flush()


def _encode_within(conversion: Conversion, first: Frame, limit: int) -> None:
    """Write the best quality that is small enough. Frames of an animation are drawn again for each that is tried."""
    fresh = [_chain_frames(first, conversion.frames)] if conversion.count > 1 else []

    def encode_with(quality: float) -> bytes:
        frames = (
            iter([first])
            if conversion.count == 1
            else fresh.pop()
            if fresh
            else _draw_again(conversion, BEFORE_ENCODING)
        )
        buffer = io.BytesIO()
        write_frames(conversion, replace(conversion.options, quality=quality), frames, buffer)
        return buffer.getvalue()

    given, parts = conversion.options.quality, PARTS if conversion.encoder.fine else 0
    conversion.sink.write(search_quality(encode_with, limit, given, conversion.deadline, parts=parts))


def _draw_again(conversion: Conversion, steps: tuple["Step", ...]) -> Iterator[Frame]:
    """Return the frames anew, from the upload on, after those steps."""
    again = replace(conversion, warnings={}, opened_or_none=None, frames=iter(()))
    for step in steps:
        step(again)
    return again.frames


def _chain_frames(first: Frame, rest: Iterator[Frame]) -> Iterator[Frame]:
    yield first
    yield from rest


Step = Callable[[Conversion], None]

BEFORE_COLORS: tuple[Step, ...] = (
    open_upload,
    check_limits,
    choose_frames,
    make_plain,
    orient,
    rotate,
    crop,
    match_color,
    resize,
    flatten_alpha,
    fit_modes,
)
"""What the colors of a film are chosen by."""

BEFORE_ENCODING = (*BEFORE_COLORS, reduce_colors)
"""What decides on the frames, and lays its work on them."""

STEPS = (*BEFORE_ENCODING, check_time, wait_for_memory, encode)
