"""A conversion is this list of steps, in order; a deadline is checked before each, and between frames.

The first steps look at the header and decide. Most others lay their work on the frames that the encoder will draw, with
`map`: it lets go of a frame once it is passed on; a generator would hold on to every stage of a picture.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice

from PIL import Image

from core.failures import DimensionLimit
from core.formats import Alpha, Frames
from core.losses import AlphaFlattened, AnimationDropped, DepthReduced, FramesDropped, ProfileIgnored, ResizedToLimit
from engine.codecs.registry import open_source
from engine.color import profiles
from engine.conversion import Conversion
from engine.errors import ConversionError
from engine.image import Frame, FrameKind
from engine.limits import check_frames, check_pixels
from engine.pixels import alpha, modes
from engine.pixels.deep import DeepImage
from engine.pixels.sizing import Sizing, choose_reduction, choose_size, scale_box
from engine.planning import make_plan
from engine.request import Converted, Header, Source

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip
"""The transposition that undoes each EXIF orientation."""

KEPT = {
    (FrameKind.ANIMATION, Frames.ANIMATION),
    (FrameKind.ANIMATION, Frames.PAGES),
    (FrameKind.PAGES, Frames.PAGES),
}
"""Which kinds of several frames live on in which kinds of target; of anything else the first is taken."""

SHARPEST_REDUCTION = 3.0
"""Pillow may halve a large picture first as long as the filter still has three times the pixels that it needs."""


def open_upload(conversion: Conversion) -> None:
    """Read the header with the decoder of the sniffed format."""
    opened = conversion.opened_or_none = open_source(
        conversion.request.source, conversion.data, conversion.request.limits
    )
    for loss in opened.losses:
        conversion.warn(loss)
    width, height = conversion.size = opened.display_size
    conversion.source = Source(format=opened.format, width=width, height=height, frames=opened.frames)


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
    conversion.frames = map(partial(_take_frame, conversion), islice(_read_frames(conversion), conversion.count))


def _read_frames(conversion: Conversion) -> Iterator[Frame]:
    """Read the frames, smaller by the decoder alone as far as the result allows.

    The decoder does it at less cost than a filter.
    """
    opened = conversion.opened
    if opened.read_smaller is None:
        return opened.read()
    wanted = _limit_size(conversion, choose_size(conversion.size, conversion.options))
    return opened.read_smaller(factor=choose_reduction(conversion.size, wanted))


def _take_frame(conversion: Conversion, frame: Frame) -> Frame:
    conversion.deadline.check()
    for loss in frame.losses:
        conversion.warn(loss)
    return frame


def make_plain(conversion: Conversion) -> None:
    """Bring pixels to the modes of the steps, and samples to a depth of the target."""
    conversion.frames = map(partial(_make_frame_plain, conversion), conversion.frames)


def _make_frame_plain(conversion: Conversion, frame: Frame) -> Frame:
    image, depth, why = modes.to_plain_mode(frame), frame.depth, ""
    if image.mode in {"I", "F"}:
        scaled = modes.to_grey16(frame.image, conversion.request.source)
        image, depth = scaled.image, 32
        if scaled.stretched is not None:
            why = " ({:g} became black, {:g} white)".format(*scaled.stretched)
    kept = 16 if image.mode in modes.DEEP and _holds_depth(conversion, image.mode) else 8
    if depth > kept or why:
        conversion.warn(DepthReduced(depth=depth, kept=kept, why=why))
    return replace(frame, pixels=modes.strip_picture(image if kept == 16 else modes.to_eight_bits(image)))


def _holds_depth(conversion: Conversion, mode: str) -> bool:
    """Say whether the target stores pixels of that 16-bit mode, laid on the background where it has no alpha.

    Frames of an animation are composed and compared with 8 bits.
    """
    target = conversion.target
    if conversion.count > 1 and target.frames is Frames.ANIMATION:
        return False
    return (alpha.mode_without_alpha(mode) if target.alpha is Alpha.NONE else mode) in target.modes


def orient(conversion: Conversion) -> None:
    """Bake the orientation into the pixels."""
    conversion.frames = map(_orient_frame, conversion.frames)


def _orient_frame(frame: Frame) -> Frame:
    turn = TURNS.get(frame.orientation)
    return frame if turn is None else replace(frame, pixels=frame.pixels.transpose(turn), orientation=1)


def match_color(conversion: Conversion) -> None:
    """Bring pixels to sRGB.

    With `color=keep`, the profile stays where the target can hold it for these pixels.
    """
    conversion.frames = map(partial(_match_frame, conversion), conversion.frames)


def _match_frame(conversion: Conversion, frame: Frame) -> Frame:
    if _profile_stays(conversion, frame):
        return frame
    matched = profiles.to_srgb(frame.pixels, frame.profile)
    if matched.ignored or frame.problem:
        conversion.warn(ProfileIgnored(why=matched.ignored or frame.problem))
    return replace(frame, pixels=matched.pixels, profile=None)


def _profile_stays(conversion: Conversion, frame: Frame) -> bool:
    stored, profile = frame.pixels.mode, frame.profile
    if conversion.target.alpha is Alpha.NONE:
        # Grey laid on a color is no longer what its profile describes.
        stored = "" if stored in {"LA", "LA;16"} else alpha.mode_without_alpha(stored)
    return (
        conversion.options.color == "keep"
        and profile is not None
        and stored in conversion.target.profile_modes
        and not profiles.find_problem(profile, frame.pixels.mode)
    )


def resize(conversion: Conversion) -> None:
    """Resize to the requested size, within the limits of the target and of the job.

    Pillow premultiplies where there is alpha.
    """
    sizing = _limit_size(conversion, choose_size(conversion.size, conversion.options))
    if sizing.box is not None or sizing.size != conversion.size or conversion.opened.kind is FrameKind.PAGES:
        conversion.frames = map(partial(_resize_frame, conversion), conversion.frames)
    _check_size(conversion, sizing.size)
    check_pixels(sizing.size[0] * sizing.size[1] * conversion.count, conversion.request.limits.max_pixels)
    conversion.size = sizing.size


def _resize_frame(conversion: Conversion, frame: Frame) -> Frame:
    """Resize a page by its own size, any other frame by the picture's.

    The decoder may have made the frame smaller already.
    """
    image = frame.pixels
    whole = image.size if conversion.opened.kind is FrameKind.PAGES else conversion.opened.display_size
    sizing = _limit_size(conversion, choose_size(whole, conversion.options))
    _check_size(conversion, sizing.size)
    if sizing.box is None and sizing.size == image.size:
        return frame
    box = scale_box(sizing.box, whole, image.size)
    if isinstance(image, DeepImage):
        return replace(frame, pixels=image.resize(sizing.size, box))
    gap = None if image.mode == "I;16" else SHARPEST_REDUCTION
    return replace(frame, pixels=image.resize(sizing.size, Image.Resampling.LANCZOS, box, gap))


def _limit_size(conversion: Conversion, sizing: Sizing) -> Sizing:
    """Make the result smaller for a target of small pictures only."""
    longest, limit = max(sizing.size), conversion.target.max_side
    if longest <= limit or not conversion.target.shrinks:
        return sizing
    conversion.warn(ResizedToLimit(format=conversion.target.title, limit=limit))
    width, height = (max(1, round(side * limit / longest)) for side in sizing.size)
    return Sizing((width, height), sizing.box)


def _check_size(conversion: Conversion, size: tuple[int, int]) -> None:
    title, limit = conversion.target.title, conversion.target.max_side
    if max(size) > limit:
        raise ConversionError(DimensionLimit(format=title, limit=limit, width=size[0], height=size[1]))


def flatten_alpha(conversion: Conversion) -> None:
    """Flatten pixels when the target has no alpha.

    Nothing hidden under alpha 0 goes on.
    """
    conversion.frames = map(partial(_flatten_frame, conversion), conversion.frames)


def _flatten_frame(conversion: Conversion, frame: Frame) -> Frame:
    image = frame.pixels
    if image.mode not in alpha.WITH_ALPHA:
        return frame
    if conversion.target.alpha is not Alpha.NONE:
        alpha.clear_hidden(image)
        return frame
    if not alpha.has_transparency(image):
        return replace(frame, pixels=alpha.drop_alpha(image))
    conversion.warn(AlphaFlattened(format=conversion.target.title, background=conversion.options.background))
    return replace(frame, pixels=alpha.flatten_alpha(image, conversion.options.background))


def fit_modes(conversion: Conversion) -> None:
    """Bring pixels to a mode of the encoder, to one and the same for all frames of an animation."""
    one = None
    if conversion.count > 1 and conversion.target.frames is Frames.ANIMATION:
        one = "RGB" if conversion.opened.opaque else "RGBA"
    conversion.frames = map(partial(_fit_frame, conversion, one), conversion.frames)


def _fit_frame(conversion: Conversion, one: str | None, frame: Frame) -> Frame:
    mode = frame.pixels.mode
    allowed = conversion.target.modes | (conversion.target.profile_modes if frame.profile else frozenset())
    wanted = one or (mode if mode in allowed else {"LA": "RGBA", "L": "RGB"}.get(mode, "RGB"))
    return frame if wanted == mode else replace(frame, pixels=frame.image.convert(wanted))


def wait_for_memory(conversion: Conversion) -> None:
    """Tell the header, and wait until there is memory.

    The time of the conversion begins here.
    """
    (width, height), (target_width, target_height) = conversion.opened.size, conversion.size
    source, target = width * height, target_width * target_height
    if conversion.opened.kind is FrameKind.PAGES and conversion.count > 1:
        # Pages have sizes of their own: one may have nearly all of the pixels.
        source, target = conversion.opened.pixels, max(conversion.opened.pixels, target)
    conversion.admit(
        Header(
            source_area=source, target_area=target, frames=conversion.count,
            alpha=not conversion.opened.opaque, deep=conversion.opened.deep,
        )
    )  # fmt: skip
    conversion.deadline.restart()


def encode(conversion: Conversion) -> None:
    """Draw the frames through all steps into the result."""
    encoder, plan = conversion.encoder, make_plan(conversion)
    first = next(conversion.frames)
    # Asked for and given back: MemoryError here is an answer, a crash in the encoder would be none.
    bytearray(first.pixels.width * first.pixels.height * encoder.bytes_per_pixel(conversion.options))
    count, (width, height) = 1, first.pixels.size
    if conversion.count > 1 and encoder.write_all is not None:
        count = encoder.write_all(_chain_frames(first, conversion.frames), plan, conversion.sink)
    else:
        width, height = encoder.write_still(first, plan, conversion.sink)
    conversion.sink.flush()
    conversion.converted = Converted(format=conversion.target.name, width=width, height=height, frames=count)


def _chain_frames(first: Frame, rest: Iterator[Frame]) -> Iterator[Frame]:
    yield first
    yield from rest


Step = Callable[[Conversion], None]

STEPS: tuple[Step, ...] = (
    open_upload,
    check_limits,
    choose_frames,
    make_plain,
    orient,
    match_color,
    resize,
    flatten_alpha,
    fit_modes,
    wait_for_memory,
    encode,
)
