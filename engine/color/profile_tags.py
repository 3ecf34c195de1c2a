"""What an ICC profile says of HDR: its `cicp` tag (ICC.1:2022, section 9.2.17), or else its name.

LittleCMS has no notion of HDR: by such a profile it would take the brightest highlight for white.
"""

import io
import re
from functools import lru_cache

from PIL import ImageCms

from engine.color.colorimetry import HDR, Curve, Described, Hdr, describe_cicp

TABLE, ENTRY, MOST_TAGS = 132, 12, 200
SCREENS = {b"mntr", b"spac"}
SPACES = {b"RGB ", b"GRAY"}
CURVES: tuple[tuple[re.Pattern[str], Curve], ...] = (
    (re.compile(r"\bPQ\b|2100PQ|ST ?2084"), "PQ"),
    (re.compile(r"\bHLG\b|2100HLG"), "HLG"),
)
DISPLAY_P3, WIDEST = 12, 9
"""Primaries by their numbers in ITU-T H.273; the widest are those of BT.2020 and BT.2100."""


@lru_cache(maxsize=8)
def describe_profile(profile: bytes | None) -> Described:
    """Describe the color of an ICC profile, None for sRGB."""
    if profile is None or profile[12:16] not in SCREENS or profile[16:20] not in SPACES:
        return Described(profile)
    bright = _read_tag(profile) or _read_name(profile)
    return Described(profile) if bright is None else Described(hdr=bright)


def _read_tag(profile: bytes) -> Hdr | None:
    for index in range(min(int.from_bytes(profile[128:TABLE], "big"), MOST_TAGS)):
        at = TABLE + ENTRY * index
        if profile[at : at + 4] == b"cicp":
            start = int.from_bytes(profile[at + 4 : at + 8], "big")
            numbers = profile[start + 8 : start + 10]
            return describe_cicp(*numbers).hdr if len(numbers) == 2 and numbers[1] in HDR else None
    return None


def _read_name(profile: bytes) -> Hdr | None:
    try:
        name = ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile.profile_description or ""
    except (OSError, ImageCms.PyCMSError, ValueError, TypeError):
        return None
    curve = next((curve for pattern, curve in CURVES if pattern.search(name)), None)
    return None if curve is None else Hdr(curve, DISPLAY_P3 if "P3" in name else WIDEST)
