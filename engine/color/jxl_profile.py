"""The ICC profile of a JPEG XL, unpacked by libjxl through ctypes.

The codestream packs it by a code of its own, and imagecodecs gives out pixels only, but has libjxl with it. Constants
and signatures: libjxl 0.9 and newer, jxl/decode.h.
"""

import ctypes
from functools import cache

from imagecodecs import _jpegxl

FIRST_VERSION = 9_000
"""Of libjxl 0.9.0, which took an unused parameter away from the functions for profiles."""

SUCCESS = 0
COLOR_ENCODING = 0x100
TARGET_ORIGINAL = 0
LARGEST = 4 << 20
"""Bytes; profiles of cameras and printers have one or two million at most."""


@cache
def load_library() -> ctypes.CDLL | None:
    """Load the libjxl of imagecodecs, None when it cannot be used. This opens files: call it before a job."""
    try:
        found = ctypes.CDLL(_jpegxl.__file__)
        if found.JxlDecoderVersion() < FIRST_VERSION:
            return None
        found.JxlDecoderCreate.restype = ctypes.c_void_p
    except (OSError, AttributeError):
        return None
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    found.JxlDecoderCreate.argtypes = [pointer]
    found.JxlDecoderSubscribeEvents.argtypes = [pointer, ctypes.c_int]
    found.JxlDecoderSetInput.argtypes = [pointer, ctypes.c_char_p, size]
    found.JxlDecoderProcessInput.argtypes = [pointer]
    found.JxlDecoderGetICCProfileSize.argtypes = [pointer, ctypes.c_int, ctypes.POINTER(size)]
    found.JxlDecoderGetColorAsICCProfile.argtypes = [pointer, ctypes.c_int, ctypes.c_char_p, size]
    found.JxlDecoderDestroy.argtypes = [pointer]
    found.JxlDecoderDestroy.restype = None
    return found


def unpack_profile(data: bytes) -> bytes | None:
    """Return the profile of the samples of that file, None when it cannot be had."""
    jxl = load_library()
    decoder = jxl.JxlDecoderCreate(None) if jxl is not None else None
    if jxl is None or not decoder:
        return None
    try:
        return _unpack_with(jxl, decoder, data)
    finally:
        jxl.JxlDecoderDestroy(decoder)


def _unpack_with(jxl: ctypes.CDLL, decoder: int, data: bytes) -> bytes | None:
    size = ctypes.c_size_t()
    asked = (
        jxl.JxlDecoderSubscribeEvents(decoder, COLOR_ENCODING) == SUCCESS
        and jxl.JxlDecoderSetInput(decoder, data, len(data)) == SUCCESS
        and jxl.JxlDecoderProcessInput(decoder) == COLOR_ENCODING
        and jxl.JxlDecoderGetICCProfileSize(decoder, TARGET_ORIGINAL, ctypes.byref(size)) == SUCCESS
    )
    if not asked or not 0 < size.value <= LARGEST:
        return None
    profile = ctypes.create_string_buffer(size.value)
    got = jxl.JxlDecoderGetColorAsICCProfile(decoder, TARGET_ORIGINAL, profile, size)
    return profile.raw if got == SUCCESS else None
