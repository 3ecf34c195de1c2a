"""The ICC profile of a JPEG XL, unpacked by libjxl through ctypes.

The codestream packs it by a code of its own, and imagecodecs gives out pixels only, but has libjxl with it. Constants
and signatures: libjxl 0.9 and newer, jxl/decode.h.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from functools import cache

from imagecodecs import _jpegxl

FIRST_VERSION = 9_000
"""Of libjxl 0.9.0, which took an unused parameter away from the functions for profiles."""

SUCCESS = 0
COLOR_ENCODING = 0x100
LARGEST = 4 << 20
"""Bytes; profiles of cameras and printers have one or two million at most."""

CMS_POINTERS = 8
"""A JxlCmsInterface (jxl/cms_interface.h) is so many pointers."""


class Target(IntEnum):
    """Whose profile: that of the picture before it was packed, or of the samples that the decoder hands out."""

    ORIGINAL = 0
    DATA = 1


class ColorManager(ctypes.Structure):
    """LittleCMS for libjxl (a JxlCmsInterface)."""

    _fields_ = (("pointers", ctypes.c_void_p * CMS_POINTERS),)


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


@cache
def load_color_manager() -> ColorManager | None:
    """Load the color manager that comes with libjxl, None when there is none. Call it before a job."""
    jxl = load_library()
    if jxl is None:
        return None
    try:
        jxl.JxlGetDefaultCms.restype = ctypes.POINTER(ColorManager)
        jxl.JxlGetDefaultCms.argtypes = []
        jxl.JxlDecoderSetCms.argtypes = [ctypes.c_void_p, ColorManager]
        found: ColorManager = jxl.JxlGetDefaultCms().contents
    except (AttributeError, ValueError):
        return None
    return found


@contextmanager
def open_decoder(jxl: ctypes.CDLL) -> Iterator[int]:
    """Open a decoder of libjxl for the time of the block."""
    decoder = jxl.JxlDecoderCreate(None)
    if not decoder:
        raise MemoryError
    try:
        yield decoder
    finally:
        jxl.JxlDecoderDestroy(decoder)


def unpack_profile(data: bytes, target: Target) -> bytes | None:
    """Return the profile of that file, None when it cannot be had."""
    jxl = load_library()
    if jxl is None:
        return None
    with open_decoder(jxl) as decoder:
        if (
            jxl.JxlDecoderSubscribeEvents(decoder, COLOR_ENCODING) == SUCCESS
            and jxl.JxlDecoderSetInput(decoder, data, len(data)) == SUCCESS
            and jxl.JxlDecoderProcessInput(decoder) == COLOR_ENCODING
        ):
            return read_profile(jxl, decoder, target)
    return None


def read_profile(jxl: ctypes.CDLL, decoder: int, target: Target) -> bytes | None:
    """Return a profile of the file in the decoder, None when it cannot be had.

    The decoder must have come to the color.
    """
    size = ctypes.c_size_t()
    asked = jxl.JxlDecoderGetICCProfileSize(decoder, target, ctypes.byref(size))
    if asked != SUCCESS or not 0 < size.value <= LARGEST:
        return None
    profile = ctypes.create_string_buffer(size.value)
    got = jxl.JxlDecoderGetColorAsICCProfile(decoder, target, profile, size)
    return profile.raw if got == SUCCESS else None
