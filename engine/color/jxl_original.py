"""Samples of a lossy JPEG XL in the colors of its own profile, by libjxl through ctypes.

A lossy codestream holds colors as the eye sees them (XYB); its profile says what they were made from. Without a color
manager libjxl hands out linear sRGB: in 8 bits that is coarse in the shadows, and it lacks what lies outside of sRGB.
With one it goes back to the profile, as its own program `djxl` does. imagecodecs gives it none.
Constants and signatures: libjxl 0.9 and newer, jxl/decode.h and jxl/types.h.
"""

import ctypes

import numpy as np
from imagecodecs import JpegxlError

from engine.color.jxl_profile import (
    COLOR_ENCODING,
    SUCCESS,
    Target,
    load_color_manager,
    load_library,
    open_decoder,
    read_profile,
)
from engine.pixels.samples import Samples

BUFFER_NEEDED = 5
"""What the decoder says when it waits for a place for its samples."""

FULL_IMAGE = 0x1000
KINDS = {np.dtype(np.float32): 0, np.dtype(np.uint8): 2, np.dtype(np.uint16): 3}
NATIVE_ORDER, DEPTH_OF_FILE = 0, 1


class PixelFormat(ctypes.Structure):
    """A JxlPixelFormat."""

    _fields_ = (
        ("channels", ctypes.c_uint32),
        ("kind", ctypes.c_int),
        ("order", ctypes.c_int),
        ("align", ctypes.c_size_t),
    )


class BitDepth(ctypes.Structure):
    """A JxlBitDepth."""

    _fields_ = (("kind", ctypes.c_int), ("bits", ctypes.c_uint32), ("exponent", ctypes.c_uint32))


def decode_original(data: bytes, samples: Samples) -> bytes | None:
    """Decode the first frame into `samples` (rows, columns, channels) of the file's depth. Return its profile.

    The orientation is not applied. Return None, with `samples` unchanged, when libjxl cannot go back to the profile.
    Raise JpegxlError when the file is bad.
    """
    jxl, manager = load_library(), load_color_manager()
    if jxl is None or manager is None:
        return None
    with open_decoder(jxl) as decoder:
        jxl.JxlDecoderSetCms(decoder, manager)
        jxl.JxlDecoderSetKeepOrientation(decoder, 1)
        jxl.JxlDecoderSubscribeEvents(decoder, COLOR_ENCODING | FULL_IMAGE)
        jxl.JxlDecoderSetInput(decoder, data, len(data))
        _expect_event(jxl, decoder, COLOR_ENCODING)
        profile = read_profile(jxl, decoder, Target.ORIGINAL)
        if profile is None or jxl.JxlDecoderSetOutputColorProfile(decoder, None, profile, len(profile)) != SUCCESS:
            return None
        _expect_event(jxl, decoder, BUFFER_NEEDED)
        _set_buffer(jxl, decoder, samples)
        _expect_event(jxl, decoder, FULL_IMAGE)
    return profile


def prepare_signatures() -> None:
    """Describe the functions to ctypes. Call once per process."""
    jxl = load_library()
    if jxl is None or load_color_manager() is None:
        return
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    kind, depth = ctypes.POINTER(PixelFormat), ctypes.POINTER(BitDepth)
    jxl.JxlDecoderSetKeepOrientation.argtypes = [pointer, ctypes.c_int]
    jxl.JxlDecoderSetOutputColorProfile.argtypes = [pointer, pointer, ctypes.c_char_p, size]
    jxl.JxlDecoderImageOutBufferSize.argtypes = [pointer, kind, ctypes.POINTER(size)]
    jxl.JxlDecoderSetImageOutBuffer.argtypes = [pointer, kind, pointer, size]
    jxl.JxlDecoderSetImageOutBitDepth.argtypes = [pointer, depth]


def _expect_event(jxl: ctypes.CDLL, decoder: int, wanted: int) -> None:
    event = jxl.JxlDecoderProcessInput(decoder)
    if event != wanted:
        raise JpegxlError("JxlDecoderProcessInput", event)


def _set_buffer(jxl: ctypes.CDLL, decoder: int, samples: Samples) -> None:
    """Hand the decoder the memory of an array. Raise JpegxlError unless its picture is exactly as large."""
    kind, size = PixelFormat(samples.shape[2], KINDS[samples.dtype], NATIVE_ORDER, 0), ctypes.c_size_t()
    asked = jxl.JxlDecoderImageOutBufferSize(decoder, ctypes.byref(kind), ctypes.byref(size))
    if asked != SUCCESS or size.value != samples.nbytes:
        raise JpegxlError("JxlDecoderImageOutBufferSize", asked)
    set_ = jxl.JxlDecoderSetImageOutBuffer(decoder, ctypes.byref(kind), samples.ctypes.data, samples.nbytes)
    if set_ != SUCCESS:
        raise JpegxlError("JxlDecoderSetImageOutBuffer", set_)
    if samples.dtype.kind == "u":
        jxl.JxlDecoderSetImageOutBitDepth(decoder, ctypes.byref(BitDepth(DEPTH_OF_FILE, 0, 0)))
