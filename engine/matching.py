"""Match the color of a frame to what was asked for and to what the target holds."""

from dataclasses import replace

from core.formats import Alpha
from core.losses import DepthReduced, HdrReduced, ProfileIgnored
from engine.color import hdr, profiles
from engine.color.profile_tags import describe_profile
from engine.conversion import Conversion
from engine.image import Frame
from engine.pixels import alpha, modes


def match_frame(conversion: Conversion, frame: Frame) -> Frame:
    """Return the frame in sRGB, or as it is where its color is to be kept and can be. Warn of what was lost."""
    bright = frame.hdr or describe_profile(frame.profile).hdr
    if bright is not None and frame.pixels.mode in hdr.IMAGE_MODES:
        conversion.warn(HdrReduced(curve=bright.curve))
        if frame.pixels.mode in modes.DEEP:
            conversion.warn(DepthReduced(depth=max(16, frame.depth), kept=8))
        return replace(frame, pixels=hdr.reduce_image(frame.pixels, bright), profile=None, hdr=None)
    if _color_stays(conversion, frame):
        return frame
    matched = profiles.to_srgb(frame.pixels, frame.profile)
    if matched.ignored or frame.problem:
        conversion.warn(ProfileIgnored(why=matched.ignored or frame.problem))
    return replace(frame, pixels=matched.pixels, profile=None)


def _color_stays(conversion: Conversion, frame: Frame) -> bool:
    """Say whether samples and profile go on as they are. Ink without a profile is kept too, unless colors are reduced."""
    stored, profile = frame.pixels.mode, frame.profile
    if conversion.target.alpha is Alpha.NONE:
        # Grey laid on a color is no longer what its profile describes.
        stored = "" if stored in {"LA", "LA;16"} else alpha.mode_without_alpha(stored)
    if conversion.options.color != "keep" or stored not in conversion.target.profile_modes:
        return False
    if stored == "CMYK" and conversion.options.colors is not None:
        return False
    return stored == "CMYK" if profile is None else not profiles.find_problem(profile, frame.pixels.mode)
